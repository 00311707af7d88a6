/** `rollcall verify`: the checklist after a deploy, against a running server. */
import { randomBytes } from 'node:crypto';
import { EXIT, say, type CliOutput, type CliSeat } from '../cli-outside.js';
import { codeOf } from '../../machines/error-code.js';
import { paintIf, wantsColours } from '../../server/logger/paint.js';
import { shownAddress } from '../chat/connection-watch.js';
import type { VerifyClock } from './bench/check.js';
import { runChecks, type VerifyEvents } from './run-checks.js';
import {
  beginLine,
  checkedLines,
  headLine,
  isGood,
  jsonText,
  progressLine,
  verdictLine
} from './verify-lines.js';
import { readOrder, type VerifyOrder, type VerifyWords } from './verify-order.js';

/** Where no terminal shows a bar: lines of progress in the time that is watched. */
const PROGRESS_LINES = 10;

const systemClock: VerifyClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  wait: async (ms, signal) => {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
};

/** Checks and prints. Returns 0 when all checks hold, 1 when one does not or nothing could be checked, 2 for wrong words. */
export async function runVerify(
  words: VerifyWords,
  seat: CliSeat,
  clock: VerifyClock = systemClock
): Promise<number> {
  const read = readOrder(words);
  if ('faults' in read) {
    const faults = read.faults.map((fault) => `rollcall verify: ${fault}`);
    await say(seat.stderr, [...faults, 'See rollcall verify --help.'].join('\n'));
    return EXIT.wrongUsage;
  }
  const { order } = read;
  const abort = new AbortController();
  const ignore = seat.onInterrupt(() => {
    abort.abort();
  });
  // Standard output has the document alone.
  const output = order.isJson ? seat.stderr : seat.stdout;
  const printer = printerOf(order, output, seat);
  const startedAt = clock.now();
  try {
    const outcome = await runChecks(
      order,
      {
        clock,
        signal: abort.signal,
        newRun: () => `verify-${randomBytes(9).toString('base64url')}`
      },
      printer.events
    );
    printer.end(verdictLine(outcome, printer.paint));
    if (order.isJson) {
      await say(seat.stdout, jsonText(shownAddress(order.url), startedAt, outcome));
    } else {
      await say(seat.stdout, '').catch((error: unknown) => {
        // Whoever read the lines may have gone; the exit code says it all.
        if (codeOf(error) !== 'EPIPE') throw error;
      });
    }
    return isGood(outcome) ? EXIT.good : EXIT.failed;
  } finally {
    ignore();
  }
}

function printerOf(
  order: VerifyOrder,
  output: CliOutput,
  { env }: CliSeat
): { events: VerifyEvents; paint: ReturnType<typeof paintIf>; end: (line: string) => void } {
  const paint = paintIf(wantsColours(output, env));
  const isTerminal = output.isTTY === true;
  let open = '';
  const write = (text: string): void => {
    output.write(text, () => undefined);
  };
  /** Shows a line that the next one replaces; on a terminal only. */
  const show = (line: string): void => {
    if (!isTerminal) return;
    write(`\r\u001b[K${line}`);
    open = line;
  };
  const print = (line: string): void => {
    write(`${open === '' ? '' : '\r\u001b[K'}${line}\n`);
    open = '';
  };
  const { watchMs } = order;
  let told = 0;
  return {
    paint,
    end: (line) => {
      print(`\n${line}`);
    },
    events: {
      greeted: (report) => {
        print(`${headLine(shownAddress(order.url), report, paint)}\n`);
      },
      begins: (check) => {
        show(beginLine(check, paint));
      },
      done: (checked) => {
        print(checkedLines(checked, paint));
      },
      found: (fault) => {
        if (watchMs > 0) print(paint('red', `✖ ${fault}`));
      },
      progress: (watchedMs, lines) => {
        if (watchMs === 0) return;
        const line = progressLine(watchedMs, watchMs, lines, paint);
        show(line);
        const part = Math.floor((watchedMs / watchMs) * PROGRESS_LINES);
        if (isTerminal || part <= told) return;
        told = part;
        print(line);
      }
    }
  };
}
