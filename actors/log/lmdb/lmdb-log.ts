/**
 * The embedded thread log: one LMDB environment, group commit, one process. What is acknowledged is on disk under the
 * next offset of its thread; what failed is nowhere.
 * @see log-keys.ts for the layout, commit-queue.ts for what happens when the disk refuses
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { ByteBudget } from '../../memory/byte-budget.js';
import { ENDLESS_TURN, type Turn } from '../../turn.js';
import { Listeners } from '../../listeners.js';
import type { Commit } from '../commits.js';
import type { EmbeddedLog } from './replica/embedded-log.js';
import { CommitQueue, QUEUE_BYTES, type CommitListener } from './commit-queue.js';
import { systemBootId } from './disk/boot-id.js';
import { isDiskLow } from './disk/disk-room.js';
import { probeDisk } from './disk/disk-probe.js';
import { LmdbFeed } from './feed/lmdb-feed.js';
import { reasonOf } from '../../../machines/reason.js';
import { LogCorruptError } from '../log-errors.js';
import { checkPages } from './disk/log-rebuild.js';
import { LogAppends } from './log-appends.js';
import { LogEntries } from './log-entries.js';
import { LogMarker, readMark } from './disk/log-mark.js';
import { markClean, prepareLog, type PreparedLog, type Renewal } from './disk/log-opening.js';
import { META_KEY, type LocalDurability, type RunMark } from './log-keys.js';
import { LogRecords } from './log-records.js';
import { LogReplica } from './replica/log-replica.js';
import { isDamage, openStore, type LogStore, type StoreOptions } from './log-store.js';
import { LogTrim, type Retention } from './log-trim.js';
import { LmdbOutbox } from './outbox/lmdb-outbox.js';
import type { OutboxPolicy } from '../outbox.js';
import { PendingMarks } from './feed/pending-marks.js';
import { isStored, ThreadHeads } from './thread-heads.js';
import type { LogHealth } from '../log-health.js';
import type { FoundEntry, LogEntry, ThreadHead } from '../log-reader.js';
import type { AppendResult, NewEntry } from '../log-writer.js';
import type { ThreadEpoch } from '../replica.js';
import { UserLists } from './user-lists.js';
import { replayWal } from './wal/projection.js';
import { WalStore } from './wal/wal-store.js';
import type {
  ListPlace,
  ReadMark,
  StoredRecord,
  Unwatched,
  UserThread
} from '../thread-records.js';

/** How the embedded log is opened. */
export interface LmdbLogOptions {
  /** Directory of the log, made when absent. */
  readonly dir: string;
  readonly durability: LocalDurability;
  readonly clock: Clock;
  readonly retention: Retention;
  /**
   * Whether an analytics store reads this log. If true, facts are kept, and once the store takes messages, those that it
   * lacks outlive the retention. If false, only the marks are kept, so that a later store can catch up.
   */
  readonly isFeedRead: boolean;
  /** Told of each durable commit. Default: nobody is. */
  readonly onCommit?: CommitListener;
  /** What gets a row for the outside. Default: nothing. */
  readonly outbox?: OutboxPolicy;
  /** Called once when the wall clock has jumped ahead, which the retention does not follow. Default: nobody is told. */
  readonly onClockJump?: (byMs: number) => void;
  /** Told why a listener of the log's commits failed. */
  readonly onListenerFault: (reason: string) => void;
  /** Makes an epoch: a short text that has not been used before. */
  readonly newEpoch: () => string;
  /** What decides the order when the log is a replica: it also knows the epochs. Default: the log is none. */
  readonly order?: { readonly epochOf: (thread: string) => ThreadEpoch };
  /** Boot id of the machine, null where there is none. Default: the system's. */
  readonly bootId?: () => string | null;
  /** Makes the id of an opening of the log. Default: a UUID. */
  readonly newWriter?: () => string;
  /** Bytes free on the disk of the log. Default: what the system says. */
  readonly freeBytes?: () => number;
  /** Opens the data file. Default: by LMDB; specs put faults over it. */
  readonly openRows?: (options: StoreOptions) => LogStore;
  /** Wraps the rows that the log writes to. Default: nothing; specs put faults in between. */
  readonly wrapRows?: (store: LogStore) => LogStore;
  /** Where the mark of the log is kept, outside of `dir`. Default: the log has none. */
  readonly markPath?: string;
  /** Bytes that messages on their way to the disk may hold. Default: {@link QUEUE_BYTES}. */
  readonly memory?: ByteBudget;
  /** The work of this turn of the event loop. Default: no turn has a bound. */
  readonly turn?: Turn;
  /** Most threads in memory. Default: {@link HEADS_MAX}. */
  readonly headsMax?: number;
}

/**
 * Opens the log of a directory; only one process at a time may do so (see data-dir.ts). If another opens it all the
 * same, this one's commits fail from then on.
 * @throws {LogOpenError} the directory cannot be used
 * @throws {LogFormatError} written by a newer version
 * @throws {LogCorruptError} damaged
 */
