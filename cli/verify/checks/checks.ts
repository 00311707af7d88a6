/** The ten checks of `rollcall verify`, in the order in which they run: the lines of the log last, as others cause some. */
import { checkChat } from './chat.js';
import { checkEnvironment } from './environment.js';
import { checkLines, type Watching } from './lines.js';
import { checkProbes } from './probes.js';
import { checkRefusals } from './refusals.js';
import { checkRequests } from './requests.js';
import { checkTestThread } from './test-thread.js';
import { checkClickhouse, checkHandlers, checkPhases } from './of-report.js';
import { CHECK_WORDS } from '../bench/check-words.js';
import type { Check } from '../bench/check.js';

/** Returns the checks, in the order in which they run. */
export function checksOf(watching: Watching): Check[] {
  const check = (number: number, run: Check['run'], isLive = false): Check => ({
    number,
    name: CHECK_WORDS[number]?.[0] ?? '',
    isLive,
    run
  });
  return [
    check(2, checkChat, true),
    check(3, checkHandlers),
    check(4, checkClickhouse),
    check(5, checkRequests, true),
    check(6, checkPhases),
    check(7, checkTestThread, true),
    check(8, checkProbes),
    check(9, checkRefusals, true),
    check(10, checkEnvironment),
    check(1, (bench) => checkLines(bench, watching))
  ];
}
