/**
 * Webhooks: tells the application by POST what happened. What is to be told waits in the outbox of the log, so a crash
 * loses nothing, and the chat waits for nobody.
 * @see docs/webhooks.md
 */
import { fromCallback, fromPromise } from 'xstate';
import { untilDue } from '../../machines/supervision/next-attempt.js';
import {
  createWebhooksMachine,
  NotTakenError,
  type LanesOrder,
  type Tried,
  type WebhooksContext,
  type WebhooksMachine
} from '../../machines/webhooks/webhooks.machine.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import { LogUnavailableError } from '../log/log-errors.js';
import type { LogReader } from '../log/log-reader.js';
import type { Outbox } from '../log/outbox.js';
import type { Incident } from '../monitor/incidents.js';
import { Lanes } from './lanes.js';
import type { Receiver } from './receiver.js';
import { RowSender, type RowSenderOptions, type SentCounts } from './row-sender.js';
import { readLetter, SERVER_LANE, type DeadLetter, type WebhookNote } from './webhook-event.js';
import type { WebhookPolicy } from './webhook-policy.js';

/** Most notes in memory while the log takes none; the oldest is dropped, and counted. */
export const NOTES_MAX = 1_000;

/** Time between two tries to store them, in milliseconds. */
export const NOTES_AGAIN_MS = 1_000;

/** Threads whose events are looked at for being too old, after each try while the receiver is away. */
const OLD_THREADS = 64;

/** What the webhooks use of the log. */
export interface WebhookLog extends Pick<LogReader, 'head' | 'read'> {
  readonly outbox: Outbox;
}

/** Options of {@link Webhooks}. */
export interface WebhooksOptions {
  readonly policy: WebhookPolicy;
  readonly receiver: Receiver;
  /** Returns the open log; null while there is none. */
  readonly log: () => WebhookLog | null;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** The webhooks in `/status`. Durations are milliseconds. */
export interface WebhooksStatus extends Readonly<SentCounts> {
  readonly status: WebhooksContext['status'] | 'stopped';
  /** When the status began, Unix milliseconds. */
  readonly since: number;
  /** Why the receiver is away, or why the first of the threads that wait does; null when neither is so. */
  readonly error: string | null;
  /** For how long the receiver has been away, or the first stuck thread has waited; 0 when neither is so. */
  readonly failingMs: number;
  readonly nextAttemptMs: number | null;
  /** Events that wait, and threads that wait because an event of theirs is not taken. */
  readonly waiting: number;
  readonly stuckThreads: number;
  /** Events that were given up and are kept, and those that there was no room for since the start. */
  readonly deadLetters: number;
  readonly dropped: number;
}

interface Latest {
  readonly status: string;
  readonly context: WebhooksContext;
}

/** The webhooks of a server. */
export class Webhooks {
  /** Logic of the supervised child. */
  readonly logic: WebhooksMachine;
  private readonly options: WebhooksOptions;
  private snapshot: (() => Latest) | null = null;
  private awayOf: RowSenderOptions['away'] = () => [];
  private parts: { readonly log: WebhookLog; sender: RowSender; lanes: Lanes } | null = null;
  private notes: { readonly thread: string; readonly text: string }[] = [];
  private notesDropped = 0;
  private isStoring = false;

  constructor(options: WebhooksOptions) {
    this.options = options;
    const { clock, random, logger } = options;
    this.logic = createWebhooksMachine({
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      random
    }).provide({
      actors: {
        watch: fromCallback<{ type: 'work' }>(({ sendBack }) => {
          this.open().log.outbox.onWork(() => {
            sendBack({ type: 'work' });
          });
          return () => {
            this.parts?.log.outbox.onWork(() => undefined);
          };
        }),
        lanes: fromCallback<LanesOrder>(({ sendBack, receive }) => {
          const run = this.open().lanes.run({
            drained: () => {
              sendBack({ type: 'lanes.drained' });
            },
            failing: (error, retryAfterMs) => {
              sendBack({ type: 'lanes.failing', error, retryAfterMs });
            }
          });
          receive(({ type }) => {
            if (type === 'work') run.work();
            else run.finish();
          });
          return () => {
            run.stop();
          };
        }),
        tryOne: fromPromise<Tried>(({ signal }) => this.tryOne(signal))
      },
      actions: {
        announce: ({ self }) => {
          this.snapshot = () => self.getSnapshot();
        },
        writeLine: ({ context }, { news }) => {
          const fields = { actor: 'webhooks', waiting: this.parts?.log.outbox.waiting };
          if (news === 'away') {
            logger.warn(
              `Webhooks are not taken: the receiver ${context.error ?? ''}; they wait, and are tried again for a day`,
              fields
            );
          } else logger.info('Webhooks are taken again', fields);
        }
      }
    });
  }

  /** Sets who is told of when away. */
  begin(away: RowSenderOptions['away']): void {
    this.awayOf = away;
  }

  /** Tells that the messages of a thread found nobody within the grace. */
  undelivered(thread: string, data: { readonly from: number; readonly messages: number }): void {
    if (!this.options.policy.hasThread(thread)) return;
    this.note(thread, 'message.undelivered', data);
  }

