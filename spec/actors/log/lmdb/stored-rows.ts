import { open, type RootDatabase } from 'lmdb';
import type { LogKey } from '../../../../actors/log/lmdb/log-keys.js';
import type { LogWrite } from '../../../../actors/log/lmdb/log-store.js';

/** Calls a function with the rows of a closed log as the engine has them, checksums included. */
async function withEngine<T>(
  dir: string,
  use: (rows: RootDatabase<string, LogKey>) => Promise<T> | T
): Promise<T> {
  const rows = open<string, LogKey>({
    path: dir,
    noSubdir: false,
    encoding: 'string',
    // As the log opens it: the header of the file says so.
    overlappingSync: false
  });
  try {
    return await use(rows);
  } finally {
    await rows.close();
  }
}

/** Writes rows without checksums. */
export function commitBare(dir: string, writes: readonly LogWrite[]): Promise<void> {
  return withEngine(dir, async (rows) => {
    await rows.batch(() => {
      for (const { key, value } of writes) {
        if (value === null) void rows.remove(key);
        else void rows.put(key, value);
      }
    });
  });
}

/** What is stored, by the parts of the key. */
export function storedIn(dir: string): Promise<Map<string, string>> {
  return withEngine(
    dir,
    (rows) => new Map([...rows.getRange({})].map(({ key, value }) => [key.join(' '), value]))
  );
}

/** Changes one bit of what is stored under a key, as a failing disk does. */
export async function flipBit(dir: string, key: LogKey, at: number): Promise<void> {
  const stored = (await storedIn(dir)).get(key.join(' '));
  if (stored === undefined) throw new Error(`there is no row ${key.join(' ')}`);
  const bytes = Buffer.from(stored);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await commitBare(dir, [{ key, value: bytes.toString() }]);
}
