/**
 * Reads the pages of a log's data file without the storage engine, for a file that may be damaged. On a page that it
 * does not expect the engine ends the process; this reader reports the hole and continues with the next page. Nobody
 * may write to the log meanwhile.
 * @see the engine's own layout: MDB_page, MDB_node and MDB_meta in lmdb.h and mdb.c of LMDB 1.0 (data format 2)
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FILE, newestHeader, type FileHeader } from './log-file.js';

/** A row as it is stored on its page. */
export interface PageRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

const HEADER_BYTES = 24;
const NODE_BYTES = 8;
const FLAG = { branch: 1, leaf: 2, overflow: 4, kinds: 7 };
const BIG_VALUE = 1;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/**
 * Yields all rows in key order; `onHole` is called for every page, or value, that cannot be read. Ends at once when
 * the file is not a log. Errors of the file system are thrown.
 */
export function* walkPages(dir: string, onHole: (what: string) => void): Generator<PageRow, void> {
  const header = newestHeader(dir);
  if (header === null) {
    onHole(`${DATA_FILE} does not begin like a log`);
    return;
  }
  const file = openSync(join(dir, DATA_FILE), 'r');
  try {
    const pages = new Pages(file, header, onHole);
    // The free list is walked first: it has no rows of ours, but the engine allocates pages by it.
    const freeList = pages.walk(header.freeRoot);
    while (freeList.next().done !== true);
    yield* pages.walk(header.rowsRoot);
  } finally {
    closeSync(file);
  }
}

class Pages {
  readonly #file: number;
  readonly #pageBytes: number;
  readonly #lastPage: number;
  readonly #onHole: (what: string) => void;
  /** Branches visited: a damaged one may lead back to itself. */
  readonly #branches = new Set<bigint>();

  constructor(file: number, header: FileHeader, onHole: (what: string) => void) {
    this.#file = file;
    this.#pageBytes = header.pageBytes;
    this.#lastPage = header.lastPage;
    this.#onHole = onHole;
  }

  *walk(root: bigint): Generator<PageRow, void> {
    if (root !== NO_PAGE) yield* this.#page(root);
  }

  *#page(number: bigint): Generator<PageRow, void> {
    const page = this.#read(number, FLAG.branch | FLAG.leaf);
    if (typeof page === 'string') {
      this.#onHole(`page ${String(number)} ${page}`);
      return;
    }
    const isBranch = (page.readUInt16LE(18) & FLAG.branch) !== 0;
    if (isBranch && this.#branches.has(number)) {
      this.#onHole(`page ${String(number)} leads back to itself`);
      return;
    }
    if (isBranch) this.#branches.add(number);
    for (const node of this.#nodes(page, number)) {
      if (isBranch) {
        const low = BigInt(page.readUInt32LE(node));
        yield* this.#page(low | (BigInt(page.readUInt16LE(node + 4)) << 32n));
      } else {
        const row = this.#row(page, node);
        if (typeof row === 'string') this.#onHole(`page ${String(number)}: ${row}`);
        else yield row;
      }
    }
  }

  /** A page of the wanted kind, or why it is not one. */
  #read(number: bigint, kinds: number): Buffer | string {
    if (number > BigInt(this.#lastPage)) return 'does not exist';
    const page = this.#bytes(number, 0, this.#pageBytes);
    if (page === null) return 'is beyond the end of the file';
    if (page.readBigUInt64LE(0) !== number) return 'holds something else';
    const kind = page.readUInt16LE(18) & FLAG.kinds;
    return kind !== 0 && (kind & kinds) === kind ? page : 'is of the wrong kind';
  }

  #bytes(page: bigint, skip: number, length: number): Buffer | null {
    const bytes = Buffer.allocUnsafe(length);
    const position = Number(page) * this.#pageBytes + skip;
    return readSync(this.#file, bytes, 0, length, position) === length ? bytes : null;
  }

  /** Where the nodes of a page begin. */
  *#nodes(page: Buffer, number: bigint): Generator<number, void> {
    const count = page.readUInt16LE(20) >> 1;
    for (let index = 0; index < count; index += 1) {
      const pointer = HEADER_BYTES + index * 2;
      const node =
        pointer + 2 <= page.length ? HEADER_BYTES + page.readUInt16LE(pointer) : Infinity;
      if (node + NODE_BYTES <= page.length) yield node;
      else this.#onHole(`page ${String(number)}: row ${String(index)} lies outside of it`);
    }
  }

  /** A row of a leaf, or what is wrong with it. */
  #row(page: Buffer, node: number): PageRow | string {
    const size = page.readUInt32LE(node);
    const isBig = (page.readUInt16LE(node + 4) & BIG_VALUE) !== 0;
    const keyEnd = node + NODE_BYTES + page.readUInt16LE(node + 6);
    const valueEnd = keyEnd + (isBig ? 8 : size);
    if (valueEnd > page.length) return 'a row lies outside of it';
    const key = page.subarray(node + NODE_BYTES, keyEnd);
    if (!isBig) return { key, value: page.subarray(keyEnd, valueEnd) };
    const first = page.readBigUInt64LE(keyEnd);
    const head = this.#read(first, FLAG.overflow);
    if (typeof head === 'string') return `the value on page ${String(first)} ${head}`;
    const room = (this.#lastPage + 1 - Number(first)) * this.#pageBytes - HEADER_BYTES;
    const value = size > room ? null : this.#bytes(first, HEADER_BYTES, size);
    return value === null ? `the value on page ${String(first)} is cut off` : { key, value };
  }
}
