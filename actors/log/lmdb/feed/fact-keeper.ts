/**
 * Keeps facts until the store has them: in memory for a moment, then in rows of the log. When there is no room, facts
 * are dropped: the newest when memory is full, the oldest when the disk is.
 */
import type { Clock } from '../../../clock.js';
import type { CommitQueue, Job } from '../commit-queue.js';
import { DiskWatch } from '../disk/disk-room.js';
import type { Fact } from '../../../facts/fact.js';
import {
  FACTS_A_ROW,
  factCount,
  factRow,
  factText,
  type FactRowText
} from '../../../facts/fact-row.js';
import type { FeedState } from './feed-state.js';
import { factsKey, within, type LogKey } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';

/**
 * Most facts waiting in memory, about 16 MB: minutes of a busy server while the disk takes no writes. Above it, new
 * facts are dropped.
 */
export const FACTS_MAX = 65_536;

/**
 * Most facts kept for a store that has never connected, about 16 MB. It may never connect (the embedded engine may
 * have no binary), and its facts would fill the disk. Above it, new facts are dropped.
 */
export const UNCLAIMED_MAX = 65_536;

/** How long a fact waits so that others share its row: within the promised second, and four commits a second. */
export const FACTS_FLUSH_MS = 250;

/** Most rows of facts in one commit, so that messages in the same commit wait at most a millisecond longer. */
const ROWS_A_JOB = 4;

/** What a job of facts counts in the queue, in bytes: about the size of its rows. */
const JOB_BYTES = 524_288;

/** Rows that one commit deletes to make room: a few milliseconds of work. */
const DROP_ROWS = 4;

/** Options of {@link FactKeeper}. */
export interface FactKeeperOptions {
  readonly store: LogStore;
  readonly queue: Pick<CommitQueue, 'push' | 'refusal' | 'nudge'>;
  readonly clock: Clock;
  readonly state: FeedState;
  readonly epoch: string;
  /** Whether a store has ever taken from this log. */
  readonly isClaimed: () => boolean;
  /** Whether the disk of the log is low. */
  readonly isLow: () => boolean;
  /** Called when facts have become durable. */
  readonly onStored: () => void;
}

/** A row with its number of facts. */
export interface FactRow {
  readonly seq: number;
  readonly count: number;
}

/** Facts with the rows that they come from; rows are taken as a whole. */
export interface FactPage {
  readonly facts: FactRowText[];
  readonly rows: FactRow[];
  readonly more: boolean;
}

/** Keeps the facts of one log. */
export class FactKeeper {
  readonly #options: FactKeeperOptions;
  #buffer: string[] = [];
  /** Rows that have a seq but are not known to be durable; the first ones are in the commit in progress. */
  readonly #sealed: { readonly seq: number; readonly facts: readonly string[] }[] = [];
  #underWay = 0;
  /** The seq of the next row to be sealed. */
  #nextSeq = 1;
  /**
   * Rows from `oldest` up to, not including, `durable` may be given: an id that a crash could undo must not be seen.
   */
  #oldest = 1;
  #durable = 1;
  /** Rows before this one are to be deleted. */
  #dropBelow = 0;
  #dropped = 0;
  #isWriting = false;
  #isClosed = false;
  #flush: unknown = null;
  readonly #disk: DiskWatch;

