/**
 * `npm run lint`: lints what has changed since it was last found clean, or what imports something that has.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError, ROOT, run } from './setup.mjs';
import { lintKeys, staleFiles } from './lint/lint-cache.mjs';

/** Keys of the files that were found clean. */
const CLEAN_FILE = 'node_modules/.cache/rollcall/linted.json';

process.chdir(ROOT);
const keys = lintKeys();
const stale = staleFiles(keys, clean());
try {
  // An ignored file among them is no fault: eslint.config.js has the last word.
  const options = ['--max-warnings=0', '--no-warn-ignored'];
  if (stale.length > 0) {
    await run(process.execPath, ['node_modules/eslint/bin/eslint.js', ...options, ...stale]);
  }
  mkdirSync(dirname(CLEAN_FILE), { recursive: true });
  writeFileSync(CLEAN_FILE, JSON.stringify(Object.fromEntries(keys)));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  // ESLint has printed its faults itself.
  process.exitCode = 1;
}

/** @returns {Record<string, string>} */
function clean() {
  try {
    return JSON.parse(readFileSync(CLEAN_FILE, 'utf8'));
  } catch {
    return {};
  }
}
