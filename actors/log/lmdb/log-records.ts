/**
 * What the log keeps besides messages: owners, read marks, the lists of users' threads, and messages that nobody has
 * taken.
 */
import type { CommitQueue } from './commit-queue.js';
import { LogCorruptError, LogUnavailableError, orDamaged } from '../log-errors.js';
import {
  decodeCount,
  decodeWatch,
  keyProblem,
  memberKey,
  recordKey,
  threadKey,
  unescaped,
  watchKey,
  within,
  withinRecords,
  type WatchRecord
} from './log-keys.js';
import type { LogStore, LogWrite } from './log-store.js';
import type { LmdbOutbox } from './outbox/lmdb-outbox.js';
import { recordOf, type Head, type ThreadHeads } from './thread-heads.js';
import type { LogEntry, ThreadHead } from '../log-reader.js';
import type { UserLists } from './user-lists.js';
import type { RecordChange } from '../log-writer.js';
import {
  recordProblem,
  type ListPlace,
  type ReadMark,
  type StoredRecord,
  type Unwatched,
  type UserThread
} from '../thread-records.js';

/** Bytes that a record counts in the queue. */
const RECORD_BYTES = 512;

/** Options of {@link LogRecords}. */
export interface LogRecordsOptions {
  readonly store: LogStore;
  readonly dir: string;
  readonly heads: ThreadHeads;
  readonly queue: CommitQueue;
  readonly lists: UserLists;
  readonly outbox: Pick<LmdbOutbox, 'record' | 'owner' | 'stored'>;
  /** The newest entry of a thread; null when it has none. */
  readonly last: (head: Head) => LogEntry | null;
  /** What of a thread's head is seen from outside. */
  readonly visible: (head: Head) => ThreadHead;
}

/** For walks in which a damaged row matters less than the others. `log check` names it. */
const passOver = (): void => undefined;

/** A read mark on its way to the disk. */
interface PendingMark {
  readonly read: number;
  readonly stored: Promise<void>;
}

/** Called once: with null when a write is durable, else with why nothing was stored. */
type Settle = (failure: string | null) => void;

/** The records of one log. Writes reject with {@link LogUnavailableError} when nothing was stored. */
export class LogRecords {
  readonly #options: LogRecordsOptions;
  readonly #marks = new Map<string, PendingMark>();

  constructor(options: LogRecordsOptions) {
    this.#options = options;
  }

