/**
 * Appends in a closed loop until it is killed, and writes each ack to standard output at once: `thread offset mid`.
 * With `feed` as its last argument it also takes from the feed, and writes `thread offset offered` before and
 * `thread offset taken` after.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../../actors/clock.js';
import { openLmdbLog } from '../../../../actors/log/lmdb/lmdb-log.js';
import { codeOf } from '../../../../machines/error-code.js';

const [, , dir = '', durability, round = '0', mode] = process.argv;
const THREADS = 5;
const UNDER_WAY = 50;

const log = await openLmdbLog({
  dir,
  durability: durability === 'process' ? 'process' : 'disk',
  clock: systemClock,
  retention: { messages: null, days: null },
  isFeedRead: true,
  onListenerFault: (reason) => {
    throw new Error(reason);
  },
  newEpoch: () => 'e1'
});
let sent = 0;

function next(): void {
  const mid = `${round}-${String((sent += 1))}`;
  const thread = `t${String(sent % THREADS)}`;
  const entry = { mid, user: 'ada', kind: 'user_message', bodyJson: '{}', at: Date.now() };
  log.append(thread, entry, (result) => {
    if (!result.ok) throw new Error(result.reason);
    tell(`${thread} ${String(result.offset)} ${mid}\n`);
    next();
  });
}

/** The pipe may be full. The parent reads it, so a later try succeeds. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
  }
}

for (let index = 0; index < UNDER_WAY; index += 1) next();

/** Takes a little less than is appended, so that something is always left to take. */
async function take(): Promise<void> {
  for (;;) {
    const batch = log.feed.next(UNDER_WAY, 1_000_000);
    for (const { thread, offset } of batch.entries) tell(`${thread} ${String(offset)} offered\n`);
    await log.feed.take(batch);
    for (const { thread, offset } of batch.entries) tell(`${thread} ${String(offset)} taken\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

if (mode === 'feed') await take();
