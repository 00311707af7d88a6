/**
 * `npm test` runs the specs in lanes: several mochas at the same time, because most specs wait for servers. Here is how
 * the files are spread over the lanes, how the lanes are run, and how their results become one.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../setup.mjs';

/** File with the measured seconds of every spec file; `npm run spec-times` writes it. */
export const TIMES_FILE = 'spec/times.json';

/** Where a whole run leaves what it measured; not in the work tree, so that a run changes no file that is committed. */
export const MEASURED_FILE = 'node_modules/.cache/rollcall/spec-times.json';

/** How many slow spec files a run names. */
const SLOWEST = 10;

/**
 * One spec file in a run: its time, and its slowest test or hook.
 * @typedef {{ path: string, ms: number, slowest: { title: string, ms: number } | null }} FileResult
 */

/**
 * A test or hook that failed: where, its whole title, and the first line of its error.
 * @typedef {{ path: string, title: string, message: string }} FailedSpec
 */

/**
 * What a lane has run. `isWhole` is false until mocha has come to its end.
 * @typedef {{ passed: number, failed: number, skipped: number, isWhole: boolean, files: FileResult[], failures: FailedSpec[] }} LaneResult
 */

/**
 * Seconds by the path of a spec file.
 * @typedef {Readonly<Record<string, number>>} Times
 */

/**
 * The times that are kept; none when the file is missing.
 * @returns {Times}
 */
export function readTimes() {
  return JSON.parse(readOr(TIMES_FILE, '{}'));
}

/**
 * Spreads files over lanes so that all lanes take about as long: the longest file first, always into the lane that has
 * the least so far. A file without a measured time counts as the average of the others. Within a lane the order of
 * `files` is kept.
 * @param {readonly string[]} files
 * @param {Times} times
 * @param {number} count how many lanes
 * @returns {string[][]}
 */
export function balance(files, times, count) {
  const known = files.flatMap((path) => times[path] ?? []);
  const average =
    known.length === 0 ? 1 : known.reduce((sum, time) => sum + time, 0) / known.length;
  const lanes = Array.from({ length: count }, () => ({
    seconds: 0,
    indexes: /** @type {number[]} */ ([])
  }));
  const longestFirst = files
    .map((path, index) => ({ index, seconds: times[path] ?? average }))
    .sort((a, b) => b.seconds - a.seconds || a.index - b.index);
  for (const { index, seconds } of longestFirst) {
    const lane = lanes.reduce((least, other) => (other.seconds < least.seconds ? other : least));
    lane.seconds += seconds;
    lane.indexes.push(index);
  }
  return lanes.map(({ indexes }) =>
    indexes.sort((a, b) => a - b).flatMap((index) => files[index] ?? [])
  );
}

/**
 * Where the output of lanes goes: `live` is the lane that writes to the terminal itself, `print` gets the output of the
 * others.
 * @typedef {{ live: number | null, print: (text: string) => void }} Prints
 */

/** @type {Prints} */
const PRINTS = { live: 0, print: (text) => process.stdout.write(text) };

/**
 * Runs each lane in a mocha of its own, all at once. The first one's output is seen as it comes, that of the others
 * when all are done. A lane that ends before its last spec keeps what it has counted and counts one failure more, so
 * that it never reads as passed.
 * @param {readonly (readonly string[])[]} lanes files of each lane
 * @param {readonly string[]} options of mocha
 * @param {Prints} prints
 * @returns {Promise<LaneResult[]>}
 */
