/**
 * `rollcall log check` and `rollcall log export` for a thread log that may be damaged: both only read, except for
 * `check --repair`. And `rollcall log restored` for a log that was restored from a backup.
 */
import { dirname } from 'node:path';
import { newEpoch } from '../actors/log/epoch.js';
import { checkLog } from '../actors/log/lmdb/check/log-check.js';
import { claimDataDir } from '../actors/log/lmdb/disk/data-dir.js';
import { DataDirError } from '../actors/log/lmdb/disk/data-dir-error.js';
import { exportLog } from '../actors/log/lmdb/check/log-export.js';
import { inspectDataFile } from '../actors/log/lmdb/disk/pages/log-file.js';
import { markPath, markRestored } from '../actors/log/lmdb/disk/log-mark.js';
import { rebuildLog } from '../actors/log/lmdb/disk/log-rebuild.js';
import { LogCorruptError, LogFormatError, LogOpenError } from '../actors/log/log-errors.js';
import { codeOf } from '../machines/error-code.js';
import { reasonOf } from '../machines/reason.js';
import { type CliOutside, EXIT, say } from './cli-outside.js';

/** Shortest time between two lines of progress, in milliseconds. */
const PROGRESS_MS = 1_000; // often enough to see progress; the lines for a log of any size fit in a scrollback

/** Checks the log in a directory. Returns exit code 1 when it has problems or cannot be read. */
export async function runLogCheck(dir: string, outside: CliOutside): Promise<number> {
  return await orSay(outside, async () => {
    let toldMs = performance.now();
    const report = await checkLog(dir, (rows) => {
      if (outside.stderr.isTTY !== true || performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      // Nothing waits for a progress line, and a failure to write one is ignored.
      outside.stderr.write(`${String(rows)} rows checked …\n`, () => undefined);
    });
    for (const problem of report.problems) await say(outside.stdout, `problem: ${problem}`);
    const unsaid = report.problemCount - report.problems.length;
    if (unsaid > 0) await say(outside.stdout, `… and ${String(unsaid)} more problems`);
    await say(
      outside.stdout,
      `${String(report.threads)} threads, ${String(report.messages)} messages, ${String(report.problemCount)} problems`
    );
    if (report.problemCount === 0) return EXIT.good;
    await say(
      outside.stderr,
      'rollcall log export saves every message that can still be read; rollcall log check --repair goes on with them.'
    );
    return EXIT.failed;
  });
}

/**
 * Checks the log in a directory and, if it has problems, copies its intact rows into a new file. Returns exit code 0 if
 * the log can then be used, otherwise 1.
 */
export async function runLogRepair(dir: string, outside: CliOutside): Promise<number> {
  return await orSay(outside, async () => {
    // Checked before the claim, because that would create the directory.
    if (inspectDataFile(dir).state === 'absent') throw new LogOpenError(dir, 'there is no log');
    const claim = claimDataDir(dirname(dir));
    try {
      if ((await runLogCheck(dir, outside)) === EXIT.good) return EXIT.good;
      const copied = await rebuildLog({ dir, newEpoch, now: () => Date.now() });
      const { messages, kept, left, leftCount } = copied;
      for (const name of left) await say(outside.stdout, `left out: ${name}`);
      const unsaid = leftCount - left.length;
      if (unsaid > 0) await say(outside.stdout, `… and ${String(unsaid)} more rows`);
      await say(
        outside.stdout,
        `repaired: ${String(messages)} messages are in the new file, and the old one is kept as ${kept}; clients are told of a gap`
      );
      return EXIT.good;
    } finally {
      claim.release();
    }
  });
}

/** Writes every readable message to standard output. Returns exit code 1 when some could not be read. */
export async function runLogExport(dir: string, outside: CliOutside): Promise<number> {
  return await orSay(outside, async () => {
    const { written, skipped, holes } = await exportLog(dir, (line) => say(outside.stdout, line));
    for (const hole of holes) await say(outside.stderr, `could not be read: ${hole}`);
    await say(
      outside.stderr,
      `${String(written)} messages written, ${String(skipped)} skipped because they do not decode, ${String(holes.length)} places unreadable`
    );
    return skipped === 0 && holes.length === 0 ? EXIT.good : EXIT.failed;
  });
}

/** Notes that the log was put back, so that the next start gives every thread a new epoch. */
export async function runLogRestored(dir: string, outside: CliOutside): Promise<number> {
  return await orSay(outside, async () => {
    if (inspectDataFile(dir).state === 'absent') throw new LogOpenError(dir, 'there is no log');
    try {
      markRestored(markPath(dir));
    } catch (error) {
      throw new LogOpenError(dir, reasonOf(error));
    }
    await say(
      outside.stdout,
      'The next start gives every thread a new epoch; clients are told of a gap and read again what is kept.'
    );
    return EXIT.good;
  });
}

const OPERATORS_ERRORS = [LogOpenError, LogCorruptError, LogFormatError, DataDirError];

/** Reports an error that an operator can act on in one line. Other errors are faults of ours and keep their stack. */
async function orSay(outside: CliOutside, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (OPERATORS_ERRORS.some((type) => error instanceof type)) {
      await say(outside.stderr, `rollcall: ${reasonOf(error)}`);
      return EXIT.failed;
    }
    if (codeOf(error) === 'EPIPE') {
      await say(outside.stderr, 'rollcall: the reader went away before the end');
      return EXIT.failed;
    }
    throw error;
  }
}