  /** Tells that an incident has opened or is over. It names no thread, and no text of a fault. */
  incident(what: 'opened' | 'closed', incident: Incident): void {
    const { kind, about, level, unnamed, count, since } = incident;
    this.note(SERVER_LANE, `incident.${what}`, {
      kind,
      about: kind === 'fault' ? null : about,
      level,
      message: unnamed,
      count,
      since: new Date(since).toISOString()
    });
  }

  /** Notes that a user is connected: what comes when it is away again is told again. */
  back(user: string): void {
    if (!this.options.policy.wants('notify')) return;
    // What cannot be forgotten now costs one hook.
    void this.options
      .log()
      ?.outbox.forget(user)
      .catch(() => undefined);
  }

  /** Returns the figures of `/status`. */
  status(): WebhooksStatus {
    const { clock } = this.options;
    const outbox = this.options.log()?.outbox ?? null;
    const counts = this.parts?.sender.counts ?? { taken: 0, failed: 0, givenUp: 0 };
    const stuck = this.parts?.lanes.waiting ?? { threads: 0, since: null, reason: null };
    const snapshot = this.snapshot?.();
    const context = snapshot?.context;
    const now = clock.elapsed();
    const failingSince = context?.awaySince ?? stuck.since;
    return {
      status: snapshot?.status === 'active' ? snapshot.context.status : 'stopped',
      since: context?.since ?? clock.now(),
      error: context?.error ?? stuck.reason,
      failingMs: failingSince === null ? 0 : now - failingSince,
      nextAttemptMs: untilDue(context?.attemptDueAt ?? null, now),
      waiting: (outbox?.waiting ?? 0) + this.notes.length,
      stuckThreads: stuck.threads,
      deadLetters: outbox?.letters ?? 0,
      dropped: (outbox?.lettersDropped ?? 0) + this.notesDropped,
      ...counts
    };
  }

  /**
   * Returns given up events after a number, oldest first, each with its number.
   * @throws {LogUnavailableError} while the log cannot be read
   */
  letters(after: number, limit: number): (DeadLetter & { readonly seq: number })[] {
    return this.open()
      .log.outbox.readLetters(after, limit)
      .flatMap(({ seq, text }) => {
        const letter = readLetter(text);
        return letter === null ? [] : [{ seq, ...letter }];
      });
  }

  /**
   * Sends given up events again, each for another day, behind what waits in its thread.
   * @throws {LogUnavailableError} when the log does not take it
   */
  async sendAgain(letters: readonly (DeadLetter & { readonly seq: number })[]): Promise<void> {
    const since = this.options.clock.now();
    await this.open().log.outbox.sendAgain(
      letters.map(({ seq, thread, offset, id, type, at, ...rest }) => {
        const data = 'data' in rest ? { data: rest.data } : {};
        const note: WebhookNote = { type, at, since, id, ...data };
        return { seq, thread, offset, text: JSON.stringify(note) };
      })
    );
  }

  /** Removes given up events. */
  async drop(seqs: readonly number[]): Promise<void> {
    await this.open().log.outbox.dropLetters(seqs);
  }

  private open(): { readonly log: WebhookLog; sender: RowSender; lanes: Lanes } {
    const log = this.options.log();
    if (log === null) throw new LogUnavailableError('the thread log is not open');
    if (this.parts?.log === log) return this.parts;
    const { outbox } = log;
    const away: RowSenderOptions['away'] = (...asked) => this.awayOf(...asked);
    const sender = new RowSender({ ...this.options, log, outbox, away });
    this.parts = { log, sender, lanes: new Lanes({ ...this.options, outbox, sender }) };
    return this.parts;
  }

  private async tryOne(signal: AbortSignal): Promise<Tried> {
    const { lanes, sender, log } = this.open();
    const outcome = await lanes.tryOne(signal);
    if (outcome === null) return { hadWork: log.outbox.waiting > 0 };
    const reason = outcome.isDone ? outcome.givenUp : outcome.reason;
    if (reason === null) return { hadWork: true };
    // The receiver was asked all the time: the old ones need no try of their own.
    for (const thread of log.outbox.threads(null, OLD_THREADS)) {
      const row = log.outbox.first(thread);
      if (row !== null && !signal.aborted) await sender.giveUp(row, reason);
    }
    throw new NotTakenError(reason, outcome.isDone ? null : outcome.retryAfterMs);
  }

  private note(thread: string, type: WebhookNote['type'], data: unknown): void {
    if (!this.options.policy.wants(type)) return;
    const note: WebhookNote = { type, at: this.options.clock.now(), data };
    this.notes.push({ thread, text: JSON.stringify(note) });
    if (this.notes.length > NOTES_MAX) {
      this.notes.shift();
      this.notesDropped += 1;
    }
    if (!this.isStoring) void this.store();
  }

  /** Stores the notes in order; while the log takes none they wait. */
  private async store(): Promise<void> {
    this.isStoring = true;
    for (let next = this.notes[0]; next !== undefined; next = this.notes[0]) {
      const { thread, text } = next;
      try {
        const log = this.options.log();
        if (log === null) throw new LogUnavailableError('the thread log is not open');
        await log.outbox.add(thread, text);
        if (this.notes[0] === next) this.notes.shift();
      } catch {
        await new Promise<void>((resolve) => {
          this.options.clock.setTimeout(resolve, NOTES_AGAIN_MS);
        });
      }
    }
    this.isStoring = false;
  }
}