export async function runLanes(lanes, options, prints = PRINTS) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-specs-'));
  const ends = lanes.map((files, lane) =>
    runLane({
      args: [...options, ...files],
      resultFile: join(folder, `${String(lane)}.json`),
      outputFile: lane === prints.live ? null : outputOf(folder, lane)
    })
  );
  try {
    const ended = await Promise.all(ends);
    for (const lane of lanes.keys()) prints.print(readOr(outputOf(folder, lane), ''));
    return ended.map(({ text, error }) => laneResult(text, error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs one lane to its end; returns what its reporter wrote and the error of its process.
 * @param {{ args: readonly string[], resultFile: string, outputFile: string | null }} lane `outputFile` is null where
 *   the lane writes to the terminal
 */
async function runLane({ args, resultFile, outputFile }) {
  const held = outputFile === null ? null : openSync(outputFile, 'w');
  const color = held !== null && process.stdout.isTTY ? ['--color'] : [];
  const reporter = ['--reporter', 'scripts/specs/spec-reporter.mjs'];
  const mocha = ['--forbid-only', ...reporter, '--reporter-option', `result=${resultFile}`];
  /** @type {unknown} */
  let error = null;
  try {
    await run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...mocha, ...color, ...args], {
      stdio: held === null ? 'inherit' : ['inherit', held, held]
    });
  } catch (caught) {
    error = caught;
  } finally {
    if (held !== null) closeSync(held);
  }
  return { text: readOr(resultFile, ''), error };
}

/**
 * Makes the result of a lane from what its reporter has written and how its process ended.
 * @param {string} text empty when nothing was written
 * @param {unknown} error null when the process ended with 0
 * @returns {LaneResult}
 */
export function laneResult(text, error) {
  /** @type {LaneResult} */
  const result =
    text === ''
      ? { passed: 0, failed: 0, skipped: 0, isWhole: false, files: [], failures: [] }
      : JSON.parse(text);
  if (result.isWhole && (error === null || result.failed > 0)) return result;
  const how = error instanceof Error ? error.message : 'it ended with code 0';
  const running = result.files.at(-1)?.path;
  const title = result.isWhole
    ? 'a lane of the specs failed after its last spec'
    : 'a lane of the specs ended too early, ' +
      (running === undefined ? 'before its first spec' : 'in this file');
  const failure = { path: running ?? 'spec', title, message: how };
  return { ...result, failed: result.failed + 1, failures: [...result.failures, failure] };
}

/**
 * Makes one result of several.
 * @param {readonly LaneResult[]} lanes
 * @returns {LaneResult}
 */
export function sum(lanes) {
  return {
    passed: lanes.reduce((total, { passed }) => total + passed, 0),
    failed: lanes.reduce((total, { failed }) => total + failed, 0),
    skipped: lanes.reduce((total, { skipped }) => total + skipped, 0),
    isWhole: lanes.every(({ isWhole }) => isWhole),
    files: lanes.flatMap(({ files }) => files),
    failures: lanes.flatMap(({ failures }) => failures)
  };
}

/**
 * Names the slowest spec files, with the slowest test or hook of each, one a line.
 * @param {readonly FileResult[]} files
 */
export function slowestLines(files) {
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`;
  return [...files]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ path, ms, slowest }) => {
      const most = slowest === null ? '' : `, ${seconds(slowest.ms)} of it: ${slowest.title}`;
      return `${seconds(ms).padStart(8)}  ${path}${most}`;
    });
}

/**
 * Lists the failed tests and hooks, one per line, for the end of a run, because CI shows only the last lines of the
 * output.
 * @param {readonly FailedSpec[]} failures
 */
export function failureLines(failures) {
  return failures.map(({ path, title, message }) => `  ${path}: ${title}: ${message}`);
}

/**
 * Puts measured times into those that are kept, rounded to tenths of a second; files that are gone are dropped.
 * @param {Times} kept
 * @param {readonly FileResult[]} measured
 * @param {readonly string[]} present every spec file there is
 * @returns {Times}
 */
export function withMeasured(kept, measured, present) {
  const seconds = new Map(Object.entries(kept));
  for (const { path, ms } of measured) seconds.set(path, Math.round(ms / 100) / 10);
  return Object.fromEntries(
    present.flatMap((path) => {
      const time = seconds.get(path);
      return time === undefined ? [] : [[path, time]];
    })
  );
}

/**
 * @param {string} folder
 * @param {number} lane
 */
function outputOf(folder, lane) {
  return join(folder, `${String(lane)}.txt`);
}

/**
 * @param {string} path
 * @param {string} otherwise
 */
function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
