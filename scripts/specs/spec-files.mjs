/**
 * Which spec files there are, and which of them a command line asks for.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ROOT } from '../setup.mjs';

const SUFFIX = '.spec.ts';

/** Options of mocha whose value is an argument of its own: `-g chat` names no file. */
const OPTIONS_WITH_VALUE = new Set([
  '-g',
  '--grep',
  '-f',
  '--fgrep',
  '-t',
  '--timeout',
  '--retries'
]);

/** An import of what starts a built server. */
const USES_E2E = /^(import|\}) .*from '[^']*\/e2e\//m;

/**
 * Every spec file below a folder, in order, with `/` between its parts.
 * @param {string} [folder] below the root
 * @returns {string[]}
 */
export function specFiles(folder = 'spec', root = ROOT) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(SUFFIX))
    .sort();
}

/**
 * Splits the arguments of a command line into spec files and what goes on to mocha. A folder stands for all specs below
 * it; no path at all stands for every spec.
 * @param {readonly string[]} args
 * @returns {{ files: string[], options: string[] }}
 * @throws {Error} when a path is no spec file and no folder with specs in it
 */
export function chosenSpecs(args, root = ROOT) {
  /** @type {string[]} */
  const options = [];
  /** @type {string[]} */
  const paths = [];
  for (const [index, arg] of args.entries()) {
    const isValue = OPTIONS_WITH_VALUE.has(args[index - 1] ?? '');
    (isValue || arg.startsWith('-') ? options : paths).push(arg);
  }
  if (paths.length === 0) return { files: specFiles('spec', root), options };
  const files = new Set(paths.flatMap((path) => specsAt(path, root)));
  return { files: [...files], options };
}

/**
 * Tells whether a spec runs what the build makes: all in spec/e2e do, and all that use what is there.
 * @param {string} path
 */
export function needsDist(path, root = ROOT) {
  return path.startsWith('spec/e2e/') || USES_E2E.test(readFileSync(join(root, path), 'utf8'));
}

/**
 * The spec files that one path stands for.
 * @param {string} path relative to the root, or absolute
 * @param {string} root
 */
function specsAt(path, root) {
  const inside = relative(root, resolve(root, path)).replaceAll('\\', '/');
  const stat = statSync(join(root, inside), { throwIfNoEntry: false });
  if (stat === undefined) throw new Error(`there is no ${path}: name a spec file or a folder`);
  if (stat.isDirectory()) {
    const files = specFiles(inside, root);
    if (files.length === 0) throw new Error(`no file in ${path} ends with ${SUFFIX}`);
    return files;
  }
  if (!inside.endsWith(SUFFIX))
    throw new Error(`${path} is no spec: its name must end with ${SUFFIX}`);
  return [inside];
}
