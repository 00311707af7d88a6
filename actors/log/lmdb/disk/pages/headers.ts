/**
 * The two headers that a data file begins with, checked before the storage engine uses them. Each commit writes its
 * header over the older of the two, so they are one commit apart, and the first page of a tree is of the same commit as
 * the header that leads to it. A header in which that does not hold was altered.
 * @see the engine's own layout: MDB_meta and MDB_db in mdb.c of LMDB 1.0 (data format 2)
 */
import { readSync } from 'node:fs';

/** Bytes at the beginning of a page: its number, commit, kind, and where its rows are. */
export const HEADER_BYTES = 24;
/** Kinds of pages. */
export const FLAG = { branch: 1, leaf: 2, overflow: 4, header: 8 };
/** Root of a tree without pages. */
export const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** What a header says of a tree of pages. */
export interface TreeRecord {
  /** Page at which the tree begins, {@link NO_PAGE} when it is empty. */
  readonly root: bigint;
  /** Pages from its root down to a row. */
  readonly depth: number;
  /** Numbers of its pages by kind, and of its rows. */
  readonly branches: bigint;
  readonly leaves: bigint;
  readonly overflows: bigint;
  readonly rows: bigint;
}

/** What the header of a data file says. */
export interface FileHeader {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  /** The list of free pages. */
  readonly free: TreeRecord;
  readonly rows: TreeRecord;
}

/** The header to read a file by, and what is wrong with the two; null when nothing is. */
export interface FoundHeader {
  readonly header: FileHeader;
  readonly problem: string | null;
}

const MAGIC = 0xbeefc0de;
const FILE_VERSION = 2;
/** The used part of a header page. */
const USED_BYTES = 168;
const AT = {
  number: 0,
  commit: 8,
  kind: 16,
  bounds: 20,
  magic: 0x18,
  version: 0x1c,
  address: 0x20,
  free: 0x30,
  rows: 0x60,
  lastPage: 0x90,
  transaction: 0x98
};
const IN_TREE = {
  pad: 0,
  flags: 4,
  depth: 6,
  branches: 8,
  leaves: 16,
  overflows: 24,
  rows: 32,
  root: 40
};
/** Kinds of keys: numbers in the list of free pages, bytes in ours. */
const TREE_FLAGS = { free: 8, rows: 0 };
/** Where the second header may begin when the first does not say so: sizes of pages of systems. */
const PAGE_SIZES = [4_096, 16_384, 8_192, 65_536, 32_768];

/** A header page. */
interface HeaderPage {
  readonly header: FileHeader;
  /** Whether everything is as the engine writes it that does not change from commit to commit. */
  readonly isSound: boolean;
}

/** The newer header of an open data file whose pages have been checked; null when it has none. */
export function newestHeaderOf(file: number): FileHeader | null {
  const first = headerOf(pageOf(file, 0));
  const second = headerOf(pageOf(file, first?.pageBytes ?? 4_096));
  if (first === null || second === null) return first ?? second;
  return second.transaction > first.transaction ? second : first;
}

/**
 * The header by which a file that may be damaged is best read: one whose commit number is confirmed by the pages that it
 * leads to, the newer of two such. Null when the file does not begin like a log.
 */
export function findHeader(file: number): FoundHeader | null {
  const pageBytes = pageBytesOf(file);
  if (pageBytes === null) return null;
  const first = headerPage(pageOf(file, 0), 0, pageBytes);
  const second = headerPage(pageOf(file, pageBytes), 1, pageBytes);
  const problem = problemOf(file, first, second);
  const pages = [first, second].filter((page) => page !== null);
  const sound = newestOf(pages.filter(({ isSound }) => isSound).map(({ header }) => header));
  if (problem === null) return sound === null ? null : { header: sound, problem };
  const confirmed = newestOf(
    pages.flatMap(({ header }) => {
      const transaction = confirmedCommit(file, header);
      return transaction === null ? [] : [{ ...header, transaction }];
    })
  );
  const header = confirmed ?? sound;
  return header === null ? null : { header, problem };
}

/** What is wrong with the two headers together; null when nothing is. */
function problemOf(
  file: number,
  first: HeaderPage | null,
  second: HeaderPage | null
): string | null {
  if (first?.isSound !== true) return 'header 0 was altered';
  if (second?.isSound !== true) return 'header 1 was altered';
  const one = first.header.transaction;
  const other = second.header.transaction;
  // A new file has two equal ones.
  const isNew = one === 0n && other === 0n;
  const isInRow = one % 2n === 0n && (one - other === 1n || other - one === 1n);
  if (!isNew && !isInRow) return 'its headers are not of two commits in a row';
  const isAlien = [first, second].some(({ header }) => !isOfItsCommit(file, header));
  return isAlien ? 'a header leads to pages of another commit' : null;
}

