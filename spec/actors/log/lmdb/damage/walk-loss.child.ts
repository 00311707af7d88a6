/**
 * Zeroes one page after another of a log that is open, and walks over its rows each time, in all ways. Prints a line of
 * JSON: how many walks were whole and how many were refused. Arguments: the directory.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LogCorruptError } from '../../../../../actors/log/log-errors.js';
import { openStore, type LogRange } from '../../../../../actors/log/lmdb/log-store.js';

const PAGE_BYTES = 4_096;
const ROWS = 600;
const [dir = ''] = process.argv.slice(2);
const path = join(dir, 'data.mdb');

const store = openStore({ dir, use: 'process' });
await store.commit(
  Array.from({ length: ROWS }, (_, n) => ({ key: ['l', 'ada', n, `t-${String(n)}`], value: '1' }))
);

/** Ranges of all lengths, from and to the middle of pages and between them. */
const ranges: LogRange[] = Array.from({ length: ROWS / 12 }, (_, n) => n * 12).flatMap((n) => [
  { from: ['l', 'ada', n], to: ['l', 'bob'], limit: 1 },
  { from: ['l', 'ada'], to: ['l', 'ada', n], reverse: true, limit: 1 },
  { from: ['l', 'ada', n], to: ['l', 'ada', n + 100] },
  { from: ['l', 'ada', n], to: ['l', 'ada', n + 100], reverse: true }
]);
const walks: (() => number)[] = ranges.flatMap((range) => [
  () => [...store.range(range)].length,
  () => [...store.keys(range)].length
]);
walks.push(() => store.count({ from: ['l', 'ada'], to: ['l', 'bob'] }));

const bytes = readFileSync(path);
const whole = walks.map((walk) => walk());
const said = { pages: 0, whole: 0, refused: 0, wrong: 0 };

function write(page: number, content: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, content, 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(file);
}

for (let page = 2; page < bytes.length / PAGE_BYTES; page += 1) {
  said.pages += 1;
  write(page, Buffer.alloc(PAGE_BYTES));
  for (const [index, walk] of walks.entries()) {
    try {
      said[walk() === whole[index] ? 'whole' : 'wrong'] += 1;
    } catch (error) {
      if (!(error instanceof LogCorruptError)) throw error;
      said.refused += 1;
    }
  }
  write(page, bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
}
process.stdout.write(
  JSON.stringify({ ...said, after: walks.every((walk, n) => walk() === whole[n]) })
);
process.exit(0);
