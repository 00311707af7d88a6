/** Checks the file of `API_KEYS_FILE` before a start. */
import { reasonOf } from '../../machines/reason.js';
import { readKeyFile } from '../access/key-file.js';

/** What was found: the faults as sentences, and how many keys there are; null when that is not known. */
export interface KeyFileCheck {
  readonly faults: readonly string[];
  readonly note: string | null;
}

/** Reads and checks the file. Without a file, or a way to read it, there is nothing to say. */
export function checkKeyFile(
  path: string | undefined,
  readFile: ((path: string) => string) | undefined
): KeyFileCheck {
  if (path === undefined || readFile === undefined) return { faults: [], note: null };
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const fault = `API_KEYS_FILE: ${path} cannot be read (${reasonOf(error)}); make it with "rollcall key new", or unset it`;
    return { faults: [fault], note: null };
  }
  const read = readKeyFile(text);
  if (!read.ok) {
    return { faults: read.faults.map((fault) => `API_KEYS_FILE: ${path}, ${fault}`), note: null };
  }
  const count = read.keys.length;
  return { faults: [], note: count === 1 ? '1 key' : `${String(count)} keys` };
}
