import type { Commit } from '../../../actors/log/commits.js';
import { Listeners } from '../../../actors/listeners.js';
import { LogUnavailableError } from '../../../actors/log/log-errors.js';
import { ERASED_BODY, erasedFrame } from '../../../protocol/erased.js';
import { frameBody, messageFrame } from '../../../protocol/message-frame.js';
import { MemoryFeed } from './memory-feed.js';
import { MemoryOutbox } from './memory-outbox.js';
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { FoundEntry, LogEntry, ThreadHead } from '../../../actors/log/log-reader.js';
import type { AppendResult, Durability, NewEntry } from '../../../actors/log/log-writer.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import {
  recordProblem,
  type ListPlace,
  type ReadMark,
  type StoredRecord,
  type Unwatched,
  type UserThread
} from '../../../actors/log/thread-records.js';

interface Stored extends NewEntry {
  readonly frame: string;
}

interface StoredThread {
  readonly entries: Stored[];
  owner: string | null;
}

/**
 * A thread log in memory. It answers appends when the spec commits, or at once while `isPrompt`. A spec can make it
 * refuse all writes, refuse marks, or fail on reads.
 */
export class MemoryLog implements ThreadLog {
  readonly durability: Durability = 'disk';
  readonly feed = new MemoryFeed();
  readonly outbox = new MemoryOutbox();
  /** Errors that listeners of commits threw. */
  readonly listenerFaults: string[] = [];
  readonly commits = new Listeners<Commit>((reason) => this.listenerFaults.push(reason));
  isPrompt = true;
  fault: string | null = null;
  markFault: string | null = null;
  isUnreadable = false;
  readonly #threads = new Map<string, StoredThread>();
  readonly #marks = new Map<string, Unwatched>();
  readonly #readMarks = new Map<string, number>();
  readonly #records = new Map<string, string>();
  #waiting: (() => void)[] = [];
  #listener: (health: LogHealth) => void = () => undefined;

