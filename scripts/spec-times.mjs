/**
 * `npm run spec-times`: stores how long each spec file took in the last complete `npm test`. The next run spreads the
 * files over its parallel lanes by these times.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ROOT, tell } from './setup.mjs';
import { specFiles } from './specs/spec-files.mjs';
import { MEASURED_FILE, readTimes, TIMES_FILE, withMeasured } from './specs/spec-lanes.mjs';

process.chdir(ROOT);
const times = withMeasured(readTimes(), measured(), specFiles());
writeFileSync(TIMES_FILE, `${JSON.stringify(times, null, 2)}\n`);
tell(`${TIMES_FILE} has the times of ${String(Object.keys(times).length)} spec files`);

/** @returns {import('./specs/spec-lanes.mjs').FileResult[]} */
function measured() {
  try {
    return JSON.parse(readFileSync(MEASURED_FILE, 'utf8'));
  } catch {
    tell('Nothing is measured yet: run `npm test` first.');
    process.exit(1);
  }
}
