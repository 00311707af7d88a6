/**
 * `npm test`: everything that must hold, from a fresh clone. Every step runs even when one before it has failed, so
 * that all faults are reported at once. The slowest spec files are named near the end; the last line is
 * `N passed, N failed, N skipped`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  build,
  install,
  isNodeFit,
  needsBuild,
  needsInstall,
  OLDEST_NODE,
  paint,
  ROOT,
  run,
  step,
  tell
} from './setup.mjs';
import { chosenSpecs } from './specs/spec-files.mjs';
import {
  balance,
  failureLines,
  MEASURED_FILE,
  readTimes,
  runLanes,
  slowestLines,
  sum
} from './specs/spec-lanes.mjs';
import { installPackage, isDebianRoot, missingTools } from './specs/system-tools.mjs';

/** @typedef {import('./specs/spec-lanes.mjs').LaneResult} LaneResult */

/** How many mochas run at once: two keep two cores busy, since specs wait for servers much of their time. */
const LANES = 2;

/** Prettier skips files that it has found good; its key has the text of the file, the options and the version. */
const PRETTIER_CACHE = [
  '--cache',
  '--cache-strategy=content',
  '--cache-location=node_modules/.cache/prettier/checked.json'
];

/** @type {string[]} */
const failedSteps = [];
process.chdir(ROOT);
process.exitCode = await main(process.argv.slice(2));

/** @param {string[]} mochaArgs */
async function main(mochaArgs) {
  if (!isNodeFit(process.versions.node)) {
    tell(paint(31, `Node ${process.versions.node} is too old: install ${OLDEST_NODE} or newer`));
    return finish(null);
  }
  // Without dependencies nothing else can run.
  if (needsInstall() && !(await attempt('installing dependencies', install))) return finish(null);
  await installTools();
  // Two at a time, each of which keeps one core busy: linting takes about as long as all the others.
  await Promise.all([
    attempt('linting', () => run(process.execPath, ['scripts/lint.mjs'])),
    checkAndBuild()
  ]);
  return finish(await runSpecs(mochaArgs));
}

/** Checks types and format and builds, one step after the other. */
async function checkAndBuild() {
  await attempt('checking types', () => node('typescript/bin/tsc', '--noEmit'));
  await attempt('checking types of the pages', () =>
    node('typescript/bin/tsc', '--noEmit', '-p', 'client/pages/tsconfig.json')
  );
  await attempt('checking the format', () =>
    node('prettier/bin/prettier.cjs', '--check', ...PRETTIER_CACHE, '.')
  );
  if (needsBuild()) await attempt('building', build);
}

/** Installs what the specs need and the machine lacks, where that is allowed, and says what was done. */
async function installTools() {
  for (const tool of missingTools()) {
    const need = `${tool.name} (${tool.why})`;
    if (!isDebianRoot()) {
      tell(
        `${paint(33, '!')} missing: ${need}; install the package ${tool.package} to run its specs`
      );
      continue;
    }
    // Not a failed step: in CI the specs that need it fail, elsewhere they are skipped and say so.
    await step(`installing the Debian package ${tool.package} for ${need}`, () =>
      installPackage(tool.package)
    ).catch((error) => {
      tell(`${paint(33, '!')} ${tool.package} could not be installed: ${error.message}`);
    });
  }
}

/**
 * Runs the specs and returns what mocha has counted; null when the arguments name no spec.
 * @param {string[]} mochaArgs
 * @returns {Promise<LaneResult | null>}
 */
async function runSpecs(mochaArgs) {
  /** @type {LaneResult | null} */
  let result = null;
  await attempt('running the specs', async () => {
    const { files, options } = chosenSpecs(mochaArgs);
    // Specs selected by name or pattern run briefly, and may all be in one lane.
    const isChosen = mochaArgs.length > 0;
    const lanes = isChosen ? [files] : balance(files, readTimes(), LANES);
    result = sum(await runLanes(lanes, options));
    if (!isChosen && result.isWhole) keepMeasured(result.files);
    if (result.failed > 0) throw new Error('some specs failed');
    // A pattern that matches nothing is a mistake.
    if (result.passed + result.skipped === 0) throw new Error('no spec was run');
  });
  return result;
}

/**
 * Writes the times to the file from which `npm run spec-times` reads them.
 * @param {readonly import('./specs/spec-lanes.mjs').FileResult[]} files
 */
function keepMeasured(files) {
  mkdirSync(dirname(MEASURED_FILE), { recursive: true });
  writeFileSync(MEASURED_FILE, JSON.stringify(files));
}

/**
 * Prints what was slow, what failed and the numbers; returns the exit code.
 * @param {LaneResult | null} result
 */
function finish(result) {
  const { passed, failed, skipped, files, failures } = result ?? sum([]);
  if (files.length > 0) tell(`the slowest spec files:\n${slowestLines(files).join('\n')}`);
  if (failures.length > 0) tell(paint(31, `failed specs:\n${failureLines(failures).join('\n')}`));
  if (failedSteps.length > 0) tell(paint(31, `failed: ${failedSteps.join(', ')}`));
  // A run of no spec is no success. A run in which all are skipped is, as on a machine without a browser.
  const isGood = failedSteps.length === 0 && failed === 0 && passed + skipped > 0;
  process.stdout.write(
    `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`
  );
  return isGood ? 0 : 1;
}

/**
 * Runs a step and remembers when it fails; returns whether it succeeded.
 * @param {string} name
 * @param {() => Promise<void>} work
 */
async function attempt(name, work) {
  try {
    await step(name, work);
    return true;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    failedSteps.push(name);
    return false;
  }
}

/**
 * Runs a program of a dependency.
 * @param {string} script
 * @param {readonly string[]} args
 */
async function node(script, ...args) {
  await run(process.execPath, [join('node_modules', script), ...args]);
}
