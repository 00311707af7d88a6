/**
 * The feed of the embedded log: gives in batches what the analytics store does not have, and notes each batch as
 * taken in one commit.
 * @see pending-marks.ts for the messages not taken, fact-keeper.ts for facts
 */
import type { Clock } from '../../../clock.js';
import type { CommitQueue, Job } from '../commit-queue.js';
import { DISK_LOOK_GOOD_MS } from '../disk/disk-room.js';
import type { Fact } from '../../../facts/fact.js';
import { FactKeeper, type FactRow } from './fact-keeper.js';
import { findFacts } from './fact-search.js';
import { FeedState } from './feed-state.js';
import { LogUnavailableError } from '../../log-errors.js';
import type {
  FactFilter,
  FeedBacklog,
  FeedBatch,
  FoundFacts,
  AnalyticsFeed
} from '../../analytics-feed.js';
import { AFTER_ALL, within, type LogKey } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';
import { PendingEntries, type PageEnd, type Span } from '../pending-entries.js';
import type { PendingMarks } from './pending-marks.js';
import type { ThreadEpoch } from '../../replica.js';
import type { Head, ThreadHeads } from '../thread-heads.js';

/** Threads that one commit of a rewind resets: a few milliseconds of work. */
export const REWIND_THREADS = 256;

/** What one thread of a batch costs in the queue, in bytes. */
const MARK_BYTES = 256;

/** Options of {@link LmdbFeed}. */
export interface LmdbFeedOptions {
  readonly store: LogStore;
  readonly dir: string;
  readonly heads: ThreadHeads;
  readonly queue: CommitQueue;
  readonly marks: PendingMarks;
  readonly clock: Clock;
  /** Epoch of the log, of which the ids of facts are. */
  readonly epoch: string;
  readonly epochOf: (thread: string) => ThreadEpoch;
  /** Whether anybody reads the feed. If not, no facts are kept and no messages are held. */
  readonly isRead: boolean;
  /** Whether the disk of the log is low, as of now. */
  readonly isLow: () => boolean;
  /** Called when messages of a thread have been taken. Must not throw. */
  readonly onTaken: (head: Head) => void;
}

/** What a batch contains, by thread and row. */
interface Given {
  readonly spans: ReadonlyMap<string, Span>;
  readonly rows: readonly FactRow[];
  readonly end: PageEnd | null;
  /** Seq of the last row of facts of this batch and those before it; 0 when there is none. */
  readonly lastRow: number;
  readonly before: Given | null;
}

const NOTHING: FeedBatch = { entries: [], facts: [], more: false };

/** The feed of one log. */
export class LmdbFeed implements AnalyticsFeed {
  readonly #options: LmdbFeedOptions;
  readonly #state: FeedState;
  readonly #facts: FactKeeper;
  readonly #entries: PendingEntries;
  /** Batches that may still be taken. Those from before a rewind are not among them: another store has them. */
  #given = new WeakMap<FeedBatch, Given>();
  #storeId: string | null;
  #isRewinding = false;
  #listener: () => void = () => undefined;
  #isTold = false;
  #look = { at: -Infinity, isLow: false };