  setOwner(thread: string, owner: string): Promise<void> {
    return this.#stored((settle) => {
      this.addOwner(thread, owner, settle);
    });
  }

  /** Queues the write of {@link setOwner}. This and its like throw when they cannot: nothing has changed then. */
  addOwner(thread: string, owner: string, settle: Settle): void {
    this.#admit(thread, owner);
    const { heads } = this.#options;
    const head = heads.open(thread);
    head.nextOwner = owner;
    heads.pin(head);
    this.#push(
      (into) => {
        into.push({ key: threadKey(thread), value: recordOf(head) });
        this.#options.outbox.owner(thread, owner, into);
      },
      (failure) => {
        if (failure === null) {
          head.owner = owner;
          heads.unpin(head);
          this.#options.outbox.stored();
        }
        settle(failure);
      }
    );
  }

  /** A page of the user's threads. */
  userThreads(
    user: string,
    before: ListPlace | null,
    limit: number,
    maxChars: number
  ): { threads: UserThread[]; more: boolean; passed: number } {
    if (keyProblem('any', user) !== null) return { threads: [], more: false, passed: 0 };
    const { lists, last, visible } = this.#options;
    const { rows, more, passed } = lists.page(user, before, limit);
    const threads: UserThread[] = [];
    let chars = 0;
    for (const { at, head } of rows) {
      const newest = last(head);
      chars += newest?.frame.length ?? 0;
      if (threads.length > 0 && chars > maxChars) return { threads, more: true, passed };
      const { thread } = head;
      const read = this.readMark(thread, user);
      threads.push({ thread, at, head: visible(head), read, last: newest });
    }
    return { threads, more, passed };
  }

  /** Whether the user has published to the thread or marked it as read, counting writes in progress. */
  isMember(user: string, thread: string): boolean {
    return this.#marks.has(`${thread}\n${user}`) || this.#read(thread, user) !== null;
  }

  readMark(thread: string, user: string): number {
    if (keyProblem(thread, user) !== null) return 0;
    return this.#read(thread, user) ?? 0;
  }

  readMarks(thread: string, limit: number): ReadMark[] {
    if (keyProblem(thread, '') !== null) return [];
    const marks: ReadMark[] = [];
    for (const key of this.#options.store.keys({ ...within('w', thread), limit })) {
      const user = unescaped(String(key[2]));
      const read = user === null ? 0 : this.readMark(thread, user);
      if (user !== null && read > 0) marks.push({ user, read });
    }
    return marks;
  }

  /** A read mark on disk; null when there is none. A damaged one is none too: the next write replaces it. */
  #read(thread: string, user: string): number | null {
    const key = memberKey(user, thread);
    return decodeCount(orDamaged(() => this.#options.store.get(key), undefined) ?? '');
  }

  async setReadMark(thread: string, user: string, read: number): Promise<number> {
    this.#admit(thread, user);
    const pendingKey = `${thread}\n${user}`;
    const before = this.#marks.get(pendingKey);
    const now = before?.read ?? this.readMark(thread, user);
    const mark = Math.min(read, this.#options.heads.get(thread)?.last ?? 0);
    if (mark <= now) {
      await before?.stored;
      return now;
    }
    await this.#mark(thread, user, mark);
    return mark;
  }

  /** Queues a read mark, limited to the newest entry that has an offset; does nothing when it is not a later one. */
  addMark(thread: string, user: string, read: number): void {
    this.#admit(thread, user);
    const now = this.#marks.get(`${thread}\n${user}`)?.read ?? this.readMark(thread, user);
    const mark = Math.min(read, this.#options.heads.get(thread)?.given ?? 0);
    if (mark > now) this.#mark(thread, user, mark).catch(() => undefined);
  }

  #mark(thread: string, user: string, mark: number): Promise<void> {
    const pendingKey = `${thread}\n${user}`;
    const isNewHere = !this.isMember(user, thread);
    const stored = this.#stored((settle) => {
      this.#push((into) => {
        into.push({ key: memberKey(user, thread), value: String(mark) });
        const { heads, lists } = this.#options;
        if (isNewHere) lists.joined(user, thread, heads.open(thread).writtenAt, into);
      }, settle);
    });
    const pending: PendingMark = { read: mark, stored };
    this.#marks.set(pendingKey, pending);
    return stored.finally(() => {
      if (this.#marks.get(pendingKey) === pending) this.#marks.delete(pendingKey);
    });
  }

  async list(thread: string, user: string): Promise<void> {
    this.#admit(thread, user);
    if (this.isMember(user, thread)) return;
    await this.#stored((settle) => {
      this.addListed(thread, user, settle);
    });
  }

  /** Queues the write of {@link list}. */
  addListed(thread: string, user: string, settle: Settle): void {
    this.#admit(thread, user);
    this.#push((into) => {
      // The row may have been written since, with a read mark that must stay.
      if (this.isMember(user, thread)) return;
      into.push({ key: memberKey(user, thread), value: '0' });
      const { heads, lists } = this.#options;
      lists.joined(user, thread, heads.get(thread)?.writtenAt ?? 0, into);
    }, settle);
  }

  setUnwatched(thread: string, state: WatchRecord | null): Promise<void> {
    return this.#stored((settle) => {
      this.addUnwatched(thread, state, settle);
    });
  }

  /** Queues the write of {@link setUnwatched}. */
  addUnwatched(thread: string, state: WatchRecord | null, settle: Settle): void {
    this.#admit(thread, '');
    const value = state === null ? null : JSON.stringify(state);
    this.#push((into) => {
      into.push({ key: watchKey(thread), value });
    }, settle);
  }

  unwatched(thread: string): Unwatched | null {
    const text = this.#options.store.get(watchKey(thread));
    return text === undefined ? null : this.#watch(thread, text);
  }

  *allUnwatched(): Iterable<Unwatched> {
    // A damaged mark loses the report that nobody took a message, and must not keep the server from starting.
    const range = { ...within('h'), onDamage: passOver };
    for (const { key, value } of this.#options.store.range(range)) {
      yield this.#watch(String(key[1]), value);
    }
  }

  record(thread: string, kind: string, id: string): string | null {
    const problem = keyProblem(thread, '') ?? recordProblem(kind, id, null);
    return problem === null ? (this.#options.store.get(recordKey(thread, kind, id)) ?? null) : null;
  }

  *records(thread: string, kind: string): Iterable<StoredRecord> {
    for (const { key, value } of this.#options.store.range(withinRecords(thread, kind))) {
      const id = unescaped(String(key[3]));
      if (id === null) {
        const what = `the key ${JSON.stringify(key)} is not a record's`;
        throw new LogCorruptError(this.#options.dir, what);
      }
      yield { id, text: value };
    }
  }

  async setRecord(thread: string, kind: string, id: string, text: string | null): Promise<void> {
    const problem = recordProblem(kind, id, text);
    if (problem !== null) throw new RangeError(problem);
    await this.#stored((settle) => {
      this.addRecord({ thread, kind, id, text }, settle);
    });
  }

  /** Queues the write of a record, which must be one that can be stored. */
  addRecord({ thread, kind, id, text }: RecordChange, settle: Settle): void {
    this.#admit(thread, '');
    const { outbox } = this.#options;
    this.#push(
      (into) => {
        into.push({ key: recordKey(thread, kind, id), value: text });
        outbox.record(thread, kind, id, text, into);
      },
      (failure) => {
        if (failure === null) outbox.stored();
        settle(failure);
      },
      text?.length
    );
  }

  /** Discards the writes in progress, when their commit has failed. */
  clear(): void {
    this.#marks.clear();
  }

  #watch(thread: string, text: string): Unwatched {
    const record = decodeWatch(text);
    if (record === null) {
      throw new LogCorruptError(
        this.#options.dir,
        `the unwatched mark of thread ${thread} does not decode`
      );
    }
    return { thread, ...record };
  }

  #admit(thread: string, user: string): void {
    const refusal = keyProblem(thread, user) ?? this.#options.queue.refusal();
    if (refusal !== null) throw new LogUnavailableError(refusal);
  }

  #push(write: (into: LogWrite[]) => void, settle: Settle, chars = 0): void {
    this.#options.queue.push({ bytes: RECORD_BYTES + chars, write, settle });
  }

  /** Resolves when what `add` queues is durable. */
  #stored(add: (settle: Settle) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      add((failure) => {
        if (failure === null) resolve();
        else reject(new LogUnavailableError(failure));
      });
    });
  }
}
