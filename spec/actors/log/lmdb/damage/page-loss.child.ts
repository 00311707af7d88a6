/**
 * Opens a log, zeroes one page after another under it that holds messages, and reads and appends each time. Prints a
 * line of JSON for each page: what was read and refused, and whether an append was taken. Arguments: the directory.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../../actors/clock.js';
import { openLmdbLog } from '../../../../../actors/log/lmdb/lmdb-log.js';
import { LogCorruptError } from '../../../../../actors/log/log-errors.js';
import { append, entry } from '../log-fixture.js';

const PAGE_BYTES = 4_096;
const [dir = ''] = process.argv.slice(2);
const path = join(dir, 'data.mdb');

const log = await openLmdbLog({
  dir,
  durability: 'process',
  clock: systemClock,
  retention: { messages: null, days: null },
  isFeedRead: false,
  onListenerFault: () => undefined,
  newEpoch: () => 'e2'
});
const bytes = readFileSync(path);
const newest = log.head('t1')?.last ?? 0;
/** Pages in the middle of the thread: leaves with messages and nothing else. */
const pages = [50, 90, 130].map((offset) => {
  const at = bytes.lastIndexOf(`"thread":"t1","offset":${String(offset)},`);
  return Math.floor(at / PAGE_BYTES);
});

function write(page: number, content: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, content, 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(file);
}

for (const page of pages) {
  write(page, Buffer.alloc(PAGE_BYTES));
  let read = 0;
  let refused = 0;
  for (let after = 0; after < newest;) {
    try {
      const last = log.read('t1', after, 50, Infinity).at(-1)?.offset ?? newest;
      read += last - after;
      after = last;
    } catch (error) {
      if (!(error instanceof LogCorruptError)) throw error;
      refused += 1;
      after += 1;
    }
  }
  const { ok } = await append(log, 't2', entry(`after ${String(page)}`));
  process.stdout.write(`${JSON.stringify({ read, refused, ok })}\n`);
  write(page, bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
}
process.exit(0);
