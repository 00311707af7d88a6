/**
 * Ended spans on their way to the collector: a bounded queue, one request at a time. What does not fit, and what the
 * collector does not take, is dropped and counted: traces never hold up a message.
 */
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import { reasonOf } from '../../machines/reason.js';

/** Most spans that wait, about 4 MB. Above it new ones are dropped. */
export const SPANS_MAX = 2_048;

/** Most spans of one request. */
export const BATCH_SPANS = 512;

/** Longest wait of a span for others to be sent with, in milliseconds. */
export const SEND_EVERY_MS = 2_000;

/** Longest time to send what is left when the server stops, in milliseconds: less than its supervisor gives. */
export const DRAIN_MS = 3_000;

/** An outage is over when the collector has refused nothing for so long, in milliseconds; until then it is one. */
export const AWAY_QUIET_MS = 60_000;

/** Numbers of the queue since the start. */
export interface SpanCounts {
  readonly sent: number;
  readonly dropped: number;
  readonly waiting: number;
  /** Whether the collector takes no spans. */
  readonly isAway: boolean;
}

/** What sends spans: the part of the SDK's exporter that is used. */
export interface SpanSender {
  /** Calls `done` once; code 0 means that they were taken. */
  export(
    spans: ReadableSpan[],
    done: (result: { readonly code: number; readonly error?: Error }) => void
  ): void;
  shutdown(): Promise<void>;
}

/** Options of {@link SpanQueue}. */
export interface SpanQueueOptions {
  readonly exporter: SpanSender;
  readonly clock: Pick<Clock, 'elapsed' | 'setTimeout' | 'clearTimeout'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** The queue, as a span processor of the SDK. */
export class SpanQueue implements SpanProcessor {
  private readonly options: SpanQueueOptions;
  private waiting: ReadableSpan[] = [];
  private timer: unknown = null;
  private isSending = false;
  private isClosed = false;
  private sent = 0;
  private dropped = 0;
  /** Drops when the outage began; null while there is none. */
  private droppedBefore: number | null = null;
  private refusedAt = 0;
  private onIdle: () => void = () => undefined;

  constructor(options: SpanQueueOptions) {
    this.options = options;
  }

  /** Returns the numbers of now. */
  counts(): SpanCounts {
    const { sent, dropped, waiting, droppedBefore } = this;
    return { sent, dropped, waiting: waiting.length, isAway: droppedBefore !== null };
  }

  onStart(): void {
    // Only ended spans are sent.
  }

  onEnd(span: ReadableSpan): void {
    if (this.isClosed || this.waiting.length >= SPANS_MAX) {
      this.dropped++;
      return;
    }
    this.waiting.push(span);
    if (this.waiting.length >= BATCH_SPANS) this.send();
    else this.sendLater();
  }

  async forceFlush(): Promise<void> {
    this.send();
    if (!this.isSending) return;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
  }

  /** Sends what waits, for at most {@link DRAIN_MS}; what is left then is dropped. */
  async shutdown(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const { clock, exporter } = this.options;
    let timer: unknown = null;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, DRAIN_MS);
    });
    await Promise.race([this.forceFlush(), late]);
    clock.clearTimeout(timer);
    this.rest();
    this.dropped += this.waiting.length;
    this.waiting = [];
    void exporter.shutdown().catch(() => undefined);
  }

  private sendLater(): void {
    if (this.timer !== null || this.isSending) return;
    this.timer = this.options.clock.setTimeout(() => {
      this.timer = null;
      this.send();
    }, SEND_EVERY_MS);
  }

  private rest(): void {
    if (this.timer !== null) this.options.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  private send(): void {
    if (this.isSending || this.waiting.length === 0) return;
    this.rest();
    const batch = this.waiting.splice(0, BATCH_SPANS);
    this.isSending = true;
    const done = (error: unknown): void => {
      if (!this.isSending) return;
      this.isSending = false;
      if (error === null) this.taken(batch.length);
      else this.refused(batch.length, error);
      if (this.waiting.length === 0) this.onIdle();
      // While the collector is away, requests keep their distance.
      else if (this.isClosed || (error === null && this.waiting.length >= BATCH_SPANS)) this.send();
      else this.sendLater();
    };
    try {
      this.options.exporter.export(batch, ({ code, error }) => {
        done(code === 0 ? null : (error ?? 'no reason given'));
      });
    } catch (error) {
      done(error);
    }
  }

  private taken(count: number): void {
    this.sent += count;
    const { droppedBefore, refusedAt, options } = this;
    if (droppedBefore === null || options.clock.elapsed() - refusedAt < AWAY_QUIET_MS) return;
    this.droppedBefore = null;
    const dropped = this.dropped - droppedBefore;
    options.logger.info('The collector takes traces again', { actor: 'traces', dropped });
  }

  private refused(count: number, error: unknown): void {
    const { options } = this;
    if (this.droppedBefore === null) {
      this.droppedBefore = this.dropped;
      const reason = reasonOf(error);
      options.logger.warn(
        'the collector takes no traces: spans are dropped until it does; messages are not affected',
        { actor: 'traces', reason }
      );
    }
    this.refusedAt = options.clock.elapsed();
    this.dropped += count;
  }
}
