/**
 * Sends the rows of the outbox: of each thread one after the other, of several threads at once. A thread whose row fails
 * waits with growing waits, and holds no other up. Threads take turns.
 */
import type { Clock } from '../clock.js';
import type { Outbox, OutboxRow } from '../log/outbox.js';
import { fullJitterMs, type BackoffBounds } from '../../machines/supervision/backoff.js';
import type { RowOutcome, RowSender } from './row-sender.js';

/** Most threads that are sent at once. */
export const LANES = 8;

/** So many threads that fail, with nothing taken in between, say that it is the receiver. */
export const AWAY_THREADS = 3;

/** Most threads that wait each for itself. With more, the receiver counts as away. */
export const STUCK_MAX = 256;

/** Waits of a thread that fails. */
export const STUCK_BACKOFF: BackoffBounds = { baseMs: 1_000, maxMs: 600_000 };

/** Shortest such wait, in milliseconds. */
export const STUCK_MIN_MS = 500;

/** A thread that waits. */
interface Stuck {
  readonly row: OutboxRow;
  readonly tries: number;
  readonly reason: string;
  /** Moments of `Clock.elapsed()`. */
  readonly since: number;
  readonly dueAt: number;
}

/** What lanes tell. */
export interface LanesListener {
  /** Nothing is left, or everything under way has ended after `finish`. */
  drained(): void;
  failing(error: string, retryAfterMs: number | null): void;
}

/** Options of {@link Lanes}. */
export interface LanesOptions {
  readonly outbox: Pick<Outbox, 'threads' | 'first'>;
  readonly sender: Pick<RowSender, 'send'>;
  readonly clock: Pick<Clock, 'elapsed' | 'setTimeout' | 'clearTimeout'>;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
}

/** The lanes of one process. What is stuck outlives an outage of the receiver. */
export class Lanes {
  private readonly options: LanesOptions;
  private readonly stuck = new Map<string, Stuck>();
  private readonly busy = new Set<string>();
  private place: string | null = null;
  /** Threads that have failed since something was taken. */
  private readonly failing = new Set<string>();
  /** Looks for the next row, while there is a run. */
  private fillNow: () => void = () => undefined;

  constructor(options: LanesOptions) {
    this.options = options;
  }

  /** Number of threads that wait each for itself, and since when the first does: a moment of `Clock.elapsed()`. */
  get waiting(): {
    readonly threads: number;
    readonly since: number | null;
    reason: string | null;
  } {
    const [first] = [...this.stuck.values()].sort((one, other) => one.since - other.since);
    return {
      threads: this.stuck.size,
      since: first?.since ?? null,
      reason: first?.reason ?? null
    };
  }

  /** Begins to send. `work` looks for more, `finish` begins nothing more, `stop` cuts off what is under way. */
  run(listener: LanesListener): { work(): void; finish(): void; stop(): void } {
    const { clock } = this.options;
    const cut = new AbortController();
    let timer: unknown = null;
    let isFinishing = false;
    let isOver = false;
    this.failing.clear();
    const end = (): void => {
      isOver = true;
      if (timer !== null) clock.clearTimeout(timer);
    };
    const fill = (): void => {
      if (isOver) return;
      if (timer !== null) clock.clearTimeout(timer);
      timer = null;
      try {
        for (let row = isFinishing ? null : this.next(); row !== null; row = this.next()) {
          void send(row);
        }
      } catch {
        // The log cannot be read now.
        timer = clock.setTimeout(fill, STUCK_BACKOFF.baseMs);
        return;
      }
      if (this.busy.size > 0) return;
      if (isFinishing || this.stuck.size === 0) {
        end();
        listener.drained();
        return;
      }
      const dueAt = Math.min(...[...this.stuck.values()].map((one) => one.dueAt));
      timer = clock.setTimeout(fill, Math.max(1, dueAt - clock.elapsed()));
    };
    const send = async (row: OutboxRow): Promise<void> => {
      this.busy.add(row.thread);
      const outcome = await this.options.sender.send(row, cut.signal);
      this.busy.delete(row.thread);
      const awayBecause = cut.signal.aborted ? null : this.note(row, outcome);
      if (awayBecause === null || isFinishing) {
        this.fillNow();
        return;
      }
      if (isOver) return;
      end();
      cut.abort();
      listener.failing(awayBecause, outcome.isDone ? null : outcome.retryAfterMs);
    };
    this.fillNow = fill;
    // Not at once: whoever starts this is not ready to be told.
    queueMicrotask(fill);
    return {
      work: fill,
      finish: () => {
        isFinishing = true;
        fill();
      },
      stop: () => {
        end();
        cut.abort();
      }
    };
  }

