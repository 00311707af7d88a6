/**
 * The lists of users' threads, newest first: an index by user, time and thread, so that a page reads only its own rows.
 * A message changes the position of its thread in the lists of all members. Their rows are moved some time later, once
 * for all messages until then: an append writes at most one more row, and none in a busy thread. Until then the thread is
 * late; a page sorts the late threads of its user in by itself.
 *
 * Every change is decided when its job is written into a commit, as for pending marks (pending-marks.ts).
 * @see docs/adr/0019-lists-of-threads-are-an-index.md
 */
import type { Clock } from '../../clock.js';
import { orDamaged } from '../log-errors.js';
import type { Job } from './commit-queue.js';
import {
  AFTER_ALL,
  decodeCount,
  lateKey,
  listedKey,
  listKey,
  within,
  withinList,
  type LogKey
} from './log-keys.js';
import type { LogStore, LogWrite } from './log-store.js';
import type { Head, ThreadHeads } from './thread-heads.js';
import type { ListPlace } from '../thread-records.js';

/** Time after which the rows of a late thread are moved, in milliseconds: once for all messages until then. */
export const MOVE_AFTER_MS = 10_000;

/** Late threads above which the oldest are moved before that time, because a page looks at all late threads. */
export const LATE_MAX = 1_024;

/** Late threads above which an append moves the rows of its thread itself. It bounds what a page looks at in one turn. */
export const LATE_HARD_MAX = 2_048;

/** Most members whose rows one commit moves: a few milliseconds of work. */
const MOVE_MEMBERS = 256;

/** Most members whose rows an append moves itself. */
const APPEND_MEMBERS = 64;

/** Passed to reads that skip damaged rows. `log check` reports such rows. */
const passOver = (): void => undefined;

/** Options of {@link UserLists}. */
export interface UserListsOptions {
  readonly store: LogStore;
  readonly heads: ThreadHeads;
  readonly clock: Clock;
  /** Called when {@link UserLists.next} has work to return. */
  readonly onWork: () => void;
}

/** A thread of a user's list, with the time that it is sorted by. */
export interface ListedHead {
  readonly at: number;
  readonly head: Head;
}

/** A thread whose rows are not all at its newest time. */
interface Late {
  /** When it became late, or when the last move of its rows began; a moment of `Clock.elapsed()`. */
  since: number;
  /** Target time of the move in progress, and the member whose row was moved last; null between two moves. */
  move: { readonly at: number; readonly after: LogKey } | null;
}

/** The lists of one log. */
export class UserLists {
  readonly #options: UserListsOptions;
  /** In order: the first has been late for the longest time. */
  readonly #late = new Map<string, Late>();
  /** Threads whose last rows are moved by the commit in progress. */
  readonly #moving = new Set<string>();
  #timer: unknown = null;

  constructor(options: UserListsOptions) {
    this.#options = options;
    this.restore();
  }

  /** Number of late threads. */
  get late(): number {
    return this.#late.size;
  }

