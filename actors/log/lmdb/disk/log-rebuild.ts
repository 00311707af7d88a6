/**
 * Checks the pages of a log before the storage engine trusts them, since the engine ends the process on a page that it
 * does not expect. When pages are damaged, every row that can still be read is copied into a new data file; the
 * damaged one stays beside it.
 * @see docs/adr/0018-pages-are-checked-before-they-are-trusted.md
 */
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { frameHeader } from '../../../../protocol/message-frame.js';
import { reasonOf } from '../../../../machines/reason.js';
import { LogCorruptError, LogFormatError } from '../../log-errors.js';
import { REPAIRED_NOTE } from '../../replica/replica-notes.js';
import {
  decodeMeta,
  FEED_KEY,
  LIST_TAGS,
  LISTED_FORMAT,
  LOG_FORMAT,
  memberKey,
  META_KEY,
  midKey,
  noteKey,
  rowName,
  RUN_KEY,
  threadKey,
  type LogKey,
  type LogMeta,
  type LogRow,
  type RunMark,
  type ThreadRecord
} from '../log-keys.js';
import { isSealed, unseal } from '../log-seal.js';
import { decodeKey, openStore, type LogStore, type LogWrite } from '../log-store.js';
import { DATA_FILE, inspectDataFile } from './pages/log-file.js';
import { KeyCheck } from './key-check.js';
import { LogPages, walkPages, type PageRow } from './pages/log-pages.js';
import { isSound } from './log-upgrade.js';

/** Rows between two turns of the event loop. */
const ROWS_A_TURN = 20_000;

/** Rows in one commit of the copy. */
const ROWS_A_COMMIT = 4_096;

/** Damaged places that a report names; the others are counted. */
const PLACES_MAX = 5;

const TOO_MUCH_LOST = 'too much is lost to go on without it';

/** Folder in which the copy is made, within that of the log. */
const COPY_FOLDER = 'rebuilding';

/** Tags of rows that are rebuilt: the index of mids and users' lists. */
const MADE_ANEW = new Set(['m', ...LIST_TAGS]);

/** What became of a log whose pages were damaged. */
export interface Rebuilt {
  /** What was damaged and what was saved, for an operator. */
  readonly report: string;
}

/** Result of a rebuild. */
export interface Copied {
  readonly messages: number;
  /** Name under which the old data file is kept in the log's folder. */
  readonly kept: string;
  /** Names of the first damaged rows that are lost. Rows that are rebuilt are not lost. */
  readonly left: readonly string[];
  readonly leftCount: number;
}

/** Options of {@link checkPages}. */
export interface RebuildOptions {
  readonly dir: string;
  readonly newEpoch: () => string;
  readonly now: () => number;
}

/**
 * Reads every page of a log, and rebuilds the log when one is damaged. Null when nothing was, or there is no log yet.
 * Only a file that has passed may be given to the storage engine.
 * @throws {LogCorruptError} it is no log, cannot be rebuilt, or is cut off
 */
export async function checkPages(options: RebuildOptions): Promise<Rebuilt | null> {
  const { dir } = options;
  const found = inspectDataFile(dir);
  if (found.state === 'foreign') throw new LogCorruptError(dir, found.what);
  if (found.state === 'absent') return null;
  const places: string[] = [];
  let count = 0;
  const onHole = (place: string): void => {
    count += 1;
    if (places.length < PLACES_MAX) places.push(place);
  };
  const pages = LogPages.open(dir, onHole);
  if (pages === null) return null;
  let rows = 0;
  const keys = new KeyCheck(onHole);
  try {
    for (const row of pages.rows()) {
      keys.take(row);
      rows += 1;
      if (rows % ROWS_A_TURN === 0) await nextTurn();
    }
    keys.end();
  } finally {
    pages.close();
  }
  if (count === 0) return null;
  // Another process writes to the log: its pages changed while they were read, and it will be kept from going on.
  if (pages.transaction !== LogPages.transactionOf(dir)) return null;
  const where = `${places.join(', ')}${count > places.length ? ` and ${String(count - places.length)} more` : ''}`;
  if (pages.missingBytes > 0 && pages.holes > 0) {
    const missing = String(pages.missingBytes);
    throw new LogCorruptError(dir, `the data file was ${missing} bytes short: ${where}`);
  }
  if (!pages.isRecoverable) {
    throw new LogCorruptError(dir, `${where}; ${TOO_MUCH_LOST}`);
  }
  try {
    const { messages, kept } = await rebuildLog(options);
    return {
      report: `${where}; ${String(messages)} messages were copied into a new file, and the damaged one was kept as ${kept}`
    };
  } catch (error) {
    if (error instanceof LogCorruptError || error instanceof LogFormatError) throw error;
    throw new LogCorruptError(
      dir,
      `${where}; what is whole could not be copied (${reasonOf(error)})`
    );
  }
}