  /** Makes the waiting appends durable and answers them in order. */
  commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer();
  }

  /** Sets the reason why writes fail (null when they succeed) and informs the listeners. */
  fail(fault: string | null): void {
    this.fault = fault;
    this.#listener(this.health());
  }

  head(thread: string): ThreadHead | null {
    if (this.isUnreadable) throw new LogUnavailableError('the log cannot be read');
    const stored = this.#threads.get(thread);
    if (stored === undefined) return null;
    const { entries, owner } = stored;
    return { epoch: 'e1', first: 1, last: entries.length, at: entries.at(-1)?.at ?? 0, owner };
  }

  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void {
    this.#waiting.push(() => {
      const result = this.#store(thread, entry);
      try {
        done(result);
      } finally {
        if (result.ok && !result.duplicate) this.commits.tell({ thread, entry, ...result });
      }
    });
    if (this.isPrompt) this.commit();
  }

  /** Stores an entry without an answer, as a disk does that fails at the end of a commit. */
  appendUntold(thread: string, entry: NewEntry): void {
    this.#store(thread, entry);
  }

  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[] {
    const page: LogEntry[] = [];
    let bytes = 0;
    for (const { offset, frame } of this.#all(thread).slice(after, after + limit)) {
      bytes += frame.length;
      if (page.length > 0 && bytes > maxBytes) break;
      page.push({ offset, frame });
    }
    return page;
  }

  readBefore(thread: string, before: number, limit: number): LogEntry[] {
    return this.#all(thread)
      .slice(0, Math.max(0, before - 1))
      .slice(-limit);
  }

  withMid(mid: string, limit: number, only?: string): FoundEntry[] {
    if (this.isUnreadable) throw new LogUnavailableError('the log cannot be read');
    return [...this.#threads]
      .filter(([thread]) => only === undefined || thread === only)
      .flatMap(([thread, { entries }]) => {
        const index = entries.findIndex((entry) => entry.mid === mid);
        const frame = entries[index]?.frame;
        return frame === undefined ? [] : [{ thread, offset: index + 1, frame }];
      })
      .sort((one, other) => (one.thread < other.thread ? -1 : 1))
      .slice(0, limit);
  }

  ensure(thread: string): ThreadHead {
    return this.head(thread) ?? { epoch: 'e1', first: 1, last: 0, at: 0, owner: null };
  }

  async setOwner(thread: string, owner: string): Promise<void> {
    this.#admit();
    this.#thread(thread).owner = owner;
  }

  readMark(thread: string, user: string): number {
    return this.#readMarks.get(`${thread} ${user}`) ?? 0;
  }

  readMarks(thread: string, limit: number): ReadMark[] {
    const users = [...this.#readMarks.keys()]
      .filter((key) => key.startsWith(`${thread} `))
      .map((key) => key.slice(thread.length + 1));
    return users
      .sort()
      .slice(0, limit)
      .map((user) => ({ user, read: this.readMark(thread, user) }))
      .filter(({ read }) => read > 0);
  }

  async setReadMark(thread: string, user: string, read: number): Promise<number> {
    this.#admit();
    const last = this.head(thread)?.last ?? 0;
    const mark = Math.max(Math.min(read, last), this.readMark(thread, user));
    this.#readMarks.set(`${thread} ${user}`, mark);
    return mark;
  }

  async list(thread: string, user: string): Promise<void> {
    this.#admit();
    this.#readMarks.set(`${thread} ${user}`, this.readMark(thread, user));
  }

  userThreads(
    user: string,
    before: ListPlace | null,
    limit: number,
    maxChars: number
  ): { threads: UserThread[]; more: boolean; passed: number } {
    const rows = [...this.#threads]
      .filter(
        ([thread, { entries }]) =>
          entries.length > 0 &&
          (entries.some((entry) => entry.user === user) || this.#readMarks.has(`${thread} ${user}`))
      )
      .map(([thread]) => ({ thread, head: this.ensure(thread) }))
      .filter(
        ({ thread, head: { at } }) =>
          before === null || at < before.at || (at === before.at && thread < before.thread)
      )
      .sort((one, other) =>
        one.head.at === other.head.at
          ? Number(one.thread < other.thread) - Number(one.thread > other.thread)
          : other.head.at - one.head.at
      )
      .map(({ thread, head }) => ({
        thread,
        at: head.at,
        head,
        read: this.readMark(thread, user),
        last: this.readBefore(thread, head.last + 1, 1)[0] ?? null
      }));
    let chars = 0;
    const fits = rows.slice(0, limit).filter(({ last }, index) => {
      chars += last?.frame.length ?? 0;
      return index === 0 || chars <= maxChars;
    });
    return { threads: fits, more: rows.length > fits.length, passed: 0 };
  }

  async setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void> {
    if (this.markFault !== null) throw new Error(this.markFault);
    this.#admit();
    if (state === null) this.#marks.delete(thread);
    else this.#marks.set(thread, { thread, ...state });
  }

  unwatched(thread: string): Unwatched | null {
    return this.#marks.get(thread) ?? null;
  }

  allUnwatched(): Iterable<Unwatched> {
    return this.#marks.values();
  }

  record(thread: string, kind: string, id: string): string | null {
    return this.#records.get(`${thread} ${kind} ${id}`) ?? null;
  }

  records(thread: string, kind: string): StoredRecord[] {
    const prefix = `${thread} ${kind} `;
    return [...this.#records]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => ({ id: key.slice(prefix.length), text }))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  async setRecord(thread: string, kind: string, id: string, text: string | null): Promise<void> {
    const problem = recordProblem(kind, id, text);
    if (problem !== null) throw new RangeError(problem);
    this.#admit();
    if (text === null) this.#records.delete(`${thread} ${kind} ${id}`);
    else this.#records.set(`${thread} ${kind} ${id}`, text);
  }

  health(): LogHealth {
    return { writable: this.fault === null, reason: this.fault };
  }

  onHealth(listener: (health: LogHealth) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    this.commit();
    this.fault = 'the thread log is closed';
  }

  #store(thread: string, entry: NewEntry): AppendResult {
    if (this.fault !== null) return { ok: false, code: 'unavailable', reason: this.fault };
    const stored = this.#thread(thread);
    const index = stored.entries.findIndex(({ mid }) => mid === entry.mid);
    const before = stored.entries[index];
    if (before !== undefined) {
      const { user, kind, bodyJson, at, frame } = before;
      const isSameBody = bodyJson === entry.bodyJson || bodyJson === ERASED_BODY;
      return user === entry.user && kind === entry.kind && isSameBody
        ? { ok: true, offset: index + 1, epoch: 'e1', at, duplicate: true, frame }
        : { ok: false, code: 'conflict', reason: 'the mid was used for another message' };
    }
    const offset = stored.entries.length + 1;
    const frame = messageFrame(thread, offset, entry);
    stored.entries.push({ ...entry, frame });
    const erased = stored.entries[(entry.erases ?? 0) - 1];
    if (erased !== undefined) {
      const left = erasedFrame(erased.frame) ?? '';
      stored.entries[(entry.erases ?? 0) - 1] = {
        ...erased,
        bodyJson: frameBody(left) ?? '',
        frame: left
      };
    }
    for (const { thread: of, kind, id, text } of entry.records ?? []) {
      if (text === null) this.#records.delete(`${of} ${kind} ${id}`);
      else this.#records.set(`${of} ${kind} ${id}`, text);
    }
    const first = entry.owner === undefined && stored.entries.length === 1 ? entry.user : null;
    stored.owner = entry.owner ?? stored.owner ?? first;
    this.feed.add({ thread, epoch: 'e1', offset, frame });
    return { ok: true, offset, epoch: 'e1', at: entry.at, duplicate: false, frame };
  }

  #admit(): void {
    if (this.fault !== null) throw new LogUnavailableError(this.fault);
  }

  #thread(thread: string): StoredThread {
    const stored = this.#threads.get(thread) ?? { entries: [], owner: null };
    this.#threads.set(thread, stored);
    return stored;
  }

  #all(thread: string): LogEntry[] {
    if (this.isUnreadable) throw new LogUnavailableError('the log cannot be read');
    const entries = this.#threads.get(thread)?.entries ?? [];
    return entries.map(({ frame }, index) => ({ offset: index + 1, frame }));
  }
}