export async function openLmdbLog(options: LmdbLogOptions): Promise<EmbeddedLog> {
  const { dir, durability } = options;
  const bootId = options.bootId ?? systemBootId;
  const rebuilt = await checkPages({ ...options, now: () => options.clock.now() });
  const rows = (options.openRows ?? openStore)({ dir, use: durability });
  try {
    const replayed = await replayWal(rows, dir);
    const prepared = await prepareLog(rows, {
      ...options,
      record: replayed.record,
      isLost: replayed.damage !== null,
      bootId,
      newWriter: options.newWriter ?? randomUUID,
      now: () => options.clock.now(),
      mark: options.markPath === undefined ? null : readMark(options.markPath)
    });
    const ahead = new WalStore(rows, { dir, use: durability });
    return new LmdbLog(
      options.wrapRows?.(ahead) ?? ahead,
      ahead,
      options,
      bootId,
      prepared,
      rebuilt?.report ?? replayed.damage
    );
  } catch (error) {
    await rows.close();
    // Whatever the check of the pages has not seen, an operator is told of damage in one way.
    throw isDamage(error) ? new LogCorruptError(dir, reasonOf(error)) : error;
  }
}

class LmdbLog implements EmbeddedLog {
  readonly durability: LocalDurability;
  readonly renewed: Renewal | null;
  readonly rebuilt: string | null;
  readonly feed: LmdbFeed;
  readonly outbox: LmdbOutbox;
  readonly commits: Listeners<Commit>;
  readonly #store: LogStore;
  readonly #dir: string;
  readonly replica: LogReplica;
  readonly #meta: Pick<PreparedLog, 'epoch' | 'isRenewed'>;
  readonly #epochOf: (thread: string) => ThreadEpoch;
  readonly #run: Omit<RunMark, 'clean'>;
  readonly #heads: ThreadHeads;
  readonly #entries: LogEntries;
  readonly #queue: CommitQueue;
  readonly #trim: LogTrim;
  readonly #records: LogRecords;
  readonly #lists: UserLists;
  readonly #appends: LogAppends;
  readonly #marker: LogMarker | null;
  #mending: Promise<void> = Promise.resolve();

