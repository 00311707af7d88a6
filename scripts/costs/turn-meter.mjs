/**
 * Runs inside a server whose turns are measured (turn-cost.ts): between `begin` and `end` on its standard input, every
 * turn of its event loop is measured in CPU time of its own thread, so that neither other processes nor the threads of
 * the log and the garbage collector count. It keeps the event loop from sleeping meanwhile.
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Linux tells the CPU time of a thread in nanoseconds; elsewhere that of the process has to do. */
const OWN = '/proc/thread-self/schedstat';

/** @returns {() => number} CPU time in milliseconds */
function thread() {
  try {
    readFileSync(OWN);
  } catch {
    return () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    };
  }
  const file = openSync(OWN, 'r');
  const buffer = Buffer.alloc(64);
  return () => {
    // When it is asked for the process's time the system brings that of the thread up to date, else only at every tick.
    process.cpuUsage();
    return (
      Number.parseInt(buffer.toString('latin1', 0, readSync(file, buffer, 0, 64, 0)), 10) / 1e6
    );
  };
}

const cpuMs = thread();
let isMeasuring = false;
let before = 0;
/** @type {number[]} */
let turns = [];

function turn() {
  if (!isMeasuring) return;
  const now = cpuMs();
  turns.push(now - before);
  before = cpuMs();
  setImmediate(turn);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [order] = line.split(' ');
  if (order === 'begin') {
    turns = [];
    isMeasuring = true;
    before = cpuMs();
    setImmediate(turn);
  } else if (order === 'end') {
    isMeasuring = false;
    const longest = turns.sort((one, other) => other - one).slice(0, 5);
    const cpu = turns.reduce((sum, each) => sum + each, 0);
    console.log(
      JSON.stringify({ level: 'info', message: `measured ${line.slice(4)}`, longest, cpu })
    );
  }
});
process.stdin.unref?.();
