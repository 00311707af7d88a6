/**
 * Checks the pages of the data file that a walk is about to touch. The storage engine ends the process when it comes from
 * one page to a damaged next one; a search by key is safe, it refuses such a page.
 *
 * The pages are read without the engine, as of the newest commit. A commit that comes in between can make one look
 * damaged that is not, so it is looked at again. How a page is laid out is said in log-pages.ts.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  FLAG,
  HEADER_BYTES,
  newestHeaderOf,
  NO_PAGE,
  type FileHeader
} from './disk/pages/headers.js';
import { DATA_FILE } from './disk/pages/log-file.js';
import { NODE_BYTES } from './disk/pages/page-layout.js';
import { LogCorruptError } from '../log-errors.js';
import type { LogKey } from './log-keys.js';

/** How often a page that looks damaged is looked at. */
const LOOKS = 3;

/** A leaf, and between which keys it lies; null where there is no other leaf. */
interface Leaf {
  readonly low: Buffer | null;
  readonly high: Buffer | null;
  /** Keys of its first and its last row; null when it has none. */
  readonly first: Buffer | null;
  readonly last: Buffer | null;
}

/** The engine's own way with keys. */
export interface KeyForm {
  readonly bytesOf: (key: LogKey) => Buffer;
  /** Null for bytes that are no key. */
  readonly keyOf: (bytes: Buffer) => LogKey | null;
  readonly compare: (one: LogKey, other: LogKey) => number;
}

/** Thrown and caught here: why a page cannot be used. */
class PageProblem extends Error {}

/** The pages of one data file. */
export class WalkGuard {
  readonly #dir: string;
  readonly #file: number;
  readonly form: KeyForm;
  #page = Buffer.alloc(0);

  constructor(dir: string, form: KeyForm) {
    this.#dir = dir;
    this.form = form;
    this.#file = openSync(join(dir, DATA_FILE), 'r');
  }

