/**
 * Retention: removes the oldest entries of a thread, in small commits of their own, at lower priority than appends. A
 * thread is checked when it is written to; a slow sweep also checks all threads in turn, so that idle ones are
 * trimmed too.
 */
import type { Clock } from '../../clock.js';
import type { Job } from './commit-queue.js';
import {
  AFTER_ALL,
  decodeCount,
  entryKey,
  midKey,
  recordKey,
  threadKey,
  within
} from './log-keys.js';
import type { LogKey } from './log-keys.js';
import type { LogStore, LogWrite } from './log-store.js';
import { orDamaged } from '../log-errors.js';
import { TRACE_KIND } from '../thread-records.js';
import { frameHeader } from '../../../protocol/message-frame.js';
import type { PendingMarks } from './feed/pending-marks.js';
import { RetentionClock } from './retention-clock.js';
import { recordOf, type Head, type ThreadHeads } from './thread-heads.js';

/** What is kept of each thread; null means no limit. */
export interface Retention {
  readonly messages: number | null;
  readonly days: number | null;
}

/** Most entries that one commit removes, and most characters of frames that it reads: a few milliseconds of work. */
const TRIM_ENTRIES = 256;
const TRIM_BYTES = 1_048_576;

/**
 * A thread in use is trimmed when it is a tenth over its limit, or by this many messages if that is fewer: not at
 * every append.
 */
const SLACK_MESSAGES = 64;

/** A thread in use is trimmed when its oldest entry is over the maximum age by this long. */
const SLACK_MS = 60_000;

/** Time between two steps of the sweep: it gets through 100 000 threads in about an hour. */
export const SWEEP_MS = 10_000;

/** Threads that one step of the sweep checks: a few milliseconds of work. */
export const SWEEP_THREADS = 256;

const DAY_MS = 86_400_000;

/** Options of {@link LogTrim}. */
export interface LogTrimOptions {
  readonly store: LogStore;
  readonly heads: ThreadHeads;
  readonly clock: Clock;
  /** Called once when the wall clock has jumped ahead, with its milliseconds. */
  readonly onClockJump: (byMs: number) => void;
  readonly marks: PendingMarks;
  readonly retention: Retention;
  /** The first offset of a thread that must be kept whatever the retention; null when there is none. */
  readonly keptFrom: (head: Head) => number | null;
  /** Called when {@link LogTrim.next} has work to return. */
  readonly onWork: () => void;
}

/** Finds the entries that are over the retention and returns the work commit by commit. */
export class LogTrim {
  readonly #options: LogTrimOptions;
  readonly #time: RetentionClock;
  readonly #over = new Set<string>();
  #sweep: unknown = null;
  #cursor: LogKey = ['t'];

  constructor(options: LogTrimOptions) {
    this.#options = options;
    this.#time = new RetentionClock({ clock: options.clock, onJump: options.onClockJump });
    if (this.#limited()) this.#sweepLater();
  }

  /** Checks a thread that has just been written to, or of which more may be trimmed now. */
  touch(head: Head): void {
    const { messages } = this.#options.retention;
    const slack = messages === null ? 0 : Math.min(SLACK_MESSAGES, Math.ceil(messages / 10));
    try {
      if (this.#limited() && this.#isOver(head, slack, SLACK_MS)) this.#over.add(head.thread);
    } catch {
      // The log cannot be read: the sweep will check this thread again.
    }
  }

  /** The next commit's worth of trimming; null when there is nothing to trim. */
  next(): Job | null {
    for (const thread of this.#over) {
      try {
        const head = this.#options.heads.get(thread);
        const job = head === null ? null : this.#trim(head);
        if (job !== null) return job;
      } catch {
        // The thread cannot be read: its entries stay, and the sweep will check it again.
      }
      this.#over.delete(thread);
    }
    return null;
  }

  /** Discards the trimming that was planned; the sweep finds it again. */
  clear(): void {
    this.#over.clear();
  }

  stop(): void {
    if (this.#sweep !== null) this.#options.clock.clearTimeout(this.#sweep);
    this.#sweep = null;
    this.#over.clear();
  }

  #limited(): boolean {
    const { messages, days } = this.#options.retention;
    return messages !== null || days !== null;
  }

  #oldestAllowed(): number {
    const { days } = this.#options.retention;
    return days === null ? -Infinity : this.#time.now() - days * DAY_MS;
  }

  #isOver(head: Head, slack: number, slackMs: number): boolean {
    const { messages, days } = this.#options.retention;
    if (head.first >= this.#keptFrom(head)) return false;
    if (messages !== null && head.last - head.first + 1 > messages + slack) return true;
    if (days === null) return false;
    const firstAt = this.#options.heads.firstAt(head);
    return firstAt !== null && firstAt < this.#oldestAllowed() - slackMs;
  }

  #keptFrom(head: Head): number {
    return this.#options.keptFrom(head) ?? Infinity;
  }

