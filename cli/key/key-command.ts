/** `rollcall key new | list | remove`: makes API keys, and edits the file of `API_KEYS_FILE` with their hashes. */
import { randomBytes } from 'node:crypto';
import { reasonOf } from '../../machines/reason.js';
import type { Grants } from '../../server/access/grants.js';
import { entryFaults, withKey, withoutKey, type KeyEntry } from '../../server/access/key-entry.js';
import { EXPIRY_RULE, expiryOf, readKeyFile } from '../../server/access/key-file.js';
import { hashOf } from '../../server/auth/secret.js';
import { type CliOutside, EXIT, say } from '../cli-outside.js';
import { safeLine } from '../terminal/safe-text.js';
import { tableLines } from '../table-lines.js';
import { changeKeys, readKeys } from './key-file-write.js';

/** Random bytes of a key. */
export const KEY_BYTES = 32; // as many as its hash has

/** Prefix of every key, so that scanners for secrets can find keys in other text. */
export const KEY_PREFIX = 'rollcall_';

const DAY_MS = 86_400_000;
const NO_FILE = 'which file? --file <path>, or API_KEYS_FILE';

/** A file of keys. */
export interface KeysFile {
  /** Path as the user wrote it, for messages. */
  readonly name: string;
  readonly path: string;
}