  /**
   * Sends one row, whichever thread's turn it is, also of a thread that waits; null when there is none.
   */
  async tryOne(signal: AbortSignal): Promise<RowOutcome | null> {
    const [thread = this.options.outbox.threads(null, 1)[0]] = this.options.outbox.threads(
      this.place,
      1
    );
    if (thread === undefined) {
      this.stuck.clear();
      return null;
    }
    this.place = thread;
    const row = this.rowOf(thread);
    if (row === null) return null;
    const outcome = await this.options.sender.send(row, signal);
    if (!signal.aborted) this.note(row, outcome);
    return outcome;
  }

  /** Notes how a row ended; returns why the receiver counts as away, null when it does not. */
  private note(row: OutboxRow, outcome: RowOutcome): string | null {
    const { thread } = row;
    if (outcome.isDone) {
      this.stuck.delete(thread);
      if (outcome.givenUp === null) this.failing.clear();
      else this.failing.add(thread);
      return this.failing.size >= AWAY_THREADS ? outcome.givenUp : null;
    }
    const { clock, random } = this.options;
    const now = clock.elapsed();
    const known = this.stuck.get(thread);
    const tries = (known?.tries ?? 0) + 1;
    const waitMs = STUCK_MIN_MS + fullJitterMs(tries, random(), STUCK_BACKOFF);
    const askedMs = Math.min(outcome.retryAfterMs ?? 0, STUCK_BACKOFF.maxMs);
    const dueAt = now + Math.max(waitMs, askedMs);
    const since = known?.since ?? now;
    this.stuck.delete(thread);
    this.stuck.set(thread, { row, tries, reason: outcome.reason, since, dueAt });
    if (this.stuck.size > STUCK_MAX) {
      const [oldest] = this.stuck.keys();
      if (oldest !== undefined) this.stuck.delete(oldest);
      return outcome.reason;
    }
    if (outcome.isOwn) return null;
    this.failing.add(thread);
    return this.failing.size >= AWAY_THREADS ? outcome.reason : null;
  }

  /** The next row to send; null when no thread is free that has one. */
  private next(): OutboxRow | null {
    if (this.busy.size >= LANES) return null;
    const { outbox } = this.options;
    // As many threads as may be passed over, and one more.
    const most = this.stuck.size + this.busy.size + 1;
    const ahead = outbox.threads(this.place, most);
    const behind = ahead.length < most ? outbox.threads(null, most) : [];
    const now = this.options.clock.elapsed();
    for (const thread of [...ahead, ...behind]) {
      if (this.busy.has(thread)) continue;
      if ((this.stuck.get(thread)?.dueAt ?? 0) > now) continue;
      const row = this.rowOf(thread);
      if (row === null) continue;
      this.place = thread;
      return row;
    }
    this.forgetGone([...ahead, ...behind]);
    return null;
  }

  /** The same object while the row is the same, so that its sender knows what of it was taken. */
  private rowOf(thread: string): OutboxRow | null {
    const first = this.options.outbox.first(thread);
    const known = this.stuck.get(thread)?.row;
    if (first === null || known === undefined) return first;
    return known.offset === first.offset && known.n === first.n ? known : first;
  }

  /** A thread whose rows were removed otherwise must not be waited for. */
  private forgetGone(threads: readonly string[]): void {
    for (const thread of this.stuck.keys()) {
      if (this.busy.has(thread) || threads.includes(thread)) continue;
      if (this.options.outbox.first(thread) === null) this.stuck.delete(thread);
    }
  }
}
