/**
 * Prepares a source checkout to run: checks the version of Node, installs dependencies, builds. It uses Node's own
 * modules only, because dependencies may not be installed yet.
 */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout, or of the installed package. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Oldest Node that runs Rollcall; the same as `engines` in package.json. */
export const OLDEST_NODE = '20.19.0'; // util.parseEnv, import.meta.filename and require of ES modules without flags

/** Everything that dist is made from: a change in one of these makes dist stale. */
export const SOURCES = [
  'index.ts',
  'protocol',
  'machines',
  'actors',
  'server',
  'cli',
  'client',
  'packages/rollcall-client/package.json',
  'packages/rollcall-client/frames.d.ts',
  'scripts/build.mjs',
  'scripts/packages/client-package.mjs',
  'scripts/packages/server-bundle.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json'
];

/** The package of the SDK; the build fills its dist too. */
export const CLIENT_PACKAGE = 'packages/rollcall-client';

/** File whose time is when the last build began; missing while dist is incomplete. */
export const BUILT_STAMP = 'dist/.built';

const colours = process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';

/**
 * Colours text by an SGR code (`2` dim, `31` red, `32` green); leaves it as it is when standard error shows no colours.
 * @param {number} style
 * @param {string} text
 */
export function paint(style, text) {
  return colours ? `\u001b[${String(style)}m${text}\u001b[0m` : text;
}

/**
 * Writes a line of progress to standard error, because standard output belongs to the command that is started.
 * @param {string} text
 */
export function tell(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a step and tells its name, its result and how long it took. Errors are thrown on.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const startedMs = performance.now();
  const took = () => paint(2, `(${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  tell(`${paint(36, '▸')} ${name} …`);
  try {
    const result = await work();
    tell(`${paint(32, '✔')} ${name} ${took()}`);
    return result;
  } catch (error) {
    tell(`${paint(31, '✖')} ${name} ${took()}`);
    throw error;
  }
}

/**
 * Tells whether a Node version, such as `20.19.0`, is new enough.
 * @param {string} version
 */
export function isNodeFit(version, oldest = OLDEST_NODE) {
  const have = version.split('.').map(Number);
  const need = oldest.split('.').map(Number);
  for (const [index, part] of need.entries()) {
    const mine = have[index] ?? 0;
    if (mine !== part) return mine > part;
  }
  return true;
}

/** Tells whether dependencies must be installed: they are missing, or older than the lock file. */
export function needsInstall(root = ROOT) {
  // npm writes this file last, so it is missing after an install that was cut off.
  const installedMs = timeOf(join(root, 'node_modules/.package-lock.json'));
  return installedMs === 0 || installedMs < timeOf(join(root, 'package-lock.json'));
}

/** Tells whether dist must be built: it is incomplete, or a source was changed, added or removed since. */
export function needsBuild(root = ROOT) {
  const builtMs = timeOf(join(root, BUILT_STAMP));
  const hasClient = timeOf(join(root, CLIENT_PACKAGE, 'package.json')) > 0;
  if (hasClient && timeOf(join(root, CLIENT_PACKAGE, 'dist')) === 0) return true;
  return builtMs === 0 || SOURCES.some((source) => newestMs(join(root, source)) > builtMs);
}

/**
 * Returns the arguments with which npm installs what the lock file says, build tools included. `npm ci` empties
 * node_modules first. An existing installation is only updated, because a server may be running from it.
 * @see docs/adr/0016-one-lock-file-for-all-platforms.md
 */
export function npmArgs(root = ROOT) {
  const isFresh = timeOf(join(root, 'node_modules/.package-lock.json')) === 0;
  // NODE_ENV=production would leave out the compiler.
  const options = ['--include=dev', '--no-audit', '--no-fund'];
  return isFresh ? ['ci', ...options] : ['install', '--no-save', ...options];
}

/**
 * Installs what the lock file says.
 * @throws when npm fails
 */
export async function install(root = ROOT) {
  const args = npmArgs(root);
  const npm = process.env['npm_execpath'];
  // npm's standard output goes to standard error: standard output belongs to the command that is started.
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  if (npm !== undefined && npm.endsWith('npm-cli.js')) {
    await run(process.execPath, [npm, ...args], options);
  } else {
    await run('npm', args, { ...options, shell: process.platform === 'win32' });
  }
}

/** Builds dist. @throws when the sources do not compile; dist is then unchanged and still stale */
export async function build(root = ROOT) {
  await run(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2]
  });
}

/**
 * Runs a program and waits for its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<void>}
 * @throws {CommandError} when its exit code is not 0; the system's error, such as ENOENT, when it cannot be started
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  // Without this the program would go on when only this process is told to end.
  const end = () => child.kill();
  process.once('exit', end);
  try {
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(undefined);
        else reject(new CommandError([command, ...args].join(' '), code, signal));
      });
    });
  } finally {
    process.off('exit', end);
  }
}

/** Thrown when a program fails. `code` is its exit code; null when a signal ended it. */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {number | null} code
   * @param {string | null} signal
   */
  constructor(command, code, signal) {
    super(`${command} ${code === null ? `was ended by ${signal}` : `ended with code ${code}`}`);
    this.name = 'CommandError';
    this.code = code;
  }
}

/**
 * Returns when a file was last changed, Unix milliseconds; 0 when it does not exist.
 * @param {string} path
 * @returns {number}
 */
function timeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Returns the newest change at or below a path, Unix milliseconds; 0 when it does not exist. Directories count, because
 * their time changes when a file in them is added or removed.
 * @param {string} path
 * @returns {number}
 */
function newestMs(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce(
    (newest, name) => Math.max(newest, newestMs(join(path, name))),
    stat.mtimeMs
  );
}