  constructor(options: FactKeeperOptions) {
    this.#options = options;
    this.#disk = new DiskWatch({
      ...options,
      isNeeded: () => this.hasRows,
      onLow: () => {
        // Everything on disk now: a store that can be reached would have taken it within a minute.
        this.#dropBelow = this.#durable;
        options.queue.nudge();
      }
    });
    this.restore();
  }

  /** Facts that have not been taken. */
  get waiting(): number {
    let sealed = 0;
    for (const { facts } of this.#sealed.slice(this.#underWay)) sealed += facts.length;
    return this.#options.state.facts + sealed + this.#buffer.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether there are rows to be taken. */
  get hasRows(): boolean {
    return this.#oldest < this.#durable;
  }

  /** Finds out which rows are on disk, from the state just read. No write may be in progress. */
  restore(): void {
    const { store, state } = this.#options;
    this.#durable = state.nextSeq;
    this.#oldest = state.nextSeq;
    for (const key of store.keys({ ...within('f'), limit: 1 })) this.#oldest = Number(key[1]);
    this.#nextSeq = Math.max(this.#nextSeq, state.nextSeq);
    // A commit that was reported as failed may still have been stored: its rows are not written twice.
    while (this.#sealed[0] !== undefined && this.#sealed[0].seq < state.nextSeq) {
      this.#sealed.shift();
    }
    this.#dropBelow = 0;
    if (this.hasRows) this.#disk.start();
  }

  record(fact: Fact): void {
    const isUnclaimed = !this.#options.isClaimed() && this.waiting >= UNCLAIMED_MAX;
    if (this.#isClosed || isUnclaimed || this.#buffer.length >= FACTS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#buffer.push(factText(fact, this.#options.epoch));
    if (this.#buffer.length >= FACTS_A_ROW) this.#write();
    else this.#writeLater();
  }

  /** Seqs of the rows that may be given; `to` is exclusive. */
  get rows(): { readonly from: number; readonly to: number } {
    return { from: this.#oldest, to: this.#durable };
  }

  /** Epoch of the facts in memory. */
  get epoch(): string {
    return this.#options.epoch;
  }

  /** The facts that are not known to be in rows, oldest first, as texts. */
  *inMemory(): Generator<string, void> {
    for (const { facts } of this.#sealed) yield* facts;
    yield* this.#buffer;
  }

  /** The oldest rows after `after`, with at most `limit` facts but at least one row. */
  read(limit: number, after = 0): FactPage {
    const { store, epoch } = this.#options;
    const facts: FactRowText[] = [];
    const rows: FactRow[] = [];
    const from = Math.max(this.#oldest, after + 1);
    let total = 0;
    if (from >= this.#durable) return { facts, rows, more: false };
    const range = {
      from: factsKey(from),
      to: factsKey(this.#durable),
      // Passed over, and deleted together with those that are taken.
      onDamage: (key: LogKey) => rows.push({ seq: Number(key[1]), count: 0 })
    };
    for (const { key, value } of store.range(range)) {
      const seq = Number(key[1]);
      const count = factCount(value);
      if (facts.length > 0 && total + count > limit) return { facts, rows, more: true };
      total += count;
      rows.push({ seq, count });
      facts.push({ seq, epoch, text: value });
    }
    return { facts, rows, more: false };
  }

  /** Notes that the store has these rows. Does nothing when the store lacks rows before them. */
  take(rows: readonly FactRow[], into: LogWrite[]): void {
    const [first] = rows;
    if (first === undefined || first.seq > this.#oldest) return;
    this.#remove(rows, into);
  }

  /** The next commit's worth of deleting facts; null when there is none. */
  nextDrop(): Job | null {
    if (this.#oldest >= this.#dropBelow) return null;
    let rows: FactRow[];
    try {
      rows = this.#rowsToDrop();
    } catch {
      // The log cannot be read: the next check tries again.
      rows = [];
    }
    if (rows.length === 0) {
      this.#dropBelow = 0;
      return null;
    }
    return {
      bytes: 0,
      write: (into) => {
        this.#remove(rows, into);
      },
      settle: (failure) => {
        if (failure === null) for (const { count } of rows) this.#dropped += count;
      }
    };
  }

  #rowsToDrop(): FactRow[] {
    const rows: FactRow[] = [];
    const range = {
      from: factsKey(this.#oldest),
      to: factsKey(this.#dropBelow),
      limit: DROP_ROWS,
      onDamage: (key: LogKey) => rows.push({ seq: Number(key[1]), count: 0 })
    };
    for (const { key, value } of this.#options.store.range(range)) {
      rows.push({ seq: Number(key[1]), count: factCount(value) });
    }
    return rows;
  }

  /** Writes the facts in memory; later ones are dropped. The queue must still accept jobs. */
  close(): void {
    this.#isClosed = true;
    this.#clear();
    this.#disk.stop();
    if (this.#options.queue.refusal() === null) this.#push(Infinity);
  }

  #remove(rows: readonly FactRow[], into: LogWrite[]): void {
    const { state } = this.#options;
    for (const { seq, count } of rows) {
      if (seq < this.#oldest) continue;
      into.push({ key: factsKey(seq), value: null });
      this.#oldest = seq + 1;
      state.facts = Math.max(0, state.facts - count);
    }
    state.write(into);
  }

  #writeLater(): void {
    if (this.#isClosed || this.#isWriting || this.#flush !== null) return;
    this.#flush = this.#options.clock.setTimeout(() => {
      this.#flush = null;
      this.#write();
    }, FACTS_FLUSH_MS);
  }

  #clear(): void {
    if (this.#flush !== null) this.#options.clock.clearTimeout(this.#flush);
    this.#flush = null;
  }

  #write(): void {
    if (this.#isWriting) return;
    if (this.#options.queue.refusal() !== null) {
      this.#writeLater();
      return;
    }
    this.#clear();
    this.#push(ROWS_A_JOB);
  }

  #push(maxRows: number): void {
    if (this.#buffer.length === 0 && this.#sealed.length === this.#underWay) return;
    let rows = 0;
    this.#isWriting = true;
    this.#options.queue.push({
      bytes: JOB_BYTES,
      write: (into) => {
        rows = this.#seal(maxRows, into);
      },
      settle: (failure) => {
        this.#settled(rows, failure);
      }
    });
  }

  /** A row gets its seq here and keeps it when its commit fails: seqs are in the order of commits. */
  #seal(maxRows: number, into: LogWrite[]): number {
    const { state, epoch } = this.#options;
    while (this.#buffer.length > 0 && this.#sealed.length - this.#underWay < maxRows) {
      this.#sealed.push({ seq: this.#nextSeq, facts: this.#buffer.splice(0, FACTS_A_ROW) });
      this.#nextSeq += 1;
    }
    const rows = this.#sealed.slice(this.#underWay);
    for (const { seq, facts } of rows) {
      into.push({ key: factsKey(seq), value: factRow(facts, epoch) });
      state.facts += facts.length;
      state.nextSeq = seq + 1;
    }
    this.#underWay += rows.length;
    state.write(into);
    return rows.length;
  }

  #settled(rows: number, failure: string | null): void {
    this.#isWriting = false;
    if (failure === null) {
      for (const { seq } of this.#sealed.splice(0, rows)) this.#durable = seq + 1;
      this.#underWay -= rows;
      if (!this.#isClosed) this.#disk.start();
      this.#options.onStored();
    } else {
      // The rows were not stored. What is on disk is read before anything is written again.
      for (const { facts } of this.#sealed.slice(0, rows))
        this.#options.state.facts -= facts.length;
      this.#underWay = 0;
    }
    if (this.#buffer.length >= FACTS_A_ROW) this.#write();
    else if (this.#buffer.length + this.#sealed.length > 0) this.#writeLater();
  }
}
