/**
 * `npm test`: everything that must hold, from a fresh clone. Every step runs even when one before it has failed, so
 * that all faults are told at once. The last line is `N passed, N failed, N skipped`.
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { installPackage, isDebianRoot, missingTools } from './system-tools.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Numbers */

/**
 * The specs run in two lanes at once, each a mocha of its own: most of their time they wait for servers. These go into
 * the first, the rest into the second, so that both take about as long.
 */
const FIRST_LANE =
  /^spec\/(e2e\/([a-e]|inspector|journey)|scripts\/|actors\/(clickhouse|journey)\/)/;

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
    attempt('linting', () => node('eslint/bin/eslint.js', '--max-warnings=0', '.')),
    checkAndBuild()
  ]);
  return finish(await runSpecs(mochaArgs));
}

/** Everything else that comes before the specs, one after the other. */
async function checkAndBuild() {
  await attempt('checking types', () => node('typescript/bin/tsc', '--noEmit'));
  await attempt('checking types of the pages', () =>
    node('typescript/bin/tsc', '--noEmit', '-p', 'client/pages/tsconfig.json')
  );
  await attempt('checking the format', () => node('prettier/bin/prettier.cjs', '--check', '.'));
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
 * Runs the specs and answers mocha's own numbers; null when mocha did not get as far.
 * @param {string[]} mochaArgs
 * @returns {Promise<Numbers | null>}
 */
async function runSpecs(mochaArgs) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-specs-'));
  // What is asked for by name or by pattern is short, and may lie in one lane only.
  const isChosen = mochaArgs.length > 0;
  try {
    await attempt('running the specs', () =>
      isChosen ? mocha(join(folder, '1.json'), withSpecs(mochaArgs)) : runLanes(folder)
    );
    const lanes = (isChosen ? ['1'] : ['1', '2']).map((lane) =>
      JSON.parse(readFileSync(join(folder, `${lane}.json`), 'utf8'))
    );
    return {
      passed: lanes.reduce((sum, { passed }) => sum + passed, 0),
      failed: lanes.reduce((sum, { failed }) => sum + failed, 0),
      skipped: lanes.reduce((sum, { skipped }) => sum + skipped, 0)
    };
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs all specs in both lanes; what the second one prints comes when both are done.
 * @param {string} folder for the lanes' numbers and the second one's output
 */
async function runLanes(folder) {
  const specs = specFiles();
  const first = specs.filter((path) => FIRST_LANE.test(path));
  const second = specs.filter((path) => !FIRST_LANE.test(path));
  const output = join(folder, 'second-lane.txt');
  const held = openSync(output, 'w');
  const color = process.stdout.isTTY ? ['--color'] : [];
  const lanes = await Promise.allSettled([
    mocha(join(folder, '1.json'), first),
    mocha(join(folder, '2.json'), [...color, ...second], ['inherit', held, held])
  ]);
  closeSync(held);
  process.stdout.write(readFileSync(output));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
}

/**
 * The arguments of the command line, with all specs where they name none.
 * @param {readonly string[]} mochaArgs
 */
function withSpecs(mochaArgs) {
  const isNamed = mochaArgs.some((arg) => arg.endsWith('.spec.ts'));
  return isNamed ? mochaArgs : [...mochaArgs, ...specFiles()];
}

/** Every spec, in order. */
function specFiles() {
  return readdirSync('spec', { recursive: true })
    .map((name) => `spec/${String(name).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.spec.ts'))
    .sort();
}

/**
 * Runs mocha on these files.
 * @param {string} stats where its numbers are written
 * @param {readonly string[]} args
 * @param {import('node:child_process').StdioOptions} [stdio]
 */
async function mocha(stats, args, stdio = 'inherit') {
  const options = ['--forbid-only', '--fail-zero', '--reporter', 'scripts/spec-reporter.mjs'];
  await run(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', ...options, '--reporter-option', `stats=${stats}`, ...args],
    { stdio }
  );
}

/**
 * Says what failed and the numbers, and answers the exit code.
 * @param {Numbers | null} numbers
 */
function finish(numbers) {
  const { passed, failed, skipped } = numbers ?? { passed: 0, failed: 0, skipped: 0 };
  if (failedSteps.length > 0) tell(paint(31, `failed: ${failedSteps.join(', ')}`));
  // Nothing run is not a success; all skipped is, as on a machine without a browser.
  const isGood = failedSteps.length === 0 && failed === 0 && passed + skipped > 0;
  process.stdout.write(
    `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`
  );
  return isGood ? 0 : 1;
}

/**
 * Runs a step and remembers when it fails; answers whether it went well.
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
