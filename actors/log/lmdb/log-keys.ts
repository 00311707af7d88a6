/**
 * Keys and records of the embedded log: the one place that knows its layout.
 *
 * | key | value |
 * |---|---|
 * | `x log` | {@link LogMeta}: format version and epoch |
 * | `x run` | {@link RunMark}: how the last process ran and whether it closed |
 * | `x fence writer` | Unix milliseconds: when the next writer took the log; this one may write no more |
 * | `x wal` | number of the last record of the write-ahead log that these rows have (wal/wal-store.ts) |
 * | `x order id` | text: a note of whoever decides the order of a replica's commands (cluster/), next to what it has applied |
 * | `x feed` | {@link FeedRecord}: which analytics store has what was taken, and where facts go next |
 * | `e thread offset` | the `message` frame as JSON text |
 * | `m mid thread` | offset: the idempotency index, living exactly as long as the entry |
 * | `t thread` | {@link ThreadRecord} |
 * | `u user thread` | read mark: the user has published here or marked it read |
 * | `l user at thread` | `1`: place of the thread in the user's list (user-lists.ts) |
 * | `w thread user` | Unix milliseconds: the `at` of that place, one row for each row of `u` |
 * | `d thread` | `1`: the thread has had messages since its members' rows were moved |
 * | `h thread` | {@link WatchRecord}: messages that nobody has taken yet |
 * | `r thread kind id` | text: a record of the thread |
 * | `p thread` | offset: the first message that the analytics store does not have; no row when it has all |
 * | `f seq` | JSON array of facts that the analytics store does not have |
 * | `o thread offset n` | `-` and a text: what webhooks have not told (outbox/lmdb-outbox.ts) |
 * | `q seq` | text: what webhooks have given up |
 * | `v user thread` | offset: webhooks have told that something waits for the user there |
 *
 * Every value has a checksum behind it (log-seal.ts), which the store adds and removes.
 *
 * The index has the mid before the thread: mids that grow with time (UUIDv7) then fill one page after another instead
 * of one page per thread, a third fewer pages per commit over 1000 threads.
 */
import { isLongerThan, isThreadId, USER_MAX } from '../../../protocol/frames.js';
import { MID_MAX } from '../../../protocol/run-fields.js';
import type { Durability } from '../log-writer.js';
import type { ListPlace, Unwatched, UnwatchedAuthor } from '../thread-records.js';

/** Version of this layout; a log with a newer one is refused, an older one is upgraded (log-upgrade.ts). */
export const LOG_FORMAT = 5;

/**
 * Format of a log that was closed in good order: everything is in the data file then, and a version without a
 * write-ahead log can open it. One that was not closed so has {@link LOG_FORMAT}, which such a version refuses.
 */
export const CLOSED_FORMAT = 4;

/** Formats below this one have no `p` rows. */
export const PENDING_FORMAT = 2;

/** Formats below this one have rows without a checksum. */
export const SEALED_FORMAT = 3;

/** Formats below this one have no `l`, `w` and `d` rows. */
export const LISTED_FORMAT = 4;

/** A key of the log: a tag, then the parts it identifies. Keys sort part by part. */
export type LogKey = [tag: string, ...rest: (string | number)[]];

/** Tags of the rows that the upgrade to {@link LISTED_FORMAT} makes from the others. */
export const LIST_TAGS: readonly string[] = ['l', 'w', 'd'];

/** A row of the log. */
export interface LogRow {
  readonly key: LogKey;
  readonly value: string;
}

/** What holds for the whole log. */
export interface LogMeta {
  readonly format: number;
  /** Epoch of every thread. A new one means that history may differ from what clients have seen. */
  readonly epoch: string;
  /** Whether this log has had an earlier epoch; true when that is unknown, as in logs of versions that did not note it. */
  readonly isRenewed: boolean;
}

/** What one machine can promise by itself. */
export type LocalDurability = Exclude<Durability, 'quorum'>;

/** How the process that used the log last ran. */
export interface RunMark {
  readonly durability: LocalDurability;
  /** Boot id of the machine; null where the system has none. */
  readonly boot: string | null;
  /** Whether that process closed the log; false while it runs. */
  readonly clean: boolean;
  /** Id of that process's opening of the log; null in logs of versions that had none. */
  readonly writer: string | null;
}

/** What is kept of a thread besides its entries. */
export interface ThreadRecord {
  readonly owner: string | null;
  /** Offset of the oldest kept entry, or the next one when none is kept. */
  readonly first: number;
  /** Highest offset given so far; it stays when its entry has been trimmed. */
  readonly last: number;
  /** `at` of the entry `last`. */
  readonly at: number;
}

