/**
 * Reads a whole log without changing it and reports what is wrong. It also works on a log that the server refuses.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { reasonOf } from '../../../../machines/reason.js';
import { checkFeed } from './feed-check.js';
import { checkLists } from './list-check.js';
import { exportLog, PROBLEMS_MAX } from './log-export.js';
import { recordProblem } from '../../thread-records.js';
import { orDamaged } from '../../log-errors.js';
import { entryProblem } from '../disk/entry-problem.js';
import {
  decodeCount,
  decodeMeta,
  decodeRun,
  decodeThread,
  decodeWatch,
  entryKey,
  LISTED_FORMAT,
  LOG_FORMAT,
  META_KEY,
  midKey,
  rowName,
  RUN_KEY,
  SEALED_FORMAT,
  threadKey,
  unescaped,
  within,
  type LogKey,
  type LogRow
} from '../log-keys.js';
import { openStore, type LogStore } from '../log-store.js';
import { frameHeader } from '../../../../protocol/message-frame.js';
import { overWal } from '../wal/projection.js';
import { ThreadHeads } from '../thread-heads.js';

/** Rows between two reports of progress; the event loop also gets a turn then. */
const ROWS_A_TURN = 2_000;

/** What a check has found. */
export interface CheckReport {
  readonly format: number | null;
  readonly threads: number;
  readonly messages: number;
  readonly members: number;
  readonly unwatched: number;
  readonly problemCount: number;
  /** The first {@link PROBLEMS_MAX}, in words. */
  readonly problems: readonly string[];
}

/**
 * Checks that pages are whole, frames decode, offsets have no holes, the mid index and the entries agree, and marks
 * are in range. When pages are lost, the other rows are only counted, not compared. The server must be stopped.
 * @throws {LogOpenError} there is no log, or it may not be read
 * @throws {LogCorruptError} the data file is not a log at all
 */
export async function checkLog(
  dir: string,
  onProgress: (rows: number) => void = () => undefined
): Promise<CheckReport> {
  const { written, holes, holeCount } = await exportLog(dir, () => undefined);
  if (holeCount > 0) {
    return {
      format: null,
      threads: 0,
      messages: written,
      members: 0,
      unwatched: 0,
      problemCount: holeCount,
      problems: holes
    };
  }
  const damage: string[] = [];
  const store = overWal(openStore({ dir, use: 'read' }), dir, (what) => damage.push(what));
  try {
    return await new Check(store, dir, onProgress, damage).run();
  } finally {
    await store.close();
  }
}

class Check {
  readonly #store: LogStore;
  readonly #heads: ThreadHeads;
  readonly #onProgress: (rows: number) => void;
  readonly #problems: string[];
  #problemCount: number;
  #rows = 0;

  /** @param problems those known before */
  constructor(
    store: LogStore,
    dir: string,
    onProgress: (rows: number) => void,
    problems: string[]
  ) {
    this.#store = store;
    this.#problems = problems;
    this.#problemCount = problems.length;
    // Heads are not cached: every thread is read once.
    this.#heads = new ThreadHeads(store, dir);
    this.#onProgress = onProgress;
  }

  async run(): Promise<CheckReport> {
    const format = this.#meta();
    const messages = await this.#entries();
    await this.#index();
    const threads = await this.#threads();
    const members = await this.#members();
    const unwatched = await this.#unwatched();
    await this.#records();
    await this.#feed();
    if (format !== null && format >= LISTED_FORMAT) await this.#lists();
    return {
      format,
      threads,
      messages,
      members,
      unwatched,
      problemCount: this.#problemCount,
      problems: this.#problems
    };
  }