/** What the commands need from the process. */
export interface KeyDesk {
  /** Null when no file is named. */
  readonly file: KeysFile | null;
  /** Returns a new key. */
  readonly makeKey: () => string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** The options of a key to make. */
export interface KeyOrder {
  readonly name: string | undefined;
  readonly scopes: string | undefined;
  readonly threads: readonly string[];
  readonly expires: string | undefined;
}

/** Returns the desk of this process. */
export function keyDesk(file: KeysFile | null): KeyDesk {
  const makeKey = (): string => KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { file, makeKey, nowMs: Date.now() };
}

/** Makes a key and prints it. Returns 1 when the file cannot be changed, 2 when something wrong was asked for. */
export async function runKeyNew(
  order: KeyOrder,
  desk: KeyDesk,
  outside: CliOutside
): Promise<number> {
  const key = desk.makeKey();
  const read = entryOf(order, key, desk.nowMs);
  if (!read.ok) return await misused('new', read.faults, outside);
  const { entry } = read;
  const { file } = desk;
  if (file === null) {
    await say(outside.stdout, `${key}\n${JSON.stringify(entry, null, 2)}`);
    await say(outside.stderr, 'No file was named: put the entry into "keys" of API_KEYS_FILE.');
    return EXIT.good;
  }
  const faults = changeKeys(file.path, (text) => withKey(text, entry));
  if (faults.length > 0) return await failed(file, faults, outside);
  await say(outside.stdout, key);
  await say(
    outside.stderr,
    `"${entry.name}" was added to ${file.name}. The key is not shown again.`
  );
  return EXIT.good;
}

/** Prints the keys of a file, never a hash. Returns 1 when it cannot be read or has faults. */
export async function runKeyList({ file, nowMs }: KeyDesk, outside: CliOutside): Promise<number> {
  if (file === null) return await misused('list', [NO_FILE], outside);
  let text: string | undefined;
  try {
    text = readKeys(file.path);
  } catch (error) {
    return await failed(file, [`it cannot be read (${reasonOf(error)})`], outside);
  }
  if (text === undefined) return await failed(file, ['there is no such file'], outside);
  const read = readKeyFile(text);
  if (!read.ok) return await failed(file, read.faults, outside);
  const rows = read.keys.map(({ name, scopes, grants, expiresAt }) => [
    name,
    [...scopes].join(','),
    grants === null ? 'all' : threadsText(grants),
    expiresAt === null ? 'never' : new Date(expiresAt).toISOString(),
    expiresAt !== null && nowMs >= expiresAt ? 'expired' : 'good'
  ]);
  const lines = tableLines([['name', 'scopes', 'threads', 'ends', 'state'], ...rows]);
  await say(outside.stdout, [...lines, ...(rows.length === 0 ? ['(nothing)'] : [])].join('\n'));
  return EXIT.good;
}

/** Removes a key from a file. Returns 1 when it is not there or the file cannot be changed. */
export async function runKeyRemove(
  name: string | undefined,
  { file }: KeyDesk,
  outside: CliOutside
): Promise<number> {
  const missing = [
    ...(name === undefined ? ['which key? rollcall key remove <name>'] : []),
    ...(file === null ? [NO_FILE] : [])
  ];
  if (name === undefined || file === null) return await misused('remove', missing, outside);
  const faults = changeKeys(file.path, (text) =>
    text === undefined ? { ok: false, faults: ['there is no such file'] } : withoutKey(text, name)
  );
  if (faults.length > 0) return await failed(file, faults, outside);
  await say(outside.stdout, `"${name}" was taken out of ${file.name}.`);
  return EXIT.good;
}

type ReadOrder =
  | { readonly ok: true; readonly entry: KeyEntry }
  | { readonly ok: false; readonly faults: readonly string[] };

function entryOf(
  { name, scopes, threads, expires }: KeyOrder,
  key: string,
  nowMs: number
): ReadOrder {
  const faults: string[] = [];
  const patterns = threads.map((text) => patternOf(text, faults));
  const names = patterns.map(([pattern]) => pattern);
  for (const twice of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    faults.push(`--threads names "${twice}" twice`);
  }
  const expiresAt = expires === undefined ? undefined : endOf(expires, nowMs, faults);
  const entry: KeyEntry = {
    name: name ?? '',
    sha256: hashOf(key).toString('hex'),
    scopes: (scopes ?? '').split(',').filter((scope) => scope !== ''),
    ...(threads.length === 0 ? {} : { threads: Object.fromEntries(patterns) }),
    ...(expiresAt === undefined ? {} : { expiresAt })
  };
  faults.push(...entryFaults(entry).map((fault) => `--${fault}`));
  return faults.length === 0 ? { ok: true, entry } : { ok: false, faults };
}

/** Parses `orders:*:read,write`: the actions come after the last colon. */
function patternOf(text: string, faults: string[]): [pattern: string, actions: string[]] {
  const at = text.lastIndexOf(':');
  if (at <= 0) {
    faults.push(`--threads "${text}" is no pattern with its actions, as in "orders:*:read,write"`);
    return [text, []];
  }
  return [text.slice(0, at), text.slice(at + 1).split(',')];
}

function endOf(text: string, nowMs: number, faults: string[]): string | undefined {
  const [, days] = /^([1-9]\d{0,4})d$/.exec(text) ?? [];
  if (days !== undefined) {
    // The file needs no milliseconds.
    return new Date(nowMs + Number(days) * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  }
  const end = expiryOf(text);
  if (end === null) {
    faults.push(`--expires "${text}" is no number of days (90d), nor ${EXPIRY_RULE}`);
  } else if (end <= nowMs) {
    faults.push(`--expires "${text}" has passed already`);
  }
  return end === null ? undefined : text;
}

/** Writes threads in the form that `--threads` accepts. */
function threadsText(grants: Grants): string {
  const texts = grants.map(
    ({ text, isPrefix, actions }) => `${text}${isPrefix ? '*' : ''}:${[...actions].join(',')}`
  );
  // A pattern may contain control characters of a terminal.
  return texts.length === 0 ? 'none' : safeLine(texts.join(' '));
}

async function misused(
  command: string,
  faults: readonly string[],
  { stderr }: CliOutside
): Promise<number> {
  const lines = faults.map((fault) => `rollcall key ${command}: ${fault}`);
  await say(stderr, [...lines, `See rollcall key ${command} --help.`].join('\n'));
  return EXIT.wrongUsage;
}

async function failed(
  { name }: KeysFile,
  faults: readonly string[],
  { stderr }: CliOutside
): Promise<number> {
  await say(stderr, faults.map((fault) => `rollcall: ${name}: ${fault}`).join('\n'));
  return EXIT.failed;
}
