/**
 * The rows of the log with a write-ahead log in front: a commit is durable when its record is in a segment, one write
 * of a few hundred bytes. The data file follows about once a second with what has changed since (the projection); until
 * then reads find the changes in memory.
 * @see docs/adr for what was measured
 */
import { reasonOf } from '../../../../machines/reason.js';
import { freeSpaceOf } from '../disk/disk-room.js';
import type { LocalDurability } from '../log-keys.js';
import { LogFencedError, type LogStore, type LogWrite } from '../log-store.js';
import { OverlaidStore } from './overlaid-store.js';
import { Overlay } from './overlay.js';
import { projectedOf, projectRows } from './projection.js';
import { removeSegments, Segment, segmentFiles, type SegmentFile } from './wal-files.js';
import { encodeRecord, keyText } from './wal-record.js';

/**
 * Time between a commit and the projection that takes it into the data file. The longer, the more of the rows that lie
 * together there come together, and the fewer pages are written.
 */
export const PROJECT_MS = 1_000;

/** Bytes of the overlay from which commits wait for the projection. */
export const OVERLAY_BYTES = 67_108_864;

/** Bytes of a segment from which the next commit begins a new one. Segments stay for about one projection longer. */
export const SEGMENT_BYTES = 4_194_304;

/** Time between the erasure of a message and the removal of the segments that have its text, in milliseconds. */
const SCRUB_MS = 1_000; // of many erasures in a row, one removal is enough

/** Bytes of the overlay from which the projection does not wait: what is in both files takes room twice. */
const PROJECT_BYTES = 4_194_304;

/** Options of {@link WalStore}. */
export interface WalStoreOptions {
  readonly dir: string;
  readonly use: LocalDurability;
  readonly projectMs?: number;
  readonly segmentBytes?: number;
  readonly overlayBytes?: number;
}

/** Rows that are written ahead. Begin with {@link replayWal}. */
export class WalStore extends OverlaidStore {
  readonly #dir: string;
  readonly #use: LocalDurability;
  readonly #projectMs: number;
  readonly #segmentBytes: number;
  readonly #overlayBytes: number;
  #segment: Segment | null = null;
  #lastIndex: number;
  /** Segments whose records are not all in the data file, each with the number of its last record. */
  #full: { file: SegmentFile; last: number }[] = [];
  #record: number;
  #projected: number;
  #timer: NodeJS.Timeout | null = null;
  #projecting: Promise<void> | null = null;
  /** The append in progress, from its start: whoever waits for it and retires the segment must not come in between. */
  #appending: Promise<void> | null = null;
  #scrubTimer: NodeJS.Timeout | null = null;
  /** Why the data file could not be written; the next commit tells it. */
  #fault: Error | null = null;

  constructor(store: LogStore, options: WalStoreOptions) {
    super(store, new Overlay());
    this.#dir = options.dir;
    this.#use = options.use;
    this.#projectMs = options.projectMs ?? PROJECT_MS;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#overlayBytes = options.overlayBytes ?? OVERLAY_BYTES;
    this.#lastIndex = segmentFiles(options.dir).at(-1)?.index ?? 0;
    this.#projected = projectedOf(store) ?? 0;
    this.#record = this.#projected;
  }

  /** Number of the last durable record. */
  get record(): number {
    return this.#record;
  }

