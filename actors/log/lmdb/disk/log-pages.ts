/**
 * Reads the pages of a log's data file without the storage engine, for a file that may be damaged. On a page that it
 * does not expect the engine ends the process; this reader reports the hole and continues with the next page. Nobody
 * may write to the log meanwhile.
 * @see the engine's own layout: MDB_page, MDB_node and MDB_meta in lmdb.h and mdb.c of LMDB 1.0 (data format 2)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FILE, newestHeader, type FileHeader } from './log-file.js';

/** A row as it is stored on its page. */
export interface PageRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Bytes at the beginning of a page: its number, commit, kind, and where its rows are. */
export const HEADER_BYTES = 24;
/** Bytes before the key of a row. */
export const NODE_BYTES = 8;
/** Kinds of pages. */
export const FLAG = { branch: 1, leaf: 2, overflow: 4 };
/** Root of a tree without pages. */
export const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const BIG_VALUE = 1;
/** Pages of the two headers. */
const FIRST_PAGE = 2;

/** Keys that a page may hold: from `low`, below `high`; null where there is no bound. */
interface Bounds {
  readonly low: Buffer | null;
  readonly high: Buffer | null;
}

/** Whether a tree is the engine's list of free pages, whose keys are numbers, or holds our rows. */
type Tree = 'free' | 'rows';

/**
 * Yields all rows in key order; `onHole` is called for every page, or value, that cannot be read. Ends at once when
 * the file is not a log. Errors of the file system are thrown.
 */
export function* walkPages(dir: string, onHole: (what: string) => void): Generator<PageRow, void> {
  const pages = LogPages.open(dir, onHole);
  if (pages === null) {
    onHole(`${DATA_FILE} does not begin like a log`);
    return;
  }
  try {
    yield* pages.rows();
  } finally {
    pages.close();
  }
}

/** The pages of one data file. `rows` comes first and once; then it is known which pages nothing leads to. */
export class LogPages {
  readonly #file: number;
  readonly #header: FileHeader;
  readonly #onHole: (what: string) => void;
  /** For each page: 1 when a tree uses it, 2 when it is in the list of free pages. */
  readonly #uses: Uint8Array;
  #isFreeListWhole = true;
  #isBranchLost = false;
  #holes = 0;

  /** Opens the data file of a directory; null when it does not begin like a log. */
  static open(dir: string, onHole: (what: string) => void): LogPages | null {
    const header = newestHeader(dir);
    if (header === null) return null;
    return new LogPages(openSync(join(dir, DATA_FILE), 'r'), header, onHole);
  }

  /** Id of the newest commit of the log in a directory; null when there is no log. */
  static transactionOf(dir: string): bigint | null {
    return newestHeader(dir)?.transaction ?? null;
  }

