/**
 * The thread that watches the event loop. It writes to standard output by itself, since the streams of a thread end in
 * the loop that is blocked.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { workerData } from 'node:worker_threads';
import { lineText } from '../../../logger/line-text.js';
import { paintIf, wantsColours } from '../../../logger/paint.js';
import { LoopBoard } from './loop-board.js';
import { LOOK_MS, LoopJudge, type LoopLine } from './loop-judge.js';

/** What the thread is given. */
export interface LoopWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly format: 'json' | 'pretty';
  /** Whether only errors are logged. */
  readonly isQuiet: boolean;
}

const STDOUT = 1;

function write({ format, isQuiet }: LoopWorkerData, line: LoopLine): void {
  if (isQuiet && line.level !== 'error') return;
  const paint = paintIf(wantsColours({ isTTY: isatty(STDOUT) }, process.env));
  try {
    writeSync(STDOUT, `${lineText(format, { at: Date.now(), ...line }, paint)}\n`);
  } catch {
    // The output is full or gone; the loop is judged all the same.
  }
}

function isWorkerData(value: unknown): value is LoopWorkerData {
  return typeof value === 'object' && value !== null && 'memory' in value && 'format' in value;
}

const data: unknown = workerData;
if (isWorkerData(data)) {
  const board = new LoopBoard(data.memory);
  const judge = new LoopJudge();
  setInterval(() => {
    const line = judge.look(performance.now(), board.read());
    if (line !== null) write(data, line);
  }, LOOK_MS);
}
