/**
 * Reads the pages of a log's data file without the storage engine, for a file that may be damaged. On a page that it
 * does not expect the engine ends the process; this reader reports the hole and continues with the next page. Nobody
 * may write to the log meanwhile.
 * @see the engine's own layout: MDB_page, MDB_node and MDB_meta in lmdb.h and mdb.c of LMDB 1.0 (data format 2)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  findHeader,
  FLAG,
  HEADER_BYTES,
  NO_PAGE,
  type FileHeader,
  type FoundHeader,
  type TreeRecord
} from './headers.js';
import { DATA_FILE, withDataFile } from './log-file.js';
import { BIG_VALUE, BIG_VALUE_BYTES, freeRuns, isTiled, NODE_BYTES } from './page-layout.js';

/** A row as it is stored on its page. */
export interface PageRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The first page behind the two headers. */
const FIRST_PAGE = 2;
/** The engine's bound on keys. */
const KEY_BYTES_MAX = 1_978;

/** Keys that a page may hold: from `low`, below `high`; null where there is no bound. */
interface Bounds {
  readonly low: Buffer | null;
  readonly high: Buffer | null;
}

/** Whether a tree is the engine's list of free pages, whose keys are numbers, or holds our rows. */
type Tree = 'free' | 'rows';

/** Where a page is in its tree. */
interface Place {
  readonly tree: Tree;
  readonly bounds: Bounds;
  /** Pages from the root down to this one. */
  readonly depth: number;
  /** Commit of the page that leads here, which is never older than this one's. */
  readonly commit: bigint;
}