  close(): void {
    closeSync(this.#file);
  }

  /**
   * Begins a walk from a key on, upwards or downwards, after checking the first page.
   * @throws {LogCorruptError} a page is damaged
   */
  walk(from: LogKey, isDown: boolean): GuardedWalk {
    return new GuardedWalk(this, this.form.bytesOf(from), isDown);
  }

  /**
   * The leaf where a key is, or would be; with `isBelow` the one with the keys below it.
   * @throws {LogCorruptError} a page on the way, or the leaf, is damaged
   */
  leaf(key: Buffer, isBelow: boolean): Leaf | null {
    for (let look = 1; ; look += 1) {
      try {
        const header = newestHeaderOf(this.#file);
        if (header === null) throw new PageProblem('the file does not begin like a log');
        return header.rows.root === NO_PAGE ? null : this.#find(header, key, isBelow);
      } catch (error) {
        if (!(error instanceof PageProblem)) throw error;
        if (look === LOOKS) throw new LogCorruptError(this.#dir, error.message);
      }
    }
  }

  #find(header: FileHeader, key: Buffer, isBelow: boolean): Leaf {
    let number = header.rows.root;
    let low: Buffer | null = null;
    let high: Buffer | null = null;
    // A tree of this depth would have more rows than there are bytes.
    for (let depth = 0; depth < 64; depth += 1) {
      const page = this.#read(header, number);
      const count = page.readUInt16LE(20) >> 1;
      if (page.readUInt16LE(18) === FLAG.leaf) {
        for (let index = 0; index < count; index += 1) keyEndAt(page, number, index);
        const first = count === 0 ? null : Buffer.from(keyAt(page, number, 0));
        const last = count === 0 ? null : Buffer.from(keyAt(page, number, count - 1));
        return { low, high, first, last };
      }
      // The first child has no key of its own.
      let child = 0;
      for (let below = count; below - child > 1;) {
        const middle = (child + below) >> 1;
        const order = keyAt(page, number, middle).compare(key);
        if (order < 0 || (order === 0 && !isBelow)) child = middle;
        else below = middle;
      }
      if (child > 0) low = Buffer.from(keyAt(page, number, child));
      if (child + 1 < count) high = Buffer.from(keyAt(page, number, child + 1));
      const node = nodeAt(page, number, child);
      number = BigInt(page.readUInt32LE(node)) | (BigInt(page.readUInt16LE(node + 4)) << 32n);
    }
    throw new PageProblem('its pages lead in a circle');
  }

  #read({ pageBytes, lastPage, transaction }: FileHeader, number: bigint): Buffer {
    if (this.#page.length !== pageBytes) this.#page = Buffer.alloc(pageBytes);
    const page = this.#page;
    const isThere =
      number <= BigInt(lastPage) &&
      readSync(this.#file, page, 0, pageBytes, Number(number) * pageBytes) === pageBytes;
    const kind = page.readUInt16LE(18);
    if (
      !isThere ||
      page.readBigUInt64LE(0) !== number ||
      page.readBigUInt64LE(8) > transaction ||
      (kind !== FLAG.branch && kind !== FLAG.leaf)
    ) {
      throw new PageProblem(`page ${String(number)} is damaged`);
    }
    return page;
  }
}

/** One walk. The caller says at which row it is before it asks the engine for the next one. */
export class GuardedWalk {
  readonly #guard: WalkGuard;
  readonly #isDown: boolean;
  /** The page that the walk is on; null when it was the last. */
  #leaf: Leaf | null;
  /** The last row of that page in the direction of the walk. */
  #edge: LogKey | null = null;

  constructor(guard: WalkGuard, from: Buffer, isDown: boolean) {
    this.#guard = guard;
    this.#isDown = isDown;
    this.#leaf = guard.leaf(from, false);
    // The engine looks for the first key that is not below, which may be on the next page; downwards it goes back from it.
    const { last = null, high = null } = this.#leaf ?? {};
    if (isDown && high !== null && (last === null || last.compare(from) < 0)) {
      guard.leaf(high, false);
    }
    this.#pass(from);
  }

  /** Checks the next page if the walk leaves its page after this row. */
  at(key: LogKey): void {
    if (this.#leaf === null) return;
    const { bytesOf, compare } = this.#guard.form;
    const order = this.#edge === null ? 0 : compare(key, this.#edge);
    if (this.#isDown ? order <= 0 : order >= 0) this.#pass(bytesOf(key));
  }

  #pass(key: Buffer): void {
    while (this.#leaf !== null) {
      const { low, high, first, last }: Leaf = this.#leaf;
      const edge = this.#isDown ? first : last;
      if (edge !== null && (this.#isDown ? edge.compare(key) < 0 : edge.compare(key) > 0)) {
        this.#edge = this.#guard.form.keyOf(edge);
        return;
      }
      const beyond = this.#isDown ? low : high;
      const next: Leaf | null = beyond === null ? null : this.#guard.leaf(beyond, this.#isDown);
      const { low: nextLow = null, high: nextHigh = null } = next ?? {};
      // Commits in between can only make this look backwards; then the rest of the walk is not checked.
      const isBack = this.#isDown
        ? nextLow !== null && low !== null && nextLow.compare(low) >= 0
        : nextHigh !== null && high !== null && nextHigh.compare(high) <= 0;
      this.#leaf = isBack ? null : next;
    }
  }
}

function nodeAt(page: Buffer, number: bigint, index: number): number {
  const pointer = HEADER_BYTES + index * 2;
  const node = pointer + 2 <= page.length ? HEADER_BYTES + page.readUInt16LE(pointer) : Infinity;
  if (node + NODE_BYTES > page.length || index * 2 >= page.readUInt16LE(20)) {
    throw new PageProblem(`page ${String(number)}: row ${String(index)} lies outside of it`);
  }
  return node;
}

function keyEndAt(page: Buffer, number: bigint, index: number): number {
  const node = nodeAt(page, number, index);
  const end = node + NODE_BYTES + page.readUInt16LE(node + 6);
  if (end <= page.length) return end;
  throw new PageProblem(`page ${String(number)}: row ${String(index)} lies outside of it`);
}

function keyAt(page: Buffer, number: bigint, index: number): Buffer {
  const end = keyEndAt(page, number, index);
  return page.subarray(nodeAt(page, number, index) + NODE_BYTES, end);
}
