/**
 * Runs inside the server that turn-cost.ts measures. Between `begin` and `end` on standard input it measures every turn
 * of the event loop in CPU time of the main thread, so that other processes and the threads of the log and the garbage
 * collector do not count. Meanwhile it keeps the event loop from sleeping. `calibrate` measures a known piece of work
 * instead, which says how fast this machine is.
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Linux gives the CPU time of a thread in nanoseconds; elsewhere the time of the process is used. */
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
    // Asking for the process's time makes the system update the thread's time, which otherwise changes at every tick only.
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

const KNOWN = JSON.stringify(Array.from({ length: 2_000 }, (_, n) => ({ n, text: `text ${n}` })));

/** @returns {number} CPU time of the known work in milliseconds: the least of several, since the first ones are not compiled */
function calibrate() {
  const times = Array.from({ length: 15 }, () => {
    const began = cpuMs();
    for (let n = 0; n < 5; n++) JSON.stringify(JSON.parse(KNOWN));
    return cpuMs() - began;
  });
  return Math.min(...times);
}

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
  } else if (order === 'calibrate') {
    console.log(JSON.stringify({ level: 'info', message: 'calibrated', knownMs: calibrate() }));
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
