/**
 * The file of `API_KEYS_FILE`: `{"keys":[{"name","sha256","scopes","threads"?,"expiresAt"?}]}`. Whatever it does not
 * know is a fault, since a misspelt `expiresAt` would make a key that never ends. No fault repeats a hash, nor any text
 * that might be a key.
 */
import { GrantsError, grantsOf, type Grants } from './grants.js';
import type { NamedKey } from './identity.js';
import { SCOPES, SCOPES_OF_ALL_THREADS, scopeOf, type Scope } from './scopes.js';

/** Most keys in a file: every request with a key is compared with each. */
export const KEYS_MAX = 1_000;

/** Longest file, in characters: {@link KEYS_MAX} keys with some threads each. */
export const KEY_FILE_CHARS_MAX = 2_097_152;

/** A key of the file. */
export interface FiledKey extends Omit<NamedKey, 'isRetired'> {
  /** SHA-256 of the key, 32 bytes. */
  readonly hash: Buffer;
  /** Its entry as text, to see whether it has changed. */
  readonly entry: string;
}

/** The keys of a file, or everything that is wrong with it. */
export type ReadKeys =
  | { readonly ok: true; readonly keys: readonly FiledKey[] }
  | { readonly ok: false; readonly faults: readonly string[] };

const FIELDS = ['name', 'sha256', 'scopes', 'threads', 'expiresAt'];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$/;
const DATE = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** What a key's name may be. */
export const KEY_NAME_RULE =
  '1 to 64 characters of A-Z a-z 0-9 . _ : @ -, and begins with a letter or digit';

/** What the time at which a key ends may be. */
export const EXPIRY_RULE = 'a date (2027-01-31) or a time with its zone (2027-01-31T12:00:00Z)';

/** Reads the text of a key file. */
export function readKeyFile(text: string): ReadKeys {
  if (text.length > KEY_FILE_CHARS_MAX) return refused(['it is too long to be a list of keys']);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return refused([`line ${String(faultyLine(text))}: it is not JSON`]);
  }
  const keys: unknown = isObject(file) ? file['keys'] : undefined;
  if (!isObject(file) || !Array.isArray(keys)) return refused(['it is no {"keys":[…]}']);
  const unknown = Object.keys(file).filter((name) => name !== 'keys');
  const faults = unknown.map((name) => `there is no field "${shown(name)}", only "keys"`);
  if (keys.length > KEYS_MAX) faults.push(`it has more than ${String(KEYS_MAX)} keys`);
  const read = keys.slice(0, KEYS_MAX).map((entry: unknown) => readEntry(entry));
  read.forEach((each, index) => {
    const name = each.name === null ? '' : ` "${each.name}"`;
    for (const fault of each.faults) faults.push(`key ${String(index + 1)}${name}: ${fault}`);
  });
  const good = read.flatMap(({ key }) => key ?? []);
  faults.push(...doubles(good));
  return faults.length === 0 ? { ok: true, keys: good } : refused(faults);
}

/** Returns the name of a key; null when it is not valid. */
export function keyNameOf(value: unknown): string | null {
  return typeof value === 'string' && NAME.test(value) ? value : null;
}

/** Returns the time of a text in Unix milliseconds; null when it is not valid. */
export function expiryOf(text: unknown): number | null {
  const date = typeof text === 'string' ? DATE.exec(text) : null;
  const [whole, day = ''] = date ?? [];
  if (whole === undefined) return null;
  const at = Date.parse(whole);
  const midnight = Date.parse(day);
  // `2027-02-30` would be taken for March.
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  return Number.isNaN(at) || !isDay ? null : at;
}

interface ReadEntry {
  readonly name: string | null;
  readonly key: FiledKey | null;
  readonly faults: readonly string[];
}

function readEntry(entry: unknown): ReadEntry {
  if (!isObject(entry)) return { name: null, key: null, faults: ['it is no object'] };
  const faults = Object.keys(entry)
    .filter((field) => !FIELDS.includes(field))
    .map((field) => `there is no field "${shown(field)}", only ${FIELDS.join(', ')}`);
  const name = keyNameOf(entry['name']);
  if (name === null) faults.push(`name has ${KEY_NAME_RULE}`);
  const { sha256 } = entry;
  const isHash = typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256);
  if (!isHash) faults.push('sha256 is the SHA-256 of the key in 64 hexadecimal digits');
  const scopes = scopesOf(entry['scopes'], faults);
  const grants = grantsOfEntry(entry['threads'], scopes, faults);
  const { expiresAt } = entry;
  const end = expiresAt === undefined ? null : expiryOf(expiresAt);
  if (expiresAt !== undefined && end === null) faults.push(`expiresAt is ${EXPIRY_RULE}`);
  if (name === null || !isHash || faults.length > 0) return { name, key: null, faults };
  const hash = Buffer.from(sha256, 'hex');
  const key = { name, hash, scopes, grants, expiresAt: end, entry: JSON.stringify(entry) };
  return { name, key, faults };
}

function scopesOf(value: unknown, faults: string[]): ReadonlySet<Scope> {
  if (!Array.isArray(value) || value.length === 0) {
    faults.push(`scopes is a list of ${SCOPES.join(', ')}`);
    return new Set();
  }
  const known = value.map((name: unknown) => scopeOf(name));
  if (known.includes(undefined)) {
    faults.push(`scopes has something that is none of ${SCOPES.join(', ')}`);
  }
  return new Set(known.filter((scope) => scope !== undefined));
}

function grantsOfEntry(
  value: unknown,
  scopes: ReadonlySet<Scope>,
  faults: string[]
): Grants | null {
  try {
    const grants = grantsOf(value, '');
    const wide = grants === null ? [] : SCOPES_OF_ALL_THREADS.filter((scope) => scopes.has(scope));
    if (wide.length > 0)
      faults.push(`${wide.join(' and ')} are about every thread: leave threads out`);
    if (JSON.stringify(value ?? null).includes('{sub}')) {
      faults.push('threads has {sub}, but a key has no user');
    }
    return grants;
  } catch (error) {
    if (!(error instanceof GrantsError)) throw error;
    faults.push(`threads ${error.fault}`);
    return null;
  }
}

function doubles(keys: readonly FiledKey[]): string[] {
  const names = new Set<string>();
  const hashes = new Map<string, string>();
  return keys.flatMap(({ name, hash }) => {
    const other = hashes.get(hash.toString('hex'));
    const faults = [
      ...(names.has(name) ? [`two keys have the name "${name}"`] : []),
      ...(other === undefined ? [] : [`"${other}" and "${name}" are the same key`])
    ];
    names.add(name);
    hashes.set(hash.toString('hex'), name);
    return faults;
  });
}

/** Returns the first line up to which a text is not the beginning of any JSON. */
function faultyLine(text: string): number {
  const lines = text.split('\n');
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginning(lines.slice(0, middle).join('\n'))) good = middle;
    else bad = middle;
  }
  return bad;
}

/** Whether a text only ends too early: the parser of V8 blames its end and nothing before it. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const at = /position (\d+)/.exec(message)?.[1];
    return (
      /end of JSON input|Unterminated/.test(message) || Number(at ?? -1) >= text.trimEnd().length
    );
  }
}

function refused(faults: readonly string[]): ReadKeys {
  return { ok: false, faults };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name from the file in a message: short, and without characters that a terminal obeys. */
function shown(name: string): string {
  return name.slice(0, 40).replace(/[^\x20-\x7e]/g, '?');
}