  private constructor(file: number, header: FileHeader, onHole: (what: string) => void) {
    this.#file = file;
    this.#header = header;
    this.#onHole = onHole;
    const pages = Math.ceil(fstatSync(file).size / header.pageBytes);
    this.#uses = new Uint8Array(Math.min(pages, header.lastPage + 1));
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Id of the commit that these pages are of. */
  get transaction(): bigint {
    return this.#header.transaction;
  }

  /**
   * Whether every row that the file still has can be read: by `rows`, and by `lost` when a page is gone that leads to
   * others. Without the list of free pages, lost pages cannot be told from old ones.
   */
  get isRecoverable(): boolean {
    return !this.#isBranchLost || this.#isFreeListWhole;
  }

  /** Yields the rows in key order. */
  *rows(): Generator<PageRow, void> {
    const { rowsRoot, freeRoot } = this.#header;
    yield* this.#tree('rows', rowsRoot);
    const before = this.#holes;
    for (const { value } of this.#tree('free', freeRoot)) this.#free(value);
    if (this.#holes > before) this.#isFreeListWhole = false;
  }

  /** Yields, in no order, the rows of the pages that are in use although nothing leads to them. */
  *lost(): Generator<PageRow, void> {
    if (!this.#isBranchLost || !this.#isFreeListWhole) return;
    for (let page = FIRST_PAGE; page < this.#uses.length; page += 1) {
      if (this.#uses[page] !== 0) continue;
      const leaf = this.#read(BigInt(page), FLAG.leaf);
      if (typeof leaf === 'string') continue;
      this.#uses[page] = 1;
      yield* this.#leaf(leaf, BigInt(page), { low: null, high: null }, 'rows');
    }
  }

  #hole(what: string): void {
    this.#holes += 1;
    this.#onHole(what);
  }

  *#tree(tree: Tree, root: bigint): Generator<PageRow, void> {
    if (root !== NO_PAGE) yield* this.#page(root, { low: null, high: null }, tree);
  }

  *#page(number: bigint, bounds: Bounds, tree: Tree): Generator<PageRow, void> {
    const page = this.#read(number, FLAG.branch | FLAG.leaf);
    const problem = typeof page === 'string' ? page : this.#use(number, 1);
    if (typeof page === 'string' || problem !== null) {
      this.#hole(`page ${String(number)} ${String(problem)}`);
      // It is not known whether the page led to others.
      this.#isBranchLost ||= tree === 'rows';
    } else if (page.readUInt16LE(18) === FLAG.leaf) {
      yield* this.#leaf(page, number, bounds, tree);
    } else {
      yield* this.#branch(page, number, bounds, tree);
    }
  }

  *#branch(page: Buffer, number: bigint, bounds: Bounds, tree: Tree): Generator<PageRow, void> {
    const children: { key: Buffer; child: bigint }[] = [];
    for (const node of this.#nodes(page, number)) {
      const low = BigInt(page.readUInt32LE(node));
      const child = low | (BigInt(page.readUInt16LE(node + 4)) << 32n);
      const keyEnd = node + NODE_BYTES + page.readUInt16LE(node + 6);
      const key = page.subarray(node + NODE_BYTES, keyEnd);
      // The first child has no key of its own.
      const before = children.length > 1 ? (children.at(-1)?.key ?? null) : bounds.low;
      const isFit = children.length === 0 || isWithin(key, { ...bounds, low: before });
      if (keyEnd > page.length || (tree === 'rows' && !isFit)) {
        this.#hole(`page ${String(number)}: a key is out of place`);
        this.#isBranchLost ||= tree === 'rows';
      } else {
        children.push({ key, child });
      }
    }
    this.#isBranchLost ||= tree === 'rows' && children.length < page.readUInt16LE(20) >> 1;
    for (const [index, { key, child }] of children.entries()) {
      const low = index === 0 ? bounds.low : key;
      yield* this.#page(child, { low, high: children[index + 1]?.key ?? bounds.high }, tree);
    }
  }

  *#leaf(page: Buffer, number: bigint, bounds: Bounds, tree: Tree): Generator<PageRow, void> {
    let { low } = bounds;
    let isFirst = true;
    for (const node of this.#nodes(page, number)) {
      const row = this.#row(page, node);
      if (typeof row === 'string') {
        this.#hole(`page ${String(number)}: ${row}`);
      } else if (
        tree === 'rows' &&
        (!isWithin(row.key, { low, high: bounds.high }) || (!isFirst && low?.equals(row.key)))
      ) {
        this.#hole(`page ${String(number)}: a row is out of place`);
      } else {
        low = row.key;
        isFirst = false;
        yield row;
      }
    }
  }

  /** Notes what a page is used for; says when it is used already. */
  #use(page: bigint, use: 1 | 2): string | null {
    const index = Number(page);
    if (this.#uses[index] !== 0) return 'is used twice';
    this.#uses[index] = use;
    return null;
  }

