/** Adds entries to the text of a key file and removes them. The caller writes the file. */
import { readKeyFile } from './key-file.js';

/** An entry in the form that the file has. */
export interface KeyEntry {
  readonly name: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
  readonly threads?: Readonly<Record<string, readonly string[]>>;
  readonly expiresAt?: string;
}

/** The changed text of a key file, or the reasons why it was not changed. */
export type EditedKeys =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Returns all faults of a single entry, as sentences. */
export function entryFaults(entry: KeyEntry): string[] {
  const read = readKeyFile(JSON.stringify({ keys: [entry] }));
  // There is only one key here, so its number and name are not needed.
  return read.ok ? [] : read.faults.map((fault) => fault.replace(/^key 1( "[^"]*")?: /, ''));
}

/** Adds an entry to the text of a key file; undefined: there is no file yet. */
export function withKey(text: string | undefined, entry: KeyEntry): EditedKeys {
  return edited(text ?? '{"keys":[]}', (keys) => [...keys, entry]);
}

/** Takes the entry of a name out of the text of a key file. */
export function withoutKey(text: string, name: string): EditedKeys {
  const read = readKeyFile(text);
  if (!read.ok) return read;
  const at = read.keys.findIndex((key) => key.name === name);
  if (at === -1) return { ok: false, faults: [`it has no key "${name}"`] };
  return edited(text, (keys) => keys.filter((_, index) => index !== at));
}

/** Changes the entries, but neither changes a file with faults nor makes one that a server would refuse. */
function edited(
  text: string,
  change: (keys: readonly unknown[]) => readonly unknown[]
): EditedKeys {
  const before = readKeyFile(text);
  if (!before.ok) return before;
  const keys = change(before.keys.map(({ entry }): unknown => JSON.parse(entry)));
  const next = `${JSON.stringify({ keys }, null, 2)}\n`;
  const after = readKeyFile(next);
  return after.ok ? { ok: true, text: next } : after;
}
