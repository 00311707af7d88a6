/** How rows lie on a page, and what a row of the list of free pages says. */
import { FLAG, HEADER_BYTES } from './headers.js';

/** Bytes before the key of a row. */
export const NODE_BYTES = 8;
/** Mark of a row whose value is on pages of its own. */
export const BIG_VALUE = 1;
/** Bytes of a row that say where its big value is: first page, commit, number of pages. */
export const BIG_VALUE_BYTES = 24;

/**
 * Whether the rows of a page fill its end without gaps or overlaps, as the engine leaves them: it moves them by these
 * lengths. Where rows begin and where they end are the same places, so their sums and those of their squares are equal.
 */
export function isTiled(page: Buffer): boolean {
  const isLeaf = page.readUInt16LE(18) === FLAG.leaf;
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const end = page.length - HEADER_BYTES;
  if (lower === 0 || lower % 2 === 1 || lower > upper || upper > end) return false;
  let sum = end - upper;
  let squares = end * end - upper * upper;
  for (let at = HEADER_BYTES; at < HEADER_BYTES + lower; at += 2) {
    const begin = word(page, at);
    if (begin < upper || begin + NODE_BYTES > end || begin % 2 === 1) return false;
    const node = HEADER_BYTES + begin;
    let bytes = NODE_BYTES + word(page, node + 6);
    if (isLeaf) {
      const isBig = word(page, node + 4) === BIG_VALUE;
      bytes += isBig ? BIG_VALUE_BYTES : word(page, node) + word(page, node + 2) * 65_536;
    }
    const after = begin + bytes + (bytes % 2);
    if (after > end) return false;
    sum += begin - after;
    squares += begin * begin - after * after;
  }
  return sum === 0 && squares === 0;
}

/** Like `readUInt16LE`, which takes several times as long. */
function word(page: Buffer, at: number): number {
  return (page[at] ?? 0) | ((page[at + 1] ?? 0) << 8);
}

/**
 * Calls `take` with each run of free pages in a row of the list, and returns what is wrong with the row. Its value is
 * the number of words that follow, then pages, `-length, first page` for a run, and zeros.
 */
export function freeRuns(
  key: Buffer,
  value: Buffer,
  transaction: bigint,
  take: (first: bigint, pages: bigint) => string | null
): string | null {
  const commit = key.length === 8 ? key.readBigUInt64LE(0) : 0n;
  if (commit === 0n || commit > transaction) return 'is of no commit';
  if (value.length < 8 || value.length % 8 !== 0) return 'is cut off';
  const words = value.readBigUInt64LE(0);
  if (words >= BigInt(value.length / 8)) return 'is longer than its value';
  for (let word = 1; word <= Number(words); word += 1) {
    let first = value.readBigInt64LE(word * 8);
    let pages = 1n;
    if (first === 0n) continue;
    if (first < 0n) {
      word += 1;
      if (word > Number(words)) return 'ends within a run of pages';
      pages = -first;
      first = value.readBigInt64LE(word * 8);
    }
    const problem = take(first, pages);
    if (problem !== null) return problem;
  }
  return null;
}