  /** Notes a message in the commit being written. The row of a thread's only member is at its time already. */
  appended(head: Head, at: number, isOnlyMember: boolean, into: LogWrite[]): void {
    head.writtenAt = at;
    const { thread } = head;
    if (isOnlyMember || this.#late.has(thread)) return;
    if (this.#late.size >= LATE_HARD_MAX && this.#moveAll(thread, at, into)) return;
    into.push({ key: lateKey(thread), value: '1' });
    this.#setLate(thread, null);
  }

  /** Whether the disk has a thread in somebody's list, which can be before its first message. */
  has(thread: string): boolean {
    for (const _ of this.#options.store.keys({ ...within('w', thread), limit: 1 })) return true;
    return false;
  }

  /** Lists a thread for a new member. */
  joined(user: string, thread: string, at: number, into: LogWrite[]): void {
    into.push(...listRows(user, thread, at));
  }

  /** Returns the rows to move in the next commit; null when nothing is due. */
  next(): Job | null {
    const now = this.#options.clock.elapsed();
    for (const [thread, late] of this.#late) {
      // What it writes rests on the rows as they are on the disk.
      if (this.#moving.has(thread)) continue;
      const isDue = this.#late.size > LATE_MAX || now - late.since >= MOVE_AFTER_MS;
      if (late.move === null && !isDue) break;
      try {
        return this.#move(thread, late);
      } catch {
        // The thread cannot be read. It stays late and is tried again after the others.
        this.#late.delete(thread);
        this.#setLate(thread, null);
        break;
      }
    }
    this.#wait();
    return null;
  }

  /**
   * Returns at most `limit` threads of a user after a position, newest first, whether there are more, and how many other
   * rows had to be read.
   */
  page(
    user: string,
    before: ListPlace | null,
    limit: number
  ): { rows: ListedHead[]; more: boolean; passed: number } {
    const { store } = this.#options;
    const rows: ListedHead[] = [];
    const isWanted = ({ at, head }: ListedHead): boolean =>
      before === null || order({ at, thread: head.thread }, before) > 0;
    let looked = 0;
    for (const thread of new Set([...this.#late.keys(), ...this.#moving])) {
      looked++;
      const listed = orDamaged(() => store.get(listedKey(thread, user)), undefined);
      const head = listed === undefined ? null : this.#head(thread);
      if (head !== null && isWanted({ at: head.at, head })) rows.push({ at: head.at, head });
    }
    let left = limit + 1;
    const range = { ...withinList(user, before), reverse: true, onDamage: passOver };
    for (const { key } of store.range(range)) {
      looked++;
      const row = this.#row(user, key);
      if (row === null || !isWanted(row)) continue;
      rows.push(row);
      if (--left === 0) break;
    }
    rows.sort((one, other) =>
      order({ at: one.at, thread: one.head.thread }, { at: other.at, thread: other.head.thread })
    );
    const page = rows.slice(0, limit);
    return { rows: page, more: rows.length > limit, passed: looked - page.length };
  }

  /** Reads from the disk which threads are late, at the start or after a failed commit. No write may be in progress. */
  restore(): void {
    this.#late.clear();
    this.#moving.clear();
    for (const key of this.#options.store.keys(within('d'))) this.#setLate(String(key[1]), null);
  }

  /** Undoes the move of a failed commit. Nothing is moved until `restore`. */
  clear(): void {
    this.stop();
    const since = this.#options.clock.elapsed();
    for (const thread of this.#moving) this.#late.set(thread, { since, move: null });
    this.#moving.clear();
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #setLate(thread: string, move: Late['move']): void {
    this.#late.set(thread, { since: this.#options.clock.elapsed(), move });
    this.#wait();
  }

  #wait(): void {
    const [first] = this.#late.values();
    if (first === undefined || this.#timer !== null) return;
    const { clock, onWork } = this.#options;
    const afterMs = Math.max(1, first.since + MOVE_AFTER_MS - clock.elapsed());
    this.#timer = clock.setTimeout(() => {
      this.#timer = null;
      onWork();
    }, afterMs);
  }

  #move(thread: string, late: Late): Job {
    const { store, heads } = this.#options;
    const newestAt = heads.peek(thread)?.writtenAt ?? null;
    const at = late.move?.at ?? newestAt;
    const from = late.move?.after ?? within('w', thread).from;
    const { to } = within('w', thread);
    const writes: LogWrite[] = [];
    let seen = 0;
    let after = from;
    for (const { key, value } of store.range({
      from,
      to,
      limit: MOVE_MEMBERS,
      onDamage: passOver
    })) {
      seen += 1;
      after = [...key, AFTER_ALL];
      if (at !== null) this.#moveRow(key, decodeCount(value), at, writes);
    }
    if (seen === MOVE_MEMBERS && at !== null) {
      // Unfinished: it stays the first, so that the next commit continues it.
      late.move = { at, after };
    } else if (newestAt !== at) {
      // A message came since the first members' rows were moved: the thread is late again.
      this.#late.delete(thread);
      this.#setLate(thread, null);
    } else {
      this.#late.delete(thread);
      this.#moving.add(thread);
      writes.push({ key: lateKey(thread), value: null });
    }
    return {
      bytes: 0,
      write: (into) => {
        into.push(...writes);
      },
      settle: (failure) => {
        if (failure === null) this.#moving.delete(thread);
      }
    };
  }

  /** Moves the rows of all members of a thread; returns false, and moves none, when they are too many. */
  #moveAll(thread: string, at: number, into: LogWrite[]): boolean {
    const writes: LogWrite[] = [];
    const range = { ...within('w', thread), limit: APPEND_MEMBERS, onDamage: passOver };
    let seen = 0;
    for (const { key, value } of this.#options.store.range(range)) {
      seen += 1;
      this.#moveRow(key, decodeCount(value), at, writes);
    }
    if (seen === APPEND_MEMBERS) return false;
    into.push(...writes);
    return true;
  }

  #moveRow([, thread, user]: LogKey, from: number | null, at: number, into: LogWrite[]): void {
    if (typeof thread !== 'string' || typeof user !== 'string' || from === at) return;
    if (from !== null) into.push({ key: ['l', user, from, thread], value: null });
    into.push(
      { key: ['l', user, at, thread], value: '1' },
      { key: ['w', thread, user], value: String(at) }
    );
  }

  /** Returns a row of the index; null when it is outdated or the thread is late. */
  #row(user: string, [, , at, thread]: LogKey): ListedHead | null {
    if (typeof at !== 'number' || typeof thread !== 'string') return null;
    if (this.#late.has(thread) || this.#moving.has(thread)) return null;
    const listed = orDamaged(() => this.#options.store.get(listedKey(thread, user)), undefined);
    // Two first messages of a new member that were queued together leave two rows; the older one is outdated. It is
    // passed over here and gone after `log repair`, and `log check` does not name it, since nothing is wrong with it.
    if (listed === undefined || decodeCount(listed) !== at) return null;
    const head = this.#head(thread);
    return head === null ? null : { at, head };
  }

  #head(thread: string): Head | null {
    const head = orDamaged(() => this.#options.heads.peek(thread), null);
    return head === null || head.last === 0 ? null : head;
  }
}

/** The rows that list a thread for a user at a time. */
export function listRows(user: string, thread: string, at: number): LogWrite[] {
  return [
    { key: listKey(user, at, thread), value: '1' },
    { key: listedKey(thread, user), value: String(at) }
  ];
}

/** Compares for newest first: above 0 when `one` comes after `other`. */
function order(one: ListPlace, other: ListPlace): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.thread === other.thread) return 0;
  return one.thread < other.thread ? 1 : -1;
}