/** Whether the pages that a header leads to are of its commit; also those of the older one are still there. */
function isOfItsCommit(file: number, header: FileHeader): boolean {
  const roots = [header.rows.root, header.free.root];
  if (header.transaction === 0n) return roots.every((root) => root === NO_PAGE);
  return roots.some((root) => commitAt(file, header, root) === header.transaction);
}

function newestOf(headers: readonly FileHeader[]): FileHeader | null {
  const [first = null, second = null] = headers;
  if (first === null || second === null) return first;
  return second.transaction > first.transaction ? second : first;
}

/** The number that two of these agree on: the header's own commit and those of the pages that its trees begin with. */
function confirmedCommit(file: number, header: FileHeader): bigint | null {
  const rows = commitAt(file, header, header.rows.root);
  const free = commitAt(file, header, header.free.root);
  if (rows === header.transaction) return rows;
  if (rows !== null && rows === free) return rows;
  return free === header.transaction ? free : null;
}

/** The commit of the first page of a tree; null when there is no such page. */
function commitAt(file: number, { pageBytes }: FileHeader, root: bigint): bigint | null {
  if (root * BigInt(pageBytes) > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const page = pageOf(file, Number(root) * pageBytes);
  return page?.readBigUInt64LE(AT.number) === root ? page.readBigUInt64LE(AT.commit) : null;
}

/** Bytes of a page, as one of the headers says; null when neither is one. */
function pageBytesOf(file: number): number | null {
  const first = headerOf(pageOf(file, 0));
  if (first !== null) return first.pageBytes;
  return PAGE_SIZES.find((bytes) => headerOf(pageOf(file, bytes))?.pageBytes === bytes) ?? null;
}

function pageOf(file: number, position: number): Buffer | null {
  const bytes = Buffer.alloc(USED_BYTES);
  return readSync(file, bytes, 0, USED_BYTES, position) === USED_BYTES ? bytes : null;
}

/** A header as it is used while the log runs: only what tells it from other bytes is checked. */
function headerOf(page: Buffer | null): FileHeader | null {
  if (page?.readUInt32LE(AT.magic) !== MAGIC) return null;
  if (page.readUInt32LE(AT.version) !== FILE_VERSION) return null;
  const pageBytes = page.readUInt32LE(AT.free + IN_TREE.pad);
  return isPageSize(pageBytes) ? headerIn(page, pageBytes) : null;
}

function isPageSize(bytes: number): boolean {
  return bytes >= 256 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;
}

function headerPage(page: Buffer | null, index: number, pageBytes: number): HeaderPage | null {
  if (page === null) return null;
  const isSound =
    page.readBigUInt64LE(AT.number) === BigInt(index) &&
    page.readBigUInt64LE(AT.commit) === 0n &&
    page.readUInt32LE(AT.kind) === FLAG.header << 16 &&
    page.readUInt32LE(AT.bounds) === 0 &&
    page.readUInt32LE(AT.magic) === MAGIC &&
    page.readUInt32LE(AT.version) === FILE_VERSION &&
    page.readBigUInt64LE(AT.address) === 0n &&
    page.readUInt32LE(AT.free + IN_TREE.pad) === pageBytes &&
    page.readUInt16LE(AT.free + IN_TREE.flags) === TREE_FLAGS.free &&
    page.readUInt32LE(AT.rows + IN_TREE.pad) === 0 &&
    page.readUInt16LE(AT.rows + IN_TREE.flags) === TREE_FLAGS.rows;
  return { header: headerIn(page, pageBytes), isSound };
}

function headerIn(page: Buffer, pageBytes: number): FileHeader {
  return {
    pageBytes,
    lastPage: Number(page.readBigUInt64LE(AT.lastPage)),
    transaction: page.readBigUInt64LE(AT.transaction),
    free: treeIn(page, AT.free),
    rows: treeIn(page, AT.rows)
  };
}

function treeIn(page: Buffer, at: number): TreeRecord {
  return {
    root: page.readBigUInt64LE(at + IN_TREE.root),
    depth: page.readUInt16LE(at + IN_TREE.depth),
    branches: page.readBigUInt64LE(at + IN_TREE.branches),
    leaves: page.readBigUInt64LE(at + IN_TREE.leaves),
    overflows: page.readBigUInt64LE(at + IN_TREE.overflows),
    rows: page.readBigUInt64LE(at + IN_TREE.rows)
  };
}
