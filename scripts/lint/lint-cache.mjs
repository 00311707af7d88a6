/**
 * Which files must be linted again. ESLint's own cache looks at each file alone, but rules that know types judge a file
 * by what it imports too, and a rule that is written in eslint.config.js is no part of its key. So a file's key here is
 * made of its own text, the texts of all that it imports, directly or indirectly, and of what affects every file.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { ROOT } from '../setup.mjs';

const LINTED = /\.[cm]?[jt]s$/;

/** Folders without files that are linted; eslint.config.js has the same, and has the last word. */
const SKIPPED = /^(node_modules|\.git|data|artifacts|coverage|dist|dist\.next-.*)$/;

/** What is packed: its only code is built or written by scripts. */
const PACKAGES = 'packages';

/** Files that affect the result of every file. */
const FOR_ALL = /^(eslint\.config\.js|(.*\/)?(package(-lock)?|tsconfig[^/]*)\.json)$/;

/** Types that are known without an import. */
const AMBIENT = /^\s*declare (global|module)\b/m;

const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g;

/**
 * The key of every file that is linted, by its path.
 * @returns {Map<string, string>}
 */
export function lintKeys(root = ROOT) {
  const texts = new Map(
    filesBelow(root, '').map((path) => [path, readFileSync(join(root, path), 'utf8')])
  );
  const linted = [...texts.keys()].filter((path) => LINTED.test(path));
  const forAll = [...texts].filter(
    ([path, text]) =>
      FOR_ALL.test(path) || path.endsWith('.d.ts') || (LINTED.test(path) && AMBIENT.test(text))
  );
  const common = hashOf([process.version, ...forAll.flat()]);
  const imports = new Map(linted.map((path) => [path, importsOf(path, texts)]));
  const hashes = new Map(linted.map((path) => [path, hashOf([path, texts.get(path) ?? ''])]));
  return new Map(
    linted.map((path) => {
      const reached = [...reach(path, imports, linted)].sort();
      return [path, hashOf([common, path, ...reached.map((other) => hashes.get(other) ?? '')])];
    })
  );
}

/**
 * The files whose key is not among those that were found clean.
 * @param {ReadonlyMap<string, string>} keys
 * @param {Readonly<Record<string, string>>} clean
 */
export function staleFiles(keys, clean) {
  return [...keys].filter(([path, key]) => clean[path] !== key).map(([path]) => path);
}

/**
 * A file and all that it imports, directly or indirectly.
 * @param {string} path
 * @param {ReadonlyMap<string, readonly string[] | 'all'>} imports
 * @param {readonly string[]} all
 */
function reach(path, imports, all) {
  const seen = new Set([path]);
  for (const one of seen) {
    const next = imports.get(one) ?? [];
    if (next === 'all') return new Set(all);
    for (const other of next) seen.add(other);
  }
  return seen;
}

/**
 * The files of this checkout that a file imports; `all` when it imports this package, or one of it, by its name.
 * @param {string} path
 * @param {ReadonlyMap<string, string>} texts
 * @returns {string[] | 'all'}
 */
function importsOf(path, texts) {
  /** @type {string[]} */
  const found = [];
  for (const [, name = ''] of (texts.get(path) ?? '').matchAll(IMPORTED)) {
    if (/^rollcall\b/.test(name)) return 'all';
    if (!name.startsWith('.')) continue;
    const target = posix.join(dirname(path), name);
    // TypeScript's sources are imported by the name of what they are compiled to.
    const candidates = [target, target.replace(/\.([cm]?)js$/, '.$1ts')];
    found.push(...candidates.filter((candidate) => texts.has(candidate)));
  }
  return found;
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      return SKIPPED.test(entry.name) || path === PACKAGES ? [] : filesBelow(root, path);
    }
    return LINTED.test(path) || FOR_ALL.test(path) ? [path] : [];
  });
}

/** @param {readonly string[]} parts */
function hashOf(parts) {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