  #trim(head: Head): Job | null {
    const { store, heads, marks, retention } = this.#options;
    const removed: LogWrite[] = [];
    const { thread } = head;
    const enough = retention.messages === null ? 0 : head.last - retention.messages;
    const oldest = this.#oldestAllowed();
    let first = head.first;
    let bytes = 0;
    const to = Math.min(head.last + 1, first + TRIM_ENTRIES, this.#keptFrom(head));
    for (; first < to && bytes <= TRIM_BYTES; first += 1) {
      // Read singly: a damaged or missing entry expires by its number like any other.
      const entry = entryKey(thread, first);
      const frame = orDamaged(() => store.get(entry), undefined) ?? '';
      const header = frameHeader(frame);
      const isExpired = first <= enough || (header !== null && header.at < oldest);
      if (!isExpired) break;
      removed.push({ key: entry, value: null });
      // The mid may have been used again since its entry was hidden by an earlier trim.
      const key = header === null ? null : midKey(header.mid, thread);
      if (header !== null && key !== null && offsetAt(store, key) === first) {
        removed.push({ key, value: null });
        const trace = recordKey(thread, TRACE_KIND, header.mid);
        const isTraced = orDamaged(() => store.get(trace), undefined) !== undefined;
        if (isTraced) removed.push({ key: trace, value: null });
      }
      bytes += frame.length;
    }
    if (removed.length === 0) return null;
    // Hidden before it is removed: nobody may be told of an entry that the next read does not find.
    head.first = first;
    head.firstAt = null;
    heads.pin(head);
    return {
      bytes: 0,
      write: (into) => {
        into.push(...removed, { key: threadKey(thread), value: recordOf(head) });
        marks.trim(head, into);
      },
      settle: () => {
        heads.unpin(head);
      }
    };
  }

  #sweepLater(): void {
    this.#sweep = this.#options.clock.setTimeout(() => {
      this.#sweepSome();
      this.#sweepLater();
    }, SWEEP_MS);
  }

  #sweepSome(): void {
    const { store, heads, onWork } = this.#options;
    const { to } = within('t');
    let seen = 0;
    try {
      for (const key of store.keys({ from: this.#cursor, to, limit: SWEEP_THREADS })) {
        const thread = key[1];
        if (typeof thread !== 'string') continue;
        seen += 1;
        this.#cursor = ['t', thread, AFTER_ALL];
        const head = heads.peek(thread);
        if (head !== null && this.#isOver(head, 0, 0)) this.#over.add(thread);
      }
    } catch {
      // The log cannot be read: health reports that, and the next sweep continues after this place.
      return;
    }
    if (seen < SWEEP_THREADS) this.#cursor = ['t'];
    if (this.#over.size > 0) onWork();
  }
}

/** The offset in an index row; null when there is none that can be read. */
function offsetAt(store: LogStore, key: LogKey): number | null {
  return decodeCount(orDamaged(() => store.get(key), undefined) ?? '');
}