/**
 * Copies every intact row into a new data file, which replaces the old one; the old one is kept beside it. Rows that
 * follow from the messages are rebuilt, and the log gets a new epoch. Nobody may use the log meanwhile.
 * @throws {LogCorruptError} intact rows cannot be told from damaged ones
 * @throws {LogFormatError} the log is of a newer version
 */
export async function rebuildLog({ dir, newEpoch, now }: RebuildOptions): Promise<Copied> {
  const copyDir = join(dir, COPY_FOLDER);
  const kept = `damaged-${String(now())}.mdb`;
  rmSync(copyDir, { recursive: true, force: true });
  const pages = LogPages.open(dir, () => undefined);
  if (pages === null) throw new LogCorruptError(dir, `${DATA_FILE} does not begin like a log`);
  const store = openStore({ dir: copyDir, use: 'process' });
  const copy = new Copy(store, areSealed(dir));
  try {
    for (const row of pages.rows()) await copy.take(row);
    if (!pages.isRecoverable) throw new LogCorruptError(dir, TOO_MUCH_LOST);
    for (const row of pages.lost()) await copy.take(row);
    if (copy.format > LOG_FORMAT) throw new LogFormatError(dir, copy.format, LOG_FORMAT);
    await copy.finish(newEpoch);
    await store.sync();
  } finally {
    pages.close();
    await store.close();
  }
  keep(join(dir, DATA_FILE), join(dir, kept));
  renameSync(join(copyDir, DATA_FILE), join(dir, DATA_FILE));
  syncDir(dir);
  rmSync(copyDir, { recursive: true, force: true });
  return { messages: copy.messages, kept, left: copy.left, leftCount: copy.leftCount };
}

/** Where there are no hard links, a copy. */
function keep(path: string, as: string): void {
  try {
    linkSync(path, as);
  } catch {
    copyFileSync(path, as);
  }
}