/** What is kept of the feed for the analytics store, besides marks and facts. */
export interface FeedRecord {
  /** Id of the store that has the messages and facts taken so far; null when none has taken any. */
  readonly store: string | null;
  /** Seq of the next row of facts; never reused, since the ids of facts are made of it. */
  readonly nextSeq: number;
  /** Number of facts in rows. */
  readonly facts: number;
}

/** What is kept of messages that nobody has taken yet; the thread is in the key. */
export type WatchRecord = Omit<Unwatched, 'thread'>;

/** Key of {@link LogMeta}. */
export const META_KEY: LogKey = ['x', 'log'];
/** Key of {@link RunMark}. */
export const RUN_KEY: LogKey = ['x', 'run'];
/** Key of the row that keeps a writer from writing. */
export function fenceKey(writer: string): LogKey {
  return ['x', 'fence', writer];
}

/** Key of the number of the last record of the write-ahead log that the rows have. */
export const PROJECTED_KEY: LogKey = ['x', 'wal'];

/** Key of a note of whoever decides the order of commands. */
export function noteKey(id: string): LogKey {
  return ['x', 'order', id];
}

/** Key of {@link FeedRecord}. */
export const FEED_KEY: LogKey = ['x', 'feed'];

/** Sorts after every string and number at its place in a key. */
export const AFTER_ALL = '\uffff';

/** Key of a message. */
export function entryKey(thread: string, offset: number): LogKey {
  return ['e', thread, offset];
}

/** Names a row for an operator. */
export function rowName(key: LogKey): string {
  const [tag, thread, offset] = key;
  if (tag === 'e') return `entry ${String(offset)} of thread ${String(thread)}`;
  if (tag === 't') return `the record of thread ${String(thread)}`;
  // A damaged key may have parts that JSON has not.
  const parts = key.map((part: unknown) => (typeof part === 'number' ? part : String(part)));
  return `the row ${JSON.stringify(parts)}`;
}

/** Whether the bytes of a key, as the engine keeps them, are those of an entry's key. */
export function isEntryKey(bytes: Uint8Array): boolean {
  return bytes[0] === 0x65 && bytes[1] === 0;
}

/** Key of an index row. Mids and users are free text: escaped as JSON does it, they hold no control characters or halves of pairs. */
export function midKey(mid: string, thread: string): LogKey {
  return ['m', escaped(mid), thread];
}

/** Key of a {@link ThreadRecord}. */
export function threadKey(thread: string): LogKey {
  return ['t', thread];
}

/** Key of a user’s read mark in a thread. */
export function memberKey(user: string, thread: string): LogKey {
  return ['u', escaped(user), thread];
}

/** Key of a thread's row in a user's list. */
export function listKey(user: string, at: number, thread: string): LogKey {
  return ['l', escaped(user), at, thread];
}

/** Key of the time under which a thread is in a user's list. */
export function listedKey(thread: string, user: string): LogKey {
  return ['w', thread, escaped(user)];
}

/** Key of the mark that a thread is late: its rows in lists are not at its newest time. */
export function lateKey(thread: string): LogKey {
  return ['d', thread];
}

/** Key range of a user's list, or of the part from a place on, that place included. */
export function withinList(user: string, before: ListPlace | null): { from: LogKey; to: LogKey } {
  const { from, to } = within('l', escaped(user));
  return { from, to: before === null ? to : [...from, before.at, before.thread] };
}

/** Key of a {@link WatchRecord}. */
export function watchKey(thread: string): LogKey {
  return ['h', thread];
}

/** Key of a record of a thread. */
export function recordKey(thread: string, kind: string, id: string): LogKey {
  return ['r', thread, kind, escaped(id)];
}

/** Bounds of all records of one kind of a thread. */
export function withinRecords(thread: string, kind: string): { from: LogKey; to: LogKey } {
  return within('r', thread, kind);
}

/** Key of a thread’s pending mark. */
export function pendingKey(thread: string): LogKey {
  return ['p', thread];
}

/** Key of a row of facts. */
export function factsKey(seq: number): LogKey {
  return ['f', seq];
}

/** Key of a row of the outbox, or of a bound of a thread's rows. */
export function outboxKey(thread: string, offset: number | string, n = 0): LogKey {
  return typeof offset === 'string' ? ['o', thread, offset] : ['o', thread, offset, n];
}

/** Key of a given up row of the outbox. */
export function letterKey(seq: number): LogKey {
  return ['q', seq];
}