  constructor(options: LmdbFeedOptions) {
    const { store, dir } = options;
    this.#options = options;
    this.#state = new FeedState(store, dir);
    this.#storeId = this.#state.store;
    this.#entries = new PendingEntries(options);
    this.#facts = new FactKeeper({
      ...options,
      state: this.#state,
      isClaimed: () => this.#storeId !== null,
      onStored: () => {
        this.stored();
      }
    });
  }

  storeId(): string | null {
    return this.#storeId;
  }

  /** Reports that something has become durable and can be taken. */
  stored(): void {
    if (this.#isTold || this.#isRewinding) return;
    this.#isTold = true;
    // In a microtask: not in the middle of a commit's answers, and an error of the listener does not disturb them.
    queueMicrotask(() => {
      this.#listener();
    });
  }

  /**
   * First offset of a thread that must be kept for the store; null when none must be, or there is no room to keep it.
   */
  keptFrom(head: Head): number | null {
    const isHeld = this.#options.isRead && this.#storeId !== null && !this.isDiskLow();
    return isHeld ? head.pending : null;
  }

  next(limit: number, maxChars: number, after: FeedBatch | null = null): FeedBatch {
    const { marks } = this.#options;
    const before = after === null || after === NOTHING ? null : this.#givenOf(after);
    const isEmpty = marks.threads === 0 && !this.#facts.hasRows;
    if (before === null && (this.#isRewinding || isEmpty)) {
      this.#isTold = false;
      return NOTHING;
    }
    const { entries, spans, end, more } = this.#entries.read(limit, maxChars, before?.end);
    const { facts, rows, more: moreFacts } = this.#facts.read(limit, before?.lastRow);
    if (entries.length === 0 && facts.length === 0) this.#isTold = false;
    const batch = { entries, facts, more: more || moreFacts };
    const lastRow = rows.at(-1)?.seq ?? before?.lastRow ?? 0;
    this.#given.set(batch, { spans, rows, end, lastRow, before });
    return batch;
  }

  isTaken(thread: string, offset: number): boolean {
    const pending = this.#options.heads.peek(thread)?.pending ?? null;
    return pending === null || offset < pending;
  }

  async take(batch: FeedBatch): Promise<void> {
    if (batch === NOTHING) return;
    const given = this.#givenOf(batch);
    const { spans, rows } = whole(given);
    if (spans.size === 0 && rows.length === 0) return;
    this.#refuse();
    const { heads, marks } = this.#options;
    const held = heads.hold(spans.keys());
    await this.#commit(
      held.length,
      (into) => {
        for (const head of held) {
          const span = spans.get(head.thread);
          if (span !== undefined) marks.take(head, span.from, span.upTo, into);
        }
        this.#facts.take(rows, into);
      },
      () => {
        if (given.end !== null) this.#entries.moveOn(given.end.thread);
        for (const head of held) {
          this.#options.onTaken(head);
          heads.unpin(head);
        }
        // A reader that was told "no more" may be waiting, and was not told of what has been stored since.
        if (!batch.more) this.#tellAgain();
      }
    );
  }

  async rewind(storeId: string): Promise<void> {
    if (this.#isRewinding) throw new LogUnavailableError('a rewind is under way');
    this.#isRewinding = true;
    this.#given = new WeakMap();
    try {
      const { to } = within('t');
      let from: LogKey | null = ['t'];
      while (from !== null) from = await this.#rewindSome(from, to);
      // Written last: if the process is killed before, the next start finds the old id and begins again.
      await this.#commit(
        0,
        (into) => {
          this.#state.store = storeId;
          this.#state.write(into);
        },
        () => {
          this.#storeId = storeId;
        }
      );
    } finally {
      this.#isRewinding = false;
      this.#tellAgain();
    }
  }

  record(fact: Fact): void {
    if (this.#options.isRead) this.#facts.record(fact);
  }

  backlog(): FeedBacklog {
    const { waiting: facts, dropped: factsDropped } = this.#facts;
    return { threads: this.#options.marks.threads, facts, factsDropped };
  }

  find(filter: FactFilter): Promise<FoundFacts> {
    return findFacts(this.#options.store, this.#facts, filter);
  }

  /** Whether the disk of the log is low; looked at once a second at most. */
  isDiskLow(): boolean {
    const now = this.#options.clock.elapsed();
    if (now - this.#look.at >= DISK_LOOK_GOOD_MS) {
      this.#look = { at: now, isLow: this.#options.isLow() };
    }
    return this.#look.isLow;
  }

  onWork(listener: () => void): void {
    this.#listener = listener;
    this.#isTold = false;
  }

  /** The next commit's worth of deleting facts to make room; null when there is none. */
  nextDrop(): Job | null {
    return this.#facts.nextDrop();
  }

  /** Reads again the state that a failed commit has made invalid. No write may be in progress. */
  restore(): void {
    this.#options.marks.count();
    this.#state.restore();
    this.#storeId = this.#state.store;
    this.#facts.restore();
    this.#tellAgain();
  }

  /** Writes the facts that are in memory; the queue must still take jobs. */
  close(): void {
    this.#facts.close();
  }

  /** Resets some threads and answers where to continue; null when all are done. */
  async #rewindSome(from: LogKey, to: LogKey): Promise<LogKey | null> {
    const { store, heads, marks } = this.#options;
    this.#refuse();
    const keys = [...store.keys({ from, to, limit: REWIND_THREADS })];
    const held = heads.hold(keys.map((key) => String(key[1])));
    await this.#commit(
      held.length,
      (into) => {
        for (const head of held) marks.rewind(head, into);
      },
      () => {
        for (const head of held) heads.unpin(head);
      }
    );
    const last = keys.at(-1);
    return last === undefined ? null : [...last, AFTER_ALL];
  }

  #givenOf(batch: FeedBatch): Given {
    const given = this.#given.get(batch);
    if (given !== undefined) return given;
    throw new LogUnavailableError('the batch was given before another store began to take');
  }

  #tellAgain(): void {
    this.#isTold = false;
    if (this.#options.marks.threads > 0 || this.#facts.hasRows) this.stored();
  }

  #refuse(): void {
    const refusal = this.#options.queue.refusal();
    if (refusal !== null) throw new LogUnavailableError(refusal);
  }

  /**
   * Resolves when the commit is durable; `onStored` has then been called together with the commit's other answers.
   */
  #commit(threads: number, write: (into: LogWrite[]) => void, onStored: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.queue.push({
        bytes: (threads + 1) * MARK_BYTES,
        write,
        settle: (failure) => {
          if (failure === null) {
            onStored();
            resolve();
          } else {
            reject(new LogUnavailableError(failure));
          }
        }
      });
    });
  }
}

/** What a batch contains together with those that it follows, oldest first. */
function whole(last: Given): Pick<Given, 'spans' | 'rows'> {
  const spans = new Map<string, Span>();
  const pages: (readonly FactRow[])[] = [];
  for (let given: Given | null = last; given !== null; given = given.before) {
    pages.push(given.rows);
    for (const [thread, { from, upTo }] of given.spans) {
      spans.set(thread, { from, upTo: spans.get(thread)?.upTo ?? upTo });
    }
  }
  return { spans, rows: pages.reverse().flat() };
}