function syncDir(dir: string): void {
  // Not every system lets a directory be opened.
  if (process.platform === 'win32') return;
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Copies intact rows and rebuilds what follows from the messages: the index of mids, lost records of threads, and who
 * has published where. The upgrade after it makes the lists of users' threads from these.
 */
class Copy {
  readonly #store: LogStore;
  readonly #areSealed: boolean;
  readonly #threads = new Map<string, ThreadRecord>();
  readonly #recorded = new Set<string>();
  #writes: LogWrite[] = [];
  #meta: LogMeta | null = null;
  #run: string | null = null;
  #hasFeed = false;
  #isReplica = false;
  #lastSeq = 0;
  /** Authors in the commit in progress, as `thread user`, because its rows cannot be read yet. */
  readonly #authors = new Set<string>();
  messages = 0;
  readonly left: string[] = [];
  leftCount = 0;

  constructor(store: LogStore, areSealed: boolean) {
    this.#store = store;
    this.#areSealed = areSealed;
  }

  /** Format of the copied log; this version's format when it is unknown. */
  get format(): number {
    return this.#meta?.format ?? LOG_FORMAT;
  }

  async take({ key: bytes, value }: PageRow): Promise<void> {
    const key = decodeKey(bytes);
    if (key !== null && MADE_ANEW.has(key[0])) return;
    const row = wholeRow(key, value.toString('utf8'), this.#areSealed);
    if (row === null) {
      this.leftCount += 1;
      if (this.left.length < PLACES_MAX) this.left.push(key === null ? 'a row' : rowName(key));
      return;
    }
    this.#note(row);
    this.#writes.push(row);
    if (this.#writes.length >= ROWS_A_COMMIT) await this.#commit();
  }

  /** Writes what is not on any page any more. The epoch is a new one: clients may have seen what is lost. */
  async finish(newEpoch: () => string): Promise<void> {
    for (const [thread, record] of this.#threads) {
      if (this.#recorded.has(thread)) continue;
      this.#writes.push({ key: threadKey(thread), value: JSON.stringify(record) });
    }
    // The rows of lists are not copied: the copy gets the format before them, and the upgrade makes them.
    const format = Math.min(this.format, LISTED_FORMAT - 1);
    const meta: LogMeta = { format, epoch: newEpoch(), isRenewed: true };
    const run: RunMark = { durability: 'disk', boot: null, clean: false, writer: null };
    this.#writes.push(
      { key: META_KEY, value: JSON.stringify(meta) },
      { key: RUN_KEY, value: this.#run ?? JSON.stringify(run) }
    );
    if (this.#isReplica) this.#writes.push({ key: noteKey(REPAIRED_NOTE), value: 'yes' });
    if (!this.#hasFeed) {
      const feed = { store: null, nextSeq: this.#lastSeq + 1, facts: 0 };
      this.#writes.push({ key: FEED_KEY, value: JSON.stringify(feed) });
    }
    await this.#commit();
  }

  #note({ key, value }: LogRow): void {
    const [tag, thread, offset] = key;
    if (tag === 'e' && typeof thread === 'string' && typeof offset === 'number') {
      this.#noteEntry(thread, offset, value);
    } else if (tag === 'u') {
      this.#authors.add(`${String(offset)} ${String(thread)}`);
    } else if (tag === 't') {
      this.#recorded.add(String(thread));
    } else if (tag === 'f') {
      this.#lastSeq = Math.max(this.#lastSeq, Number(thread));
    } else if (tag === 'x' && thread === 'order') {
      this.#isReplica = true;
    } else if (isKey(key, META_KEY)) {
      this.#meta = decodeMeta(value);
    } else if (isKey(key, RUN_KEY)) {
      this.#run = value;
    } else if (isKey(key, FEED_KEY)) {
      this.#hasFeed = true;
    }
  }

  #noteEntry(thread: string, offset: number, frame: string): void {
    const header = frameHeader(frame);
    if (header === null) return;
    this.messages += 1;
    this.#writes.push({ key: midKey(header.mid, thread), value: String(offset) });
    this.#noteAuthor(memberKey(header.user, thread));
    const record = this.#threads.get(thread);
    const first = Math.min(record?.first ?? offset, offset);
    const isNewest = record === undefined || offset > record.last;
    this.#threads.set(thread, {
      owner: offset === 1 ? header.user : (record?.owner ?? null),
      first,
      last: isNewest ? offset : record.last,
      at: isNewest ? header.at : record.at
    });
  }

  /** Adds a row without a read mark. An intact row with one replaces it, whichever of the two comes first. */
  #noteAuthor(key: LogKey): void {
    const [, user, thread] = key;
    const name = `${String(thread)} ${String(user)}`;
    if (this.#authors.has(name) || this.#store.get(key) !== undefined) return;
    this.#authors.add(name);
    this.#writes.push({ key, value: '0' });
  }

  async #commit(): Promise<void> {
    this.#authors.clear();
    const writes = this.#writes;
    this.#writes = [];
    await this.#store.commit(writes);
    await nextTurn();
  }
}

function isKey(key: LogKey, other: LogKey): boolean {
  return key.join(' ') === other.join(' ');
}

/** Whether the rows of a log have checksums: most of them have one, or none. */
function areSealed(dir: string): boolean {
  let sealed = 0;
  for (const { value } of walkPages(dir, () => undefined)) {
    sealed += isSealed(value.toString('latin1', Math.max(0, value.length - 9))) ? 1 : -1;
  }
  return sealed > 0;
}

/** A row without its checksum; null when it is damaged. Rows of older formats have none. */
function wholeRow(key: LogKey | null, stored: string, areSealed: boolean): LogRow | null {
  if (key === null) return null;
  if (areSealed || isSealed(stored)) {
    const value = unseal(key, stored);
    return value === null ? null : { key, value };
  }
  return isSound({ key, value: stored }) ? { key, value: stored } : null;
}