/** Key of the mark that a user was told of a thread. */
export function toldKey(user: string, thread: string): LogKey {
  return ['v', escaped(user), thread];
}

/** Bounds of all such marks of a user. */
export function withinTold(user: string): { from: LogKey; to: LogKey } {
  return within('v', escaped(user));
}

/**
 * Says why a thread, user or mid cannot be in a key; null when they can. The protocol's schema refuses the same,
 * earlier.
 */
export function keyProblem(thread: string, user: string, mid = ''): string | null {
  if (!isThreadId(thread)) return 'the thread id is not valid';
  if (isLongerThan(user, USER_MAX)) return `the user is longer than ${String(USER_MAX)} characters`;
  return isLongerThan(mid, MID_MAX) ? `the mid is longer than ${String(MID_MAX)} characters` : null;
}

/** Bounds of all keys with this beginning. */
export function within(...prefix: LogKey): { from: LogKey; to: LogKey } {
  return { from: prefix, to: [...prefix, AFTER_ALL] };
}

/** Bounds of all index rows of one mid. */
export function withinMid(mid: string): { from: LogKey; to: LogKey } {
  return within('m', escaped(mid));
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Reverses the escaping of mids and users; null when the text is not of that form. */
export function unescaped(text: string): string | null {
  const value = decoded(`"${text}"`);
  return typeof value === 'string' ? value : null;
}

/** Reads a whole number ≥ 0 written in decimal; null when it is not one. */
export function decodeCount(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** Reads {@link LogMeta}; null when the text is not one. */
export function decodeMeta(text: string): LogMeta | null {
  const value = decoded(text);
  return isObject(value) &&
    'format' in value &&
    isCount(value.format) &&
    'epoch' in value &&
    typeof value.epoch === 'string'
    ? {
        format: value.format,
        epoch: value.epoch,
        isRenewed: !('isRenewed' in value) || value.isRenewed !== false
      }
    : null;
}

/** Reads {@link RunMark}; null when the text is not one. */
export function decodeRun(text: string): RunMark | null {
  const value = decoded(text);
  return isObject(value) &&
    'durability' in value &&
    (value.durability === 'disk' || value.durability === 'process') &&
    'boot' in value &&
    (value.boot === null || typeof value.boot === 'string') &&
    'clean' in value &&
    typeof value.clean === 'boolean'
    ? {
        durability: value.durability,
        boot: value.boot,
        clean: value.clean,
        writer: 'writer' in value && typeof value.writer === 'string' ? value.writer : null
      }
    : null;
}

/** Reads {@link ThreadRecord}; null when the text is not one. */
export function decodeThread(text: string): ThreadRecord | null {
  const value = decoded(text);
  return isObject(value) &&
    'owner' in value &&
    (value.owner === null || typeof value.owner === 'string') &&
    'first' in value &&
    isCount(value.first) &&
    'last' in value &&
    isCount(value.last) &&
    'at' in value &&
    typeof value.at === 'number'
    ? { owner: value.owner, first: value.first, last: value.last, at: value.at }
    : null;
}

/** Reads {@link FeedRecord}; null when the text is not one. */
export function decodeFeed(text: string): FeedRecord | null {
  const value = decoded(text);
  return isObject(value) &&
    'store' in value &&
    (value.store === null || typeof value.store === 'string') &&
    'nextSeq' in value &&
    isCount(value.nextSeq) &&
    'facts' in value &&
    isCount(value.facts)
    ? { store: value.store, nextSeq: value.nextSeq, facts: value.facts }
    : null;
}

/** Reads {@link WatchRecord}; null when the text is not one. */
export function decodeWatch(text: string): WatchRecord | null {
  const value = decoded(text);
  if (!isObject(value) || !isSpan(value) || !('state' in value)) return null;
  const { from, since, state } = value;
  if (state !== 'waiting' && state !== 'undelivered') return null;
  const node = 'node' in value && typeof value.node === 'string' ? { node: value.node } : {};
  if (!('authors' in value)) return { from, since, state, ...node };
  const { authors } = value;
  return Array.isArray(authors) && authors.every(isAuthor)
    ? { from, since, state, authors, ...node }
    : null;
}

function isSpan(value: object): value is { from: number; since: number } {
  const isWhole = 'from' in value && isCount(value.from);
  return isWhole && 'since' in value && typeof value.since === 'number';
}

function isAuthor(value: unknown): value is UnwatchedAuthor {
  return isObject(value) && isSpan(value) && 'author' in value && typeof value.author === 'string';
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
