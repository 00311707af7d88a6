/** Appends in a closed loop until it is killed, and tells standard output of every ack at once: `thread offset mid`. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../actors/clock.js';
import { openLmdbLog } from '../../../actors/log/lmdb-log.js';

const [, , dir = '', durability, round = '0'] = process.argv;
const THREADS = 5;
const UNDER_WAY = 50;

const log = await openLmdbLog({
  dir,
  durability: durability === 'process' ? 'process' : 'disk',
  clock: systemClock,
  retention: { messages: null, days: null },
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

/** The pipe may be full: the parent reads, so trying again ends. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

for (let index = 0; index < UNDER_WAY; index += 1) next();
