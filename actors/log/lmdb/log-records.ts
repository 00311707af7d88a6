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
import { recordOf, type ThreadHeads } from './thread-heads.js';
import type { UserLists } from './user-lists.js';
import {
  recordProblem,
  type ReadMark,
  type StoredRecord,
  type Unwatched
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
}

/** For walks in which a damaged row matters less than the others. `log check` names it. */
const passOver = (): void => undefined;

/** A read mark on its way to the disk. */
interface PendingMark {
  readonly read: number;
  readonly stored: Promise<void>;
}

/** The records of one log. Writes reject with {@link LogUnavailableError} when nothing was stored. */
export class LogRecords {
  readonly #options: LogRecordsOptions;
  readonly #marks = new Map<string, PendingMark>();

  constructor(options: LogRecordsOptions) {
    this.#options = options;
  }

  async setOwner(thread: string, owner: string): Promise<void> {
    this.#admit(thread, owner);
    const { heads } = this.#options;
    const head = heads.open(thread);
    head.nextOwner = owner;
    heads.pin(head);
    await this.#write(
      (into) => {
        into.push({ key: threadKey(thread), value: recordOf(head) });
      },
      0,
      () => {
        head.owner = owner;
        heads.unpin(head);
      }
    );
  }

  /** Whether the user has published to the thread or marked it as read, counting writes in progress. */
  isMember(user: string, thread: string): boolean {
    return this.#marks.has(`${thread}\n${user}`) || this.#mark(thread, user) !== null;
  }

  readMark(thread: string, user: string): number {
    if (keyProblem(thread, user) !== null) return 0;
    return this.#mark(thread, user) ?? 0;
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
  #mark(thread: string, user: string): number | null {
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
    const isNewHere = !this.isMember(user, thread);
    const stored = this.#write((into) => {
      into.push({ key: memberKey(user, thread), value: String(mark) });
      const { heads, lists } = this.#options;
      if (isNewHere) lists.joined(user, thread, heads.open(thread).writtenAt, into);
    });
    const pending: PendingMark = { read: mark, stored };
    this.#marks.set(pendingKey, pending);
    try {
      await stored;
    } finally {
      if (this.#marks.get(pendingKey) === pending) this.#marks.delete(pendingKey);
    }
    return mark;
  }

  async list(thread: string, user: string): Promise<void> {
    this.#admit(thread, user);
    if (this.isMember(user, thread)) return;
    await this.#write((into) => {
      // The row may have been written since, with a read mark that must stay.
      if (this.isMember(user, thread)) return;
      into.push({ key: memberKey(user, thread), value: '0' });
      const { heads, lists } = this.#options;
      lists.joined(user, thread, heads.get(thread)?.writtenAt ?? 0, into);
    });
  }

  async setUnwatched(thread: string, state: WatchRecord | null): Promise<void> {
    this.#admit(thread, '');
    const value = state === null ? null : JSON.stringify(state);
    await this.#write((into) => {
      into.push({ key: watchKey(thread), value });
    });
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
    this.#admit(thread, '');
    await this.#write((into) => {
      into.push({ key: recordKey(thread, kind, id), value: text });
    }, text?.length);
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

  #write(
    write: (into: LogWrite[]) => void,
    chars = 0,
    onStored: () => void = () => undefined
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.queue.push({
        bytes: RECORD_BYTES + chars,
        write,
        settle: (failure) => {
          if (failure === null) {
            onStored();
            resolve();
          } else {
            reject(new LogUnavailableError(failure));
          }
        }
      });
    });
  }
}
