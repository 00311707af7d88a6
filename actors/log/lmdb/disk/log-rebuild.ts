/**
 * Checks the pages of a log before the storage engine trusts them, since the engine ends the process on a page that it
 * does not expect. When pages are damaged, every row that can still be read is copied into a new data file; the
 * damaged one stays beside it.
 * @see docs/adr/0017-pages-are-checked-before-they-are-trusted.md
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
import { LogCorruptError } from '../../log-errors.js';
import {
  decodeMeta,
  FEED_KEY,
  LISTED_FORMAT,
  LOG_FORMAT,
  META_KEY,
  midKey,
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
import { DATA_FILE, inspectDataFile } from './log-file.js';
import { LogPages, type PageRow } from './log-pages.js';
import { isSound } from './log-upgrade.js';

/** Rows between two turns of the event loop. */
const ROWS_A_TURN = 20_000;

/** Rows in one commit of the copy. */
const ROWS_A_COMMIT = 4_096;

/** Damaged places that a report names; the others are counted. */
const PLACES_MAX = 5;

/** Folder in which the copy is made, within that of the log. */
const COPY_FOLDER = 'rebuilding';

/** Tags of the rows of users' lists. */
const LIST_TAGS = new Set(['l', 'w', 'd']);

/** What became of a log whose pages were damaged. */
export interface Rebuilt {
  /** What was damaged and what was saved, for an operator. */
  readonly report: string;
}

/** Options of {@link checkPages}. */
export interface RebuildOptions {
  readonly dir: string;
  readonly newEpoch: () => string;
  readonly now: () => number;
}

/**
 * Reads every page of a log, and rebuilds the log when one is damaged. Null when nothing was, or there is no log yet.
 * @throws {LogCorruptError} it cannot be rebuilt
 */
export async function checkPages(options: RebuildOptions): Promise<Rebuilt | null> {
  const { dir } = options;
  if (inspectDataFile(dir).state !== 'known') return null;
  const places: string[] = [];
  let count = 0;
  const pages = LogPages.open(dir, (place) => {
    count += 1;
    if (places.length < PLACES_MAX) places.push(place);
  });
  if (pages === null) return null;
  let rows = 0;
  try {
    for (const row of pages.rows()) {
      rows += Number(row.key.length > 0);
      if (rows % ROWS_A_TURN === 0) await nextTurn();
    }
  } finally {
    pages.close();
  }
  if (count === 0) return null;
  // Another process writes to the log: its pages changed while they were read, and it will be kept from going on.
  if (pages.transaction !== LogPages.transactionOf(dir)) return null;
  const where = `${places.join(', ')}${count > places.length ? ` and ${String(count - places.length)} more` : ''}`;
  if (!pages.isRecoverable) {
    throw new LogCorruptError(dir, `${where}; too much is lost to go on without it`);
  }
  try {
    return { report: await rebuild(options, where) };
  } catch (error) {
    if (error instanceof LogCorruptError) throw error;
    throw new LogCorruptError(
      dir,
      `${where}; what is whole could not be copied (${reasonOf(error)})`
    );
  }
}

async function rebuild({ dir, newEpoch, now }: RebuildOptions, where: string): Promise<string> {
  const copyDir = join(dir, COPY_FOLDER);
  const kept = `damaged-${String(now())}.mdb`;
  rmSync(copyDir, { recursive: true, force: true });
  const pages = LogPages.open(dir, () => undefined);
  if (pages === null) throw new LogCorruptError(dir, `${DATA_FILE} does not begin like a log`);
  const store = openStore({ dir: copyDir, use: 'process' });
  let saved: number;
  try {
    const copy = new Copy(store);
    for (const row of pages.rows()) await copy.take(row);
    for (const row of pages.lost()) await copy.take(row);
    await copy.finish(newEpoch);
    await store.sync();
    saved = copy.messages;
  } finally {
    pages.close();
    await store.close();
  }
  keep(join(dir, DATA_FILE), join(dir, kept));
  renameSync(join(copyDir, DATA_FILE), join(dir, DATA_FILE));
  syncDir(dir);
  rmSync(copyDir, { recursive: true, force: true });
  return `${where}; ${String(saved)} messages were copied into a new file, and the damaged one was kept as ${kept}`;
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

/** Copies the rows that are whole, and makes anew what follows from the messages: the index and lost records. */
class Copy {
  readonly #store: LogStore;
  readonly #threads = new Map<string, ThreadRecord>();
  readonly #recorded = new Set<string>();
  #writes: LogWrite[] = [];
  #meta: LogMeta | null = null;
  #run: string | null = null;
  #hasFeed = false;
  #lastSeq = 0;
  messages = 0;

  constructor(store: LogStore) {
    this.#store = store;
  }

  async take({ key: bytes, value }: PageRow): Promise<void> {
    const row = wholeRow(decodeKey(bytes), value.toString('utf8'));
    if (row === null || LIST_TAGS.has(row.key[0])) return;
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
    // The lists are not copied: the upgrade from the format before them makes them anew.
    const format = Math.min(this.#meta?.format ?? LOG_FORMAT, LISTED_FORMAT - 1);
    const meta: LogMeta = { format, epoch: newEpoch(), isRenewed: true };
    const run: RunMark = { durability: 'disk', boot: null, clean: false, writer: null };
    this.#writes.push(
      { key: META_KEY, value: JSON.stringify(meta) },
      { key: RUN_KEY, value: this.#run ?? JSON.stringify(run) }
    );
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
    } else if (tag === 't') {
      this.#recorded.add(String(thread));
    } else if (tag === 'f') {
      this.#lastSeq = Math.max(this.#lastSeq, Number(thread));
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

  async #commit(): Promise<void> {
    const writes = this.#writes;
    this.#writes = [];
    await this.#store.commit(writes);
    await nextTurn();
  }
}

function isKey(key: LogKey, other: LogKey): boolean {
  return key.join(' ') === other.join(' ');
}

/** A row without its checksum; null when it is damaged. Rows of older formats have none. */
function wholeRow(key: LogKey | null, stored: string): LogRow | null {
  if (key === null) return null;
  const value = isSealed(stored) ? unseal(key, stored) : stored;
  if (value === null) return null;
  return isSealed(stored) || isSound({ key, value }) ? { key, value } : null;
}