  constructor(
    store: LogStore,
    ahead: WalStore,
    options: LmdbLogOptions,
    bootId: () => string | null,
    { epoch, isRenewed, renewed, writer }: PreparedLog,
    rebuilt: string | null
  ) {
    const { dir, clock, retention, markPath } = options;
    this.commits = new Listeners(options.onListenerFault);
    this.durability = options.durability;
    this.renewed = renewed;
    this.rebuilt = rebuilt;
    this.#store = store;
    this.#dir = options.dir;
    this.#meta = { epoch, isRenewed };
    const own = isRenewed ? { epoch, isRenewed } : { epoch };
    this.#epochOf = options.order?.epochOf ?? (() => own);
    this.#run = { durability: options.durability, boot: bootId(), writer };
    this.#marker =
      markPath === undefined ? null : new LogMarker(dir, markPath, writer, () => ahead.record);
    this.#marker?.start(clock);
    this.#heads = new ThreadHeads(store, options.dir, options.headsMax);
    this.#entries = new LogEntries(store, options.dir, this.#heads);
    const marks = new PendingMarks(store);
    this.#queue = new CommitQueue({
      store,
      clock,
      memory: options.memory ?? new ByteBudget(QUEUE_BYTES),
      turn: options.turn ?? ENDLESS_TURN,
      onCommit: options.onCommit,
      recover: (failedBytes) => this.#recover(failedBytes),
      onFailure: () => {
        this.#heads.clear();
        this.#appends.clear();
        this.#records.clear();
        this.#trim.clear();
        this.#lists.clear();
        this.#mending = this.#mend();
      },
      background: () => this.#trim.next() ?? this.feed.nextDrop() ?? this.#lists.next()
    });
    this.#trim = new LogTrim({
      store,
      heads: this.#heads,
      clock,
      marks,
      keptFrom: (head) => this.feed.keptFrom(head),
      retention,
      onClockJump: (byMs) => options.onClockJump?.(byMs),
      onWork: () => {
        this.#queue.nudge();
      }
    });
    const shared = {
      store,
      dir: this.#dir,
      heads: this.#heads,
      queue: this.#queue,
      epochOf: this.#epochOf
    };
    this.feed = new LmdbFeed({
      ...shared,
      marks,
      clock,
      epoch,
      isRead: options.isFeedRead,
      isLow: () => isDiskLow(options.dir, options.freeBytes?.()),
      // Messages that were kept only until the store had them can be trimmed now.
      onTaken: (head) => {
        this.#trim.touch(head);
      }
    });
    this.#lists = new UserLists({
      ...shared,
      clock,
      onWork: () => {
        this.#queue.nudge();
      }
    });
    const outbox = new LmdbOutbox({ ...shared, clock, policy: options.outbox ?? null });
    this.outbox = outbox;
    this.#records = new LogRecords({
      ...shared,
      lists: this.#lists,
      outbox,
      last: (head) => this.#entries.last(head),
      visible: (head) => this.#visible(head.thread, head)
    });
    this.#appends = new LogAppends({
      ...shared,
      lists: this.#lists,
      marks,
      isOrdered: options.order !== undefined,
      outbox,
      commits: this.commits,
      isMember: (user, thread) => this.#records.isMember(user, thread),
      onStored: (head) => {
        this.#trim.touch(head);
        this.feed.stored();
        outbox.stored();
      },
      onErased: () => {
        ahead.scrubSoon();
      }
    });
    this.replica = new LogReplica({ ...shared, appends: this.#appends, records: this.#records });
  }

  head(thread: string): ThreadHead | null {
    const head = this.#heads.get(thread);
    return head === null || !isStored(head) ? null : this.#visible(thread, head);
  }

  ensure(thread: string): ThreadHead {
    return this.head(thread) ?? this.#visible(thread, { first: 1, last: 0, at: 0, owner: null });
  }

  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void {
    this.#appends.append(thread, entry, done);
  }

  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[] {
    return this.#entries.read(thread, after, limit, maxBytes);
  }

  readBefore(thread: string, before: number, limit: number): LogEntry[] {
    return this.#entries.readBefore(thread, before, limit);
  }

  withMid(mid: string, limit: number, only?: string): FoundEntry[] {
    return this.#entries.withMid(mid, limit, only);
  }

  setOwner(thread: string, owner: string): Promise<void> {
    return this.#records.setOwner(thread, owner);
  }

  readMark(thread: string, user: string): number {
    return this.#records.readMark(thread, user);
  }

  readMarks(thread: string, limit: number): ReadMark[] {
    return this.#records.readMarks(thread, limit);
  }

  setReadMark(thread: string, user: string, read: number): Promise<number> {
    return this.#records.setReadMark(thread, user, read);
  }

  userThreads(
    user: string,
    before: ListPlace | null,
    limit: number,
    maxChars: number
  ): { threads: UserThread[]; more: boolean; passed: number } {
    return this.#records.userThreads(user, before, limit, maxChars);
  }

  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void> {
    return this.#records.setUnwatched(thread, state);
  }

  unwatched(thread: string): Unwatched | null {
    return this.#records.unwatched(thread);
  }

  allUnwatched(): Iterable<Unwatched> {
    return this.#records.allUnwatched();
  }

  record(thread: string, kind: string, id: string): string | null {
    return this.#records.record(thread, kind, id);
  }

  records(thread: string, kind: string): Iterable<StoredRecord> {
    return this.#records.records(thread, kind);
  }

  list(thread: string, user: string): Promise<void> {
    return this.#records.list(thread, user);
  }

  setRecord(thread: string, kind: string, id: string, text: string | null): Promise<void> {
    return this.#records.setRecord(thread, kind, id, text);
  }

  health(): LogHealth {
    return this.#queue.health();
  }

  onHealth(listener: (health: LogHealth) => void): void {
    this.#queue.onHealth(listener);
  }

  isDiskLow(): boolean {
    return this.feed.isDiskLow();
  }

  async close(): Promise<void> {
    this.#marker?.stop();
    this.#trim.stop();
    this.#lists.stop();
    this.feed.close();
    await this.#queue.close();
    await this.#mending;
    try {
      if (this.health().writable) {
        await markClean(this.#store, this.#run, this.#meta);
        this.#marker?.write(true);
      }
    } catch {
      // The log is not marked as cleanly closed: the next start then assumes the worst, which is safe.
    }
    await this.#store.close();
  }

  #visible(thread: string, { first, last, at, owner }: Omit<ThreadHead, 'epoch'>): ThreadHead {
    const { epoch, ...past } = this.#epochOf(thread);
    return { epoch, first, last, at, owner, ...past };
  }

  /** After some failures the engine refuses reads too until it is reopened. Reopening need not wait for the disk. */
  async #mend(): Promise<void> {
    try {
      this.#store.get(META_KEY);
    } catch {
      // When this fails the store stays closed: reads throw LogUnavailableError, and the next recovery opens it.
      await this.#store.reopen().catch(() => undefined);
    }
  }

  /** Tries the disk with a file first: a failed commit costs more. */
  async #recover(failedBytes: number): Promise<void> {
    await this.#mending;
    await this.#mend();
    await probeDisk(this.#dir, failedBytes);
    await this.#store.reopen();
    const meta = this.#store.get(META_KEY);
    if (meta === undefined) throw new LogCorruptError(this.#dir, 'its rows are gone');
    await this.#store.commit([{ key: META_KEY, value: meta }]);
    this.feed.restore();
    this.outbox.restore();
    this.#lists.restore();
  }
}
