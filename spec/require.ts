/**
 * What a spec needs of the machine beyond Node: a browser, a database. Where it is missing, the spec fails in CI and is
 * skipped with the reason elsewhere; it never passes silently.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const told = new Set<string>();

/** Where Debian puts servers; not in everybody's PATH. */
const SERVERS = '/usr/sbin';

/** Path of the first of these programs that can be run, looked for in PATH; undefined when there is none. */
export function findProgram(...names: readonly string[]): string | undefined {
  const path = `${process.env['PATH'] ?? ''}${delimiter}${SERVERS}`;
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isRunnable);
}

/**
 * Skips the running test, or all tests below the running `before`, unless the tool is present.
 * @throws when it is missing and `CI=true`
 */
export function requireTool(
  context: Pick<Mocha.Context, 'skip'>,
  name: string,
  isPresent: boolean,
  reason: string
): void {
  if (isPresent) return;
  if (process.env['CI'] === 'true') {
    throw new Error(`${name} is missing and CI=true: ${reason}`);
  }
  const line = `skipped without ${name}: ${reason}`;
  if (!told.has(line)) process.stderr.write(`    ${line}\n`);
  told.add(line);
  context.skip();
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
