/** Sends what one row of the outbox stands for, and ends the row: it was taken, or has been tried for a day. */
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import type { Outbox, OutboxRow } from '../log/outbox.js';
import { reasonOf } from '../../machines/reason.js';
import type { MessageFrame } from '../../protocol/frames.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';
import { AGENT_PREFIX } from '../../protocol/user-name.js';
import type { Receiver } from './receiver.js';
import {
  eventId,
  readNote,
  SERVER_LANE,
  type DeadLetter,
  type WebhookEvent,
  type WebhookNote,
  type WebhookType
} from './webhook-event.js';
import { isRunEnd, type WebhookPolicy } from './webhook-policy.js';

/** How long an event is tried, in milliseconds; then it is given up and kept aside. */
export const GIVE_UP_MS = 24 * 60 * 60_000;

/** Most users who are told of by one message: more would be a mailing list. */
export const NOTIFY_MAX = 100;

/** Longest text of a reason that is kept. */
const REASON_CHARS = 200;

/** How sending a row ended. */
export type RowOutcome =
  | {
      readonly isDone: true;
      /** Why an event of it was given up; null when all were taken. */
      readonly givenUp: string | null;
    }
  | {
      readonly isDone: false;
      readonly reason: string;
      readonly isOwn: boolean;
      readonly retryAfterMs: number | null;
    };

/** Counts since the start. */
export interface SentCounts {
  taken: number;
  failed: number;
  givenUp: number;
}

/** Options of {@link RowSender}. */
export interface RowSenderOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<LogReader, 'head' | 'read'>;
  readonly outbox: Outbox;
  readonly policy: WebhookPolicy;
  readonly receiver: Pick<Receiver, 'send'>;
  /** Returns those who belong to a thread and are not connected, without the author; at most `limit`. */
  readonly away: (thread: string, author: string, limit: number) => readonly string[];
}

/** An event with the time from which it is tried. */
interface Timed {
  readonly event: WebhookEvent;
  readonly since: number;
  /** The note to keep when it is given up. */
  readonly note: WebhookNote;
}

interface Expanded {
  readonly timed: readonly Timed[];
  readonly away: readonly string[];
  /** Mid and author of the message, for those who are away. */
  readonly message: { readonly mid: string; readonly from: string; readonly kind: string } | null;
}

/** Sends rows. */
export class RowSender {
  readonly counts: SentCounts = { taken: 0, failed: 0, givenUp: 0 };
  private readonly options: RowSenderOptions;
  /** How many events of a row that failed were taken: those are not sent again by this process. */
  private readonly taken = new WeakMap<OutboxRow, number>();

  constructor(options: RowSenderOptions) {
    this.options = options;
  }

  /** Sends the events of a row one after the other. A row that failed is passed again, the same object. */
  async send(row: OutboxRow, signal: AbortSignal): Promise<RowOutcome> {
    try {
      const expanded = this.expand(row);
      const letters: string[] = [];
      let givenUp: string | null = null;
      for (const [index, timed] of expanded.timed.entries()) {
        if (index < (this.taken.get(row) ?? 0)) continue;
        const { id } = timed.event;
        const body = JSON.stringify(timed.event);
        const outcome = await this.options.receiver.send({ id, body, signal });
        if (outcome.taken) this.counts.taken += 1;
        else {
          signal.throwIfAborted();
          this.counts.failed += 1;
          if (!this.isOver(timed)) {
            if (letters.length > 0) await this.options.outbox.end(row, { letters, stays: true });
            return { ...outcome, isDone: false };
          }
          letters.push(this.letter(row, timed, outcome.reason));
          givenUp = outcome.reason;
        }
        this.taken.set(row, index + 1);
      }
      await this.end(row, expanded, letters);
      return { isDone: true, givenUp };
    } catch (error) {
      return { isDone: false, reason: reasonOf(error), isOwn: true, retryAfterMs: null };
    }
  }