  /** Notes the pages of an entry of the free list: its length, then pages, and blocks as `-length, first page`. */
  #free(value: Buffer): void {
    let pages = 1n;
    for (let at = 8; at + 8 <= value.length; at += 8) {
      const id = value.readBigInt64LE(at);
      if (id < 0n) {
        pages = -id;
        continue;
      }
      for (let page = id; id > 0n && page < id + pages; page += 1n) {
        const isOurs = page >= BigInt(FIRST_PAGE) && page < BigInt(this.#uses.length);
        const problem = isOurs ? this.#use(page, 2) : 'does not exist';
        if (problem !== null) {
          this.#hole(`page ${String(page)} in the list of free pages ${problem}`);
          break;
        }
      }
      pages = 1n;
    }
  }

  /** A page of the wanted kind, or why it is not one. */
  #read(number: bigint, kinds: number): Buffer | string {
    const { lastPage, pageBytes, transaction } = this.#header;
    if (number > BigInt(lastPage)) return 'does not exist';
    const page = this.#bytes(number, 0, pageBytes);
    if (page === null) return 'is beyond the end of the file';
    if (page.readBigUInt64LE(0) !== number) return 'holds something else';
    const kind = page.readUInt16LE(18);
    const isKind = kind === FLAG.branch || kind === FLAG.leaf || kind === FLAG.overflow;
    if (!isKind || (kind & kinds) === 0) return 'is of the wrong kind';
    return page.readBigUInt64LE(8) > transaction ? 'is newer than the log' : page;
  }

  #bytes(page: bigint, skip: number, length: number): Buffer | null {
    const bytes = Buffer.allocUnsafe(length);
    const position = Number(page) * this.#header.pageBytes + skip;
    return readSync(this.#file, bytes, 0, length, position) === length ? bytes : null;
  }

  /** Where the nodes of a page begin. */
  *#nodes(page: Buffer, number: bigint): Generator<number, void> {
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower > upper || HEADER_BYTES + upper > page.length || lower % 2 === 1) {
      this.#hole(`page ${String(number)} does not say where its rows are`);
    }
    for (let index = 0; index < lower >> 1; index += 1) {
      const pointer = HEADER_BYTES + index * 2;
      const node = pointer + 2 <= page.length ? page.readUInt16LE(pointer) : 0;
      if (node >= upper && HEADER_BYTES + node + NODE_BYTES <= page.length) {
        yield HEADER_BYTES + node;
      } else {
        this.#hole(`page ${String(number)}: row ${String(index)} lies outside of it`);
      }
    }
  }

  /** A row of a leaf, or what is wrong with it. */
  #row(page: Buffer, node: number): PageRow | string {
    const size = page.readUInt32LE(node);
    const flags = page.readUInt16LE(node + 4);
    if (flags !== 0 && flags !== BIG_VALUE) return 'a row is of the wrong kind';
    const keyEnd = node + NODE_BYTES + page.readUInt16LE(node + 6);
    const valueEnd = keyEnd + (flags === BIG_VALUE ? 8 : size);
    if (valueEnd > page.length) return 'a row lies outside of it';
    const key = page.subarray(node + NODE_BYTES, keyEnd);
    if (flags !== BIG_VALUE) return { key, value: page.subarray(keyEnd, valueEnd) };
    const first = page.readBigUInt64LE(keyEnd);
    const value = this.#bigValue(first, size);
    return typeof value === 'string'
      ? `the value on page ${String(first)} ${value}`
      : { key, value };
  }

  #bigValue(first: bigint, size: number): Buffer | string {
    const head = this.#read(first, FLAG.overflow);
    if (typeof head === 'string') return head;
    const pages = Math.ceil((HEADER_BYTES + size) / this.#header.pageBytes);
    if (head.readUInt32LE(20) !== pages || Number(first) + pages > this.#uses.length) {
      return 'is cut off';
    }
    for (let index = 0; index < pages; index += 1) {
      const problem = this.#use(first + BigInt(index), 1);
      if (problem !== null) return problem;
    }
    return this.#bytes(first, HEADER_BYTES, size) ?? 'is cut off';
  }
}

function isWithin(key: Buffer, { low, high }: Bounds): boolean {
  if (low !== null && key.compare(low) < 0) return false;
  return high === null || key.compare(high) < 0;
}