  override async commit(writes: readonly LogWrite[]): Promise<void> {
    if (this.overlay.bytes > this.#overlayBytes) await this.#project();
    if (this.#fault !== null) throw this.#fault;
    const record = this.#record + 1;
    const names = writes.map(({ key }) => keyText(key));
    try {
      this.#appending = this.#append(encodeRecord(record, writes, names));
      await this.#appending;
    } catch (error) {
      if (error instanceof LogFencedError) throw error;
      throw new Error(`${reasonOf(error)} (${freeSpaceOf(this.#dir)})`, { cause: error });
    } finally {
      this.#appending = null;
    }
    this.#record = record;
    this.overlay.put(record, writes, names);
    if (this.overlay.bytes > PROJECT_BYTES) this.#projectSoon();
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#projectSoon();
    }, this.#projectMs);
  }

  /** What goes wrong is kept for the next commit. */
  #projectSoon(): void {
    if (this.#projecting === null) this.#project().catch(() => undefined);
  }

  /** Has the segments removed soon that were written up to now, since they have text that was erased. */
  scrubSoon(): void {
    this.#scrubTimer ??= setTimeout(() => {
      this.#scrubTimer = null;
      // When it fails, they are removed as ever, after later projections.
      this.scrub().catch(() => undefined);
    }, SCRUB_MS);
  }

  /** Brings the data file up to the last record, and removes every segment that was written before. */
  async scrub(): Promise<void> {
    while (this.#appending !== null) await this.#appending.catch(() => undefined);
    await this.#retire();
    await this.#project();
    while (this.#projecting !== null) await this.#projecting;
    const upTo = this.#projected;
    // Once more: the older header of the data file, which is read when the newer one is damaged, must have all too.
    this.#projecting = projectRows(this.store, new Overlay(), upTo).finally(() => {
      this.#projecting = null;
    });
    await this.#projecting;
    await this.#removeUpTo(upTo);
  }

  override async sync(): Promise<void> {
    await this.#project();
    await this.store.sync();
  }

  override async reopen(): Promise<void> {
    await this.#retire();
    await this.#projecting?.catch(() => undefined);
    // A full disk gets back what can be spared.
    await this.#removeUpTo(this.#projected);
    await this.store.reopen();
    this.#fault = null;
    await this.#project();
  }

  override async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#scrubTimer !== null) clearTimeout(this.#scrubTimer);
    this.#scrubTimer = null;
    // When this fails, the segments stay, and the next start reads them.
    await this.#project().catch(() => undefined);
    await this.#retire();
    if (this.overlay.size === 0 && this.#fault === null) {
      await removeSegments(this.#full.splice(0).map(({ file }) => file));
    }
    await this.store.close();
  }

  async #append(record: Buffer): Promise<void> {
    const segment = await this.#open();
    await segment.append(record);
  }

  async #open(): Promise<Segment> {
    if (this.#segment !== null && this.#segment.bytes >= this.#segmentBytes) await this.#retire();
    if (this.#segment !== null) return this.#segment;
    // Also when it fails: the file may be there.
    this.#lastIndex += 1;
    this.#segment = await Segment.begin(this.#dir, this.#lastIndex, this.#use);
    return this.#segment;
  }

  /** Ends the segment that is written to; the next commit begins another. */
  async #retire(): Promise<void> {
    const segment = this.#segment;
    if (segment === null) return;
    this.#segment = null;
    this.#full.push({ file: segment, last: this.#record });
    await segment.close();
  }

  /** Brings the data file up to the last record. */
  async #project(): Promise<void> {
    while (this.#projecting !== null) await this.#projecting;
    if (this.#fault !== null) throw this.#fault;
    if (this.overlay.size === 0) return;
    this.#projecting = this.#projectNow().finally(() => {
      this.#projecting = null;
    });
    await this.#projecting;
  }

  async #projectNow(): Promise<void> {
    const upTo = this.#record;
    // One projection later: a damaged header makes the data file one commit older, which must still be found here.
    const safe = this.#projected;
    try {
      await projectRows(this.store, this.overlay, upTo);
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(reasonOf(error));
      // The engine may refuse reads until it is opened again. When it cannot be, the next recovery tries.
      await this.store.reopen().catch(() => undefined);
      throw this.#fault;
    }
    this.#projected = upTo;
    await this.#removeUpTo(safe);
  }

  /** Removes the segments without a later record than this. */
  async #removeUpTo(record: number): Promise<void> {
    const done = this.#full.filter(({ last }) => last <= record);
    this.#full = this.#full.filter(({ last }) => last > record);
    await removeSegments(done.map(({ file }) => file));
  }
}