  /** Gives a row up that has waited too long without a try of its own; returns whether it had. */
  async giveUp(row: OutboxRow, reason: string): Promise<boolean> {
    const expanded = this.expand(row);
    const left = expanded.timed.slice(this.taken.get(row) ?? 0);
    if (left.length === 0 || !left.every((timed) => this.isOver(timed))) return false;
    await this.end(
      row,
      expanded,
      left.map((timed) => this.letter(row, timed, reason))
    );
    return true;
  }

  private async end(row: OutboxRow, { away, message }: Expanded, letters: string[]): Promise<void> {
    const at = this.options.clock.now();
    const rows = away.map((user) => {
      const note: WebhookNote = { type: 'notify', at, data: { user, ...message } };
      return JSON.stringify(note);
    });
    await this.options.outbox.end(row, { rows, told: away, letters });
    this.counts.givenUp += letters.length;
  }

  private isOver({ since }: Timed): boolean {
    return this.options.clock.now() - since >= GIVE_UP_MS;
  }

  private letter(row: OutboxRow, { event, note }: Timed, reason: string): string {
    const { thread, offset } = row;
    const letter: DeadLetter = {
      id: event.id,
      type: event.type,
      thread,
      offset,
      at: note.at,
      givenUpAt: this.options.clock.now(),
      reason: reason.slice(0, REASON_CHARS),
      ...('data' in note ? { data: note.data } : {})
    };
    return JSON.stringify(letter);
  }

  private expand(row: OutboxRow): Expanded {
    const { log, policy } = this.options;
    const { thread, offset, text } = row;
    const isServers = thread === SERVER_LANE;
    const epoch = isServers ? null : (log.head(thread)?.epoch ?? null);
    const note = readNote(text);
    const make = (
      type: WebhookType,
      at: number,
      data: unknown,
      of: Partial<WebhookNote>
    ): Timed => ({
      event: {
        id: of.id ?? eventId(epoch, row, type),
        type,
        at: at === 0 ? null : new Date(at).toISOString(),
        thread: isServers ? null : thread,
        epoch,
        offset: isServers ? null : offset,
        data
      },
      since: of.since ?? at,
      note: { type, at, ...of }
    });
    if (note !== null && 'data' in note) {
      return { timed: [make(note.type, note.at, note.data, note)], away: [], message: null };
    }
    const entry = this.entry(thread, offset);
    const at = note?.at ?? entry?.at ?? 0;
    const data: Partial<Record<WebhookType, unknown>> = {
      'thread.created': { owner: log.head(thread)?.owner ?? null },
      'message.stored': { message: entry?.message ?? null },
      'run.ended': entry === null ? null : runOf(entry.message)
    };
    if (note !== null) {
      const { type } = note;
      return { timed: [make(type, at, data[type] ?? null, note)], away: [], message: null };
    }
    const types: WebhookType[] = [
      ...(offset === 1 ? (['thread.created'] as const) : []),
      'message.stored',
      ...(entry !== null && isRunEnd(entry) ? (['run.ended'] as const) : [])
    ];
    const timed = types
      .filter((type) => policy.wants(type))
      .map((type) => make(type, at, data[type], {}));
    const away = entry === null || !policy.wants('notify') ? [] : this.away(thread, entry.user);
    const message = entry === null ? null : { mid: entry.mid, from: entry.user, kind: entry.kind };
    return { timed, away, message };
  }

  private away(thread: string, author: string): string[] {
    const { away, outbox } = this.options;
    return away(thread, author, NOTIFY_MAX).filter((user) => !outbox.isTold(user, thread));
  }

  private entry(thread: string, offset: number) {
    const [found] = this.options.log.read(thread, offset - 1, 1, 1);
    if (found?.offset !== offset) return null;
    const message = parseMessageFrame(found.frame);
    if (message === null) return null;
    const { from, kind, mid, at } = message;
    return { user: from.user, kind, mid, at, message };
  }
}

function runOf({ body, from, kind }: MessageFrame): object {
  const run = typeof body === 'object' && body !== null && 'run' in body ? body.run : null;
  return {
    run,
    agent: from.user.slice(AGENT_PREFIX.length),
    outcome: kind.replace(/^agent_/, '')
  };
}