  #problem(what: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(what);
  }

  async #step(): Promise<void> {
    this.#rows += 1;
    if (this.#rows % ROWS_A_TURN !== 0) return;
    this.#onProgress(this.#rows);
    await nextTurn();
  }

  /** Reads a row. One that cannot be read is a problem and is treated as absent. */
  #get(...key: Parameters<LogStore['get']>): string | undefined {
    try {
      return this.#store.get(...key);
    } catch (error) {
      this.#problem(reasonOf(error));
      return undefined;
    }
  }

  /** Walks the rows of a tag. An altered one is a problem and is left out; `onDamage` is told of it in its turn. */
  #walk(tag: string, onDamage: (key: LogKey) => void = () => undefined): Iterable<LogRow> {
    return this.#store.range({
      ...within(tag),
      onDamage: (key) => {
        this.#altered(key);
        onDamage(key);
      }
    });
  }

  #altered(key: LogKey): void {
    this.#problem(`${rowName(key)} was altered`);
  }

  #meta(): number | null {
    const text = this.#get(META_KEY);
    const meta = text === undefined ? null : decodeMeta(text);
    if (meta === null) this.#problem('the meta row is missing or does not decode');
    else if (meta.format > LOG_FORMAT) {
      this.#problem(`format ${String(meta.format)} is newer than ${String(LOG_FORMAT)}`);
    }
    if (meta !== null && meta.format >= SEALED_FORMAT) this.#store.requireSeals();
    if (meta !== null && decodeRun(this.#get(RUN_KEY) ?? '') === null) {
      this.#problem('the run row is missing or does not decode');
    }
    const onDamage = (key: LogKey): void => {
      this.#altered(key);
    };
    for (const { key, value } of this.#store.range({ ...within('x', 'fence'), onDamage })) {
      if (decodeCount(value) === null) this.#problem(`${rowName(key)} does not decode`);
    }
    return meta?.format ?? null;
  }

  async #entries(): Promise<number> {
    let messages = 0;
    let thread: string | null = null;
    let expected = 0;
    const see = (id: string, offset: number): void => {
      if (id !== thread) {
        this.#end(thread, expected - 1);
        thread = id;
        expected = this.#first(id) ?? offset;
      }
      if (offset !== expected) {
        this.#problem(
          `thread ${id} has no entries ${String(expected)} to ${String(offset - 1)} (next is ${String(offset)})`
        );
      }
      expected = offset + 1;
    };
    const seeDamaged = ([, id, offset]: LogKey): void => {
      messages += 1;
      if (typeof id === 'string' && typeof offset === 'number') see(id, offset);
    };
    for (const row of this.#walk('e', seeDamaged)) {
      await this.#step();
      messages += 1;
      const problem = entryProblem(row);
      const [, id, offset] = row.key;
      if (typeof id !== 'string' || typeof offset !== 'number') {
        this.#problem(problem ?? 'a key is not an entry’s');
        continue;
      }
      see(id, offset);
      if (problem === null) this.#indexed(id, offset, row.value);
      else this.#problem(problem);
    }
    this.#end(thread, expected - 1);
    return messages;
  }

  #first(thread: string): number | null {
    return decodeThread(this.#get(threadKey(thread)) ?? '')?.first ?? null;
  }

  /** The thread's record may name an entry that does not exist. */
  #end(thread: string | null, last: number): void {
    if (thread === null) return;
    const record = decodeThread(this.#get(threadKey(thread)) ?? '');
    if (record === null)
      this.#problem(`the record of thread ${thread} is missing or does not decode`);
    else if (record.last > last) {
      this.#problem(
        `thread ${thread} has no entries ${String(last + 1)} to ${String(record.last)}`
      );
    }
  }

  #indexed(thread: string, offset: number, frame: string): void {
    const mid = frameHeader(frame)?.mid;
    const at = mid === undefined ? undefined : this.#get(midKey(mid, thread));
    if (at === undefined || decodeCount(at) !== offset) {
      this.#problem(
        `entry ${String(offset)} of thread ${thread} is ${at === undefined ? 'not in the mid index' : `in the mid index as ${at}`}`
      );
    }
  }

  async #index(): Promise<void> {
    for (const { key, value } of this.#walk('m')) {
      await this.#step();
      const [, text, thread] = key;
      const mid = typeof text === 'string' ? unescaped(text) : null;
      const offset = decodeCount(value);
      if (mid === null || typeof thread !== 'string' || offset === null) {
        this.#problem(`the index row ${JSON.stringify(key)} does not decode`);
        continue;
      }
      const frame = this.#get(entryKey(thread, offset));
      if (frame === undefined || frameHeader(frame)?.mid !== mid) {
        this.#problem(
          `the index names entry ${String(offset)} of thread ${thread} for mid ${JSON.stringify(mid)}, which is not there`
        );
      }
    }
  }

  async #threads(): Promise<number> {
    let threads = 0;
    for (const { key, value } of this.#walk('t')) {
      await this.#step();
      threads += 1;
      const record = decodeThread(value);
      const thread = String(key[1]);
      if (record === null || record.first < 1 || record.first > this.#last(thread) + 1) {
        this.#problem(`the record of thread ${thread} does not fit its entries`);
      }
    }
    return threads;
  }

  #last(thread: string): number {
    try {
      return this.#heads.peek(thread)?.last ?? 0;
    } catch (error) {
      this.#problem(reasonOf(error));
      return 0;
    }
  }

  async #members(): Promise<number> {
    let members = 0;
    for (const { key, value } of this.#walk('u')) {
      await this.#step();
      members += 1;
      const thread = String(key[2]);
      const read = decodeCount(value);
      if (read === null || read > this.#last(thread)) {
        this.#problem(
          `the read mark ${value} of ${String(key[1])} in thread ${thread} is out of range`
        );
      }
    }
    return members;
  }

  async #unwatched(): Promise<number> {
    let unwatched = 0;
    for (const { key, value } of this.#walk('h')) {
      await this.#step();
      unwatched += 1;
      const thread = String(key[1]);
      const record = decodeWatch(value);
      if (record === null || record.from > this.#last(thread)) {
        this.#problem(`the unwatched mark of thread ${thread} does not fit its entries`);
      }
    }
    return unwatched;
  }

  async #records(): Promise<void> {
    for (const { key, value } of this.#walk('r')) {
      await this.#step();
      const [, thread, kind, id] = key;
      const read = unescaped(String(id));
      if (typeof thread !== 'string' || read === null || recordProblem(String(kind), read, value)) {
        this.#problem(`the record ${JSON.stringify(key)} does not decode`);
      }
    }
  }

  #feed(): Promise<void> {
    const last = (thread: string): number => this.#last(thread);
    return this.#take(
      checkFeed(this.#store, last, (key) => {
        this.#altered(key);
      })
    );
  }

  #lists(): Promise<void> {
    const newestAt = (thread: string): number | null => {
      const head = orDamaged(() => this.#heads.peek(thread), null);
      return head === null || head.last === 0 ? null : head.at;
    };
    return this.#take(
      checkLists(this.#store, newestAt, (key) => {
        this.#altered(key);
      })
    );
  }

  async #take(problems: Iterable<string | null>): Promise<void> {
    for (const problem of problems) {
      await this.#step();
      if (problem !== null) this.#problem(problem);
    }
  }
}