/** How many pages, by kind, and rows of a tree were met. */
interface Counts {
  branches: number;
  leaves: number;
  overflows: number;
  rows: number;
}

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
  /** For each page of the file: 1 when a tree uses it, 2 when it is in the list of free pages. */
  readonly #uses: Uint8Array;
  readonly #headerProblem: string | null;
  #counts: Counts = { branches: 0, leaves: 0, overflows: 0, rows: 0 };
  /** Free pages that the file is too short for: the engine may leave them out. */
  #unwritten = 0n;
  #isFreeListWhole = true;
  #isBranchLost = false;
  #holes = 0;

  /** Opens the data file of a directory; null when it does not begin like a log. */
  static open(dir: string, onHole: (what: string) => void): LogPages | null {
    const file = openSync(join(dir, DATA_FILE), 'r');
    const found = findHeader(file);
    if (found !== null) return new LogPages(file, found, onHole);
    closeSync(file);
    return null;
  }

  /** Id of the newest commit of the log in a directory; null when there is no log. */
  static transactionOf(dir: string): bigint | null {
    return withDataFile(dir, findHeader)?.header.transaction ?? null;
  }

  private constructor(file: number, found: FoundHeader, onHole: (what: string) => void) {
    this.#file = file;
    this.#header = found.header;
    this.#headerProblem = found.problem;
    this.#onHole = onHole;
    this.#uses = new Uint8Array(Math.ceil(fstatSync(file).size / found.header.pageBytes));
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Id of the commit that these pages are of. */
  get transaction(): bigint {
    return this.#header.transaction;
  }

  /** How many bytes the file is shorter than its header says. */
  get missingBytes(): number {
    const { lastPage, pageBytes } = this.#header;
    return Math.max(0, lastPage + 1 - this.#uses.length) * pageBytes;
  }

  /** Holes in pages and rows, without those in the headers. */
  get holes(): number {
    return this.#holes;
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
    const { rows, free, lastPage } = this.#header;
    if (this.#headerProblem !== null) this.#onHole(this.#headerProblem);
    yield* this.#tree('rows', rows);
    const before = this.#holes;
    for (const { key, value } of this.#tree('free', free)) this.#free(key, value);
    if (this.#holes > before) this.#isFreeListWhole = false;
    if (this.#holes > 0) return;
    const last = this.#uses.findLastIndex((use) => use !== 0);
    const missing = BigInt(Math.max(0, lastPage + 1 - this.#uses.length));
    if (last > lastPage || this.#unwritten !== missing) {
      this.#onHole('its header does not say where it ends');
    }
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

  *#tree(tree: Tree, record: TreeRecord): Generator<PageRow, void> {
    this.#counts = { branches: 0, leaves: 0, overflows: 0, rows: 0 };
    const before = this.#holes;
    if (record.root !== NO_PAGE) {
      const bounds = { low: null, high: null };
      const commit = this.#header.transaction;
      yield* this.#page(record.root, { tree, bounds, depth: 1, commit }, record.depth);
    }
    if (this.#holes > before) return;
    const { branches, leaves, overflows, rows } = this.#counts;
    if (
      BigInt(branches) !== record.branches ||
      BigInt(leaves) !== record.leaves ||
      BigInt(overflows) !== record.overflows ||
      BigInt(rows) !== record.rows ||
      (record.root === NO_PAGE && record.depth !== 0)
    ) {
      this.#onHole('its header counts other pages and rows than there are');
    }
  }

  *#page(number: bigint, place: Place, leafDepth: number): Generator<PageRow, void> {
    const { tree } = place;
    const page = this.#read(number, FLAG.branch | FLAG.leaf);
    const problem = typeof page === 'string' ? page : this.#use(number, 1);
    if (typeof page === 'string' || problem !== null) {
      this.#hole(`page ${String(number)} ${String(problem)}`);
      // It is not known whether the page led to others.
      this.#isBranchLost ||= tree === 'rows';
      return;
    }
    const isLeaf = page.readUInt16LE(18) === FLAG.leaf;
    const commit = page.readBigUInt64LE(8);
    if (commit > place.commit) this.#hole(`page ${String(number)} is newer than what leads to it`);
    if (isLeaf !== (place.depth === leafDepth) || place.depth > leafDepth) {
      this.#hole(`page ${String(number)} is at the wrong depth`);
    }
    if (!isTiled(page)) this.#hole(`page ${String(number)} does not say where its rows are`);
    if (isLeaf) {
      this.#counts.leaves += 1;
      yield* this.#leaf(page, number, place.bounds, tree);
    } else {
      this.#counts.branches += 1;
      yield* this.#branch(page, number, { ...place, commit }, leafDepth);
    }
  }

  *#branch(
    page: Buffer,
    number: bigint,
    { tree, bounds, depth, commit }: Place,
    leafDepth: number
  ): Generator<PageRow, void> {
    const children: { key: Buffer; child: bigint }[] = [];
    for (const node of this.#nodes(page, number)) {
      const low = BigInt(page.readUInt32LE(node));
      const child = low | (BigInt(page.readUInt16LE(node + 4)) << 32n);
      const keyEnd = node + NODE_BYTES + page.readUInt16LE(node + 6);
      const key = page.subarray(node + NODE_BYTES, keyEnd);
      // The first child has no key of its own.
      const before = children.length > 1 ? (children.at(-1)?.key ?? null) : bounds.low;
      const isFit = children.length === 0 || isWithin(key, { ...bounds, low: before }, tree);
      if (keyEnd > page.length || !isFit) {
        this.#hole(`page ${String(number)}: a key is out of place`);
        this.#isBranchLost ||= tree === 'rows';
      } else {
        children.push({ key, child });
      }
    }
    this.#isBranchLost ||= tree === 'rows' && children.length < page.readUInt16LE(20) >> 1;
    // The engine takes for granted that there are two.
    if (children.length < 2) this.#hole(`page ${String(number)} leads to too few`);
    for (const [index, { key, child }] of children.entries()) {
      const low = index === 0 ? bounds.low : key;
      const within = { low, high: children[index + 1]?.key ?? bounds.high };
      yield* this.#page(child, { tree, bounds: within, depth: depth + 1, commit }, leafDepth);
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
        !isWithin(row.key, { low, high: bounds.high }, tree) ||
        (!isFirst && low?.equals(row.key))
      ) {
        this.#hole(`page ${String(number)}: a row is out of place`);
      } else {
        low = row.key;
        isFirst = false;
        this.#counts.rows += 1;
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

  /** Notes the pages of an entry of the free list. */
  #free(key: Buffer, value: Buffer): void {
    const problem = freeRuns(key, value, this.#header.transaction, (first, pages) => {
      const end = first + pages;
      if (first < BigInt(FIRST_PAGE) || end > BigInt(this.#header.lastPage) + 1n) {
        return `names page ${String(first)}, which does not exist`;
      }
      const written = BigInt(this.#uses.length);
      for (let page = first; page < end && page < written; page += 1n) {
        const used = this.#use(page, 2);
        if (used !== null) return `names page ${String(page)}, which ${used}`;
      }
      if (end > written) this.#unwritten += end - (first > written ? first : written);
      return null;
    });
    if (problem !== null) this.#hole(`a row of the list of free pages ${problem}`);
  }

  /** A page of the wanted kind, or why it is not one. */
  #read(number: bigint, kinds: number): Buffer | string {
    const { pageBytes, transaction } = this.#header;
    if (number >= BigInt(this.#uses.length)) return 'is beyond the end of the file';
    const page = this.#bytes(number, 0, pageBytes);
    if (page === null) return 'is beyond the end of the file';
    if (page.readBigUInt64LE(0) !== number) return 'holds something else';
    const kind = page.readUInt16LE(18);
    const isKind = kind === FLAG.branch || kind === FLAG.leaf || kind === FLAG.overflow;
    if (!isKind || (kind & kinds) === 0 || page.readUInt16LE(16) !== 0) {
      return 'is of the wrong kind';
    }
    return page.readBigUInt64LE(8) > transaction ? 'is newer than the log' : page;
  }

  #bytes(page: bigint, skip: number, length: number): Buffer | null {
    const bytes = Buffer.allocUnsafe(length);
    const position = Number(page) * this.#header.pageBytes + skip;
    return readSync(this.#file, bytes, 0, length, position) === length ? bytes : null;
  }

  /** Where the nodes of a page begin. */
  #nodes(page: Buffer, number: bigint): number[] {
    const nodes: number[] = [];
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    for (let index = 0; index < lower >> 1; index += 1) {
      const pointer = HEADER_BYTES + index * 2;
      const node = pointer + 2 <= page.length ? page.readUInt16LE(pointer) : 0;
      if (node >= upper && HEADER_BYTES + node + NODE_BYTES <= page.length) {
        nodes.push(HEADER_BYTES + node);
      } else {
        this.#hole(`page ${String(number)}: row ${String(index)} lies outside of it`);
      }
    }
    return nodes;
  }

  /** A row of a leaf, or what is wrong with it. */
  #row(page: Buffer, node: number): PageRow | string {
    const size = page.readUInt32LE(node);
    const flags = page.readUInt16LE(node + 4);
    if (flags !== 0 && flags !== BIG_VALUE) return 'a row is of the wrong kind';
    const keyEnd = node + NODE_BYTES + page.readUInt16LE(node + 6);
    const valueEnd = keyEnd + (flags === BIG_VALUE ? BIG_VALUE_BYTES : size);
    if (valueEnd > page.length) return 'a row lies outside of it';
    const key = page.subarray(node + NODE_BYTES, keyEnd);
    if (key.length === 0 || key.length > KEY_BYTES_MAX) return 'a row has no key';
    if (flags !== BIG_VALUE) return { key, value: page.subarray(keyEnd, valueEnd) };
    const first = page.readBigUInt64LE(keyEnd);
    const value = this.#bigValue(first, size, page.readBigUInt64LE(keyEnd + 16));
    return typeof value === 'string'
      ? `the value on page ${String(first)} ${value}`
      : { key, value };
  }

  /** A value on pages of its own. There may be more pages than it needs, of a longer one in the same commit. */
  #bigValue(first: bigint, size: number, pages: bigint): Buffer | string {
    const head = this.#read(first, FLAG.overflow);
    if (typeof head === 'string') return head;
    const end = first + pages;
    if (
      BigInt(head.readUInt32LE(20)) !== pages ||
      pages * BigInt(this.#header.pageBytes) < BigInt(HEADER_BYTES + size) ||
      end > BigInt(this.#uses.length)
    ) {
      return 'is cut off';
    }
    for (let page = first; page < end; page += 1n) {
      const problem = this.#use(page, 1);
      if (problem !== null) return problem;
    }
    this.#counts.overflows += Number(pages);
    return this.#bytes(first, HEADER_BYTES, size) ?? 'is cut off';
  }
}

function isWithin(key: Buffer, { low, high }: Bounds, tree: Tree): boolean {
  const compare = tree === 'rows' ? compareBytes : compareCommits;
  if (low !== null && compare(key, low) < 0) return false;
  return high === null || compare(key, high) < 0;
}

function compareBytes(one: Buffer, other: Buffer): number {
  return one.compare(other);
}

/** Orders keys of the list of free pages, which are numbers. What is none is out of place. */
function compareCommits(one: Buffer, other: Buffer): number {
  if (one.length !== 8 || other.length !== 8) return NaN;
  return Number(one.readBigInt64LE(0) - other.readBigInt64LE(0));
}
