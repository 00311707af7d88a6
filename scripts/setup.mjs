/**
 * Brings a source checkout to the point where it can run: the right Node, dependencies, a fresh build. Only Node's
 * own modules are used here, because nothing else need be installed yet.
 */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout, or of the installed package. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Oldest Node that runs Rollcall, as package.json says under `engines`. */
export const OLDEST_NODE = '20.19.0'; // util.parseEnv, import.meta.filename and require of ES modules without flags

/** Everything that dist is made from. */
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
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json'
];

/** The package of the SDK, whose dist the build fills too. */
export const CLIENT_PACKAGE = 'packages/rollcall-client';

/** File whose time is that of the sources that dist was built from; absent while dist is not whole. */
export const BUILT_STAMP = 'dist/.built';

const colours = process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';

/**
 * Shows text in an SGR style (`2` dim, `31` red, `32` green) where standard error is a coloured terminal.
 * @param {number} style
 * @param {string} text
 */
export function paint(style, text) {
  return colours ? `\u001b[${String(style)}m${text}\u001b[0m` : text;
}

/**
 * Says a line of progress on standard error, so that standard output stays that of the command.
 * @param {string} text
 */
export function tell(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a step, says how long it took, and passes on what it throws.
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
 * Tells whether a Node version is new enough.
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

/** Tells whether dependencies must be installed: there are none, or they are older than the lock file. */
export function needsInstall(root = ROOT) {
  // npm writes this file last, so it is missing after an install that was cut off.
  const installedMs = timeOf(join(root, 'node_modules/.package-lock.json'));
  return installedMs === 0 || installedMs < timeOf(join(root, 'package-lock.json'));
}

/** Tells whether dist must be built: it is not whole, or a source has changed, come or gone since. */
export function needsBuild(root = ROOT) {
  const builtMs = timeOf(join(root, BUILT_STAMP));
  const hasClient = timeOf(join(root, CLIENT_PACKAGE, 'package.json')) > 0;
  if (hasClient && timeOf(join(root, CLIENT_PACKAGE, 'dist')) === 0) return true;
  return builtMs === 0 || SOURCES.some((source) => newestMs(join(root, source)) > builtMs);
}

/**
 * What npm is told so that it installs what the lock file says, tools for building included. `npm ci` begins with an
 * empty node_modules; where there is a whole one already, a server may be running from it, so only what the lock file
 * has changed is replaced.
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
  // npm's standard output is not the command's own.
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  if (npm !== undefined && npm.endsWith('npm-cli.js')) {
    await run(process.execPath, [npm, ...args], options);
  } else {
    await run('npm', args, { ...options, shell: process.platform === 'win32' });
  }
}

/** Builds dist. @throws when the sources do not compile; dist is then as it was, and still counts as stale */
export async function build(root = ROOT) {
  await run(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2]
  });
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<void>}
 * @throws {CommandError} when it does not end with 0; the system's own error when it cannot be run
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  // A program goes on by itself when only this process is told to end.
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

/** A program did not end well. `code` is its exit code, null when a signal ended it. */
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
 * Milliseconds of a file's last change; 0 when it does not exist.
 * @param {string} path
 * @returns {number}
 */
function timeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Newest change at or below a path. Directories count: their time tells of files that came or went.
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
