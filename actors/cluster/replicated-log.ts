/**
 * The thread log of one of several nodes. Reads are those of this node's replica. Changes become commands, which the
 * order puts into one sequence for all nodes; each node applies it to its replica. A change is answered when it has come
 * back through the order and is durable in this replica: then the order has stored it, whether or not it said so.
 * @see docs/adr/0029-commands-in-one-order.md
 */
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import type { Outbox } from '../log/outbox.js';
import type { Commits } from '../log/commits.js';
import { LogUnavailableError } from '../log/log-errors.js';
import type { LogHealth } from '../log/log-health.js';
import type { FoundEntry, LogEntry, ThreadHead } from '../log/log-reader.js';
import type { AppendResult, NewEntry } from '../log/log-writer.js';
import type { Command, Replica } from '../log/replica.js';
import type { ThreadLog } from '../log/thread-log.js';
import {
  recordProblem,
  type ListPlace,
  type ReadMark,
  type StoredRecord,
  type Unwatched,
  type UserThread
} from '../log/thread-records.js';
import type { CommandOrder } from './order.js';
import { Sequencer, type SequencerOptions } from './sequencer.js';

/** Options of {@link openReplicatedLog}. */
export interface ReplicatedLogOptions extends SequencerOptions {
  readonly log: ThreadLog & { readonly replica: Replica };
}

/**
 * Opens the log of this node and waits until its replica has what the order had at the beginning.
 * @throws {OrderWentBackError} the order lacks what the replica has applied
 */
export async function openReplicatedLog(options: ReplicatedLogOptions): Promise<ReplicatedLog> {
  const sequencer = new Sequencer(options);
  try {
    await sequencer.open();
    return new ReplicatedLog(options, sequencer);
  } catch (error) {
    sequencer.abandon();
    throw error;
  }
}

/** One node's thread log. */
export class ReplicatedLog implements ThreadLog {
  readonly durability = 'quorum';
  /** How far this node is, for reports and to compare nodes. */
  readonly sequencer: Sequencer;
  readonly #log: ThreadLog;
  readonly #order: CommandOrder;

  constructor({ log, order }: ReplicatedLogOptions, sequencer: Sequencer) {
    this.#log = log;
    this.#order = order;
    this.sequencer = sequencer;
  }

  /** Whether an ack survives that all brokers lose power. */
  get synced(): boolean {
    return this.#order.isSynced;
  }

  get commits(): Commits {
    return this.#log.commits;
  }

  get outbox(): Outbox {
    return this.#log.outbox;
  }

  get feed(): AnalyticsFeed {
    return this.#log.feed;
  }

  head(thread: string): ThreadHead | null {
    return this.#log.head(thread);
  }

  ensure(thread: string): ThreadHead {
    return this.#log.ensure(thread);
  }

  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[] {
    return this.#log.read(thread, after, limit, maxBytes);
  }

  readBefore(thread: string, before: number, limit: number): LogEntry[] {
    return this.#log.readBefore(thread, before, limit);
  }

  withMid(mid: string, limit: number, thread?: string): FoundEntry[] {
    return this.#log.withMid(mid, limit, thread);
  }

  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void {
    const failed = (reason: string): void => {
      answerSafely(() => {
        done({ ok: false, code: 'unavailable', reason });
      });
    };
    const command: Command = { kind: 'append', thread, entry };
    this.sequencer.submit(command, {
      appended: done,
      // An append has its result before its batch counts as stored.
      stored: () => {
        failed('no node could apply it');
      },
      failed
    });
  }

  setOwner(thread: string, owner: string): Promise<void> {
    return this.#store({ kind: 'owner', thread, owner });
  }

  readMark(thread: string, user: string): number {
    return this.#log.readMark(thread, user);
  }

  readMarks(thread: string, limit: number): ReadMark[] {
    return this.#log.readMarks(thread, limit);
  }

  async setReadMark(thread: string, user: string, read: number): Promise<number> {
    const last = this.#log.head(thread)?.last ?? 0;
    const mark = Math.min(read, last);
    if (mark > this.#log.readMark(thread, user)) {
      await this.#store({ kind: 'mark', thread, user, read: mark });
    }
    return this.#log.readMark(thread, user);
  }

  userThreads(
    user: string,
    before: ListPlace | null,
    limit: number,
    maxChars: number
  ): { threads: UserThread[]; more: boolean; passed: number } {
    return this.#log.userThreads(user, before, limit, maxChars);
  }

  list(thread: string, user: string): Promise<void> {
    return this.#store({ kind: 'list', thread, user });
  }

  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void> {
    return this.#store({ kind: 'unwatched', thread, state });
  }

  unwatched(thread: string): Unwatched | null {
    return this.#log.unwatched(thread);
  }

  allUnwatched(): Iterable<Unwatched> {
    return this.#log.allUnwatched();
  }

  record(thread: string, kind: string, id: string): string | null {
    return this.#log.record(thread, kind, id);
  }

  records(thread: string, kind: string): Iterable<StoredRecord> {
    return this.#log.records(thread, kind);
  }

  async setRecord(
    thread: string,
    kind: string,
    id: string,
    text: string | null,
    along = thread
  ): Promise<void> {
    const problem = recordProblem(kind, id, text);
    if (problem !== null) throw new RangeError(problem);
    await this.#store({ kind: 'record', thread: along, record: { thread, kind, id, text } });
  }

  health(): LogHealth {
    return this.sequencer.health();
  }

  onHealth(listener: (health: LogHealth) => void): void {
    this.sequencer.onHealth(listener);
  }

  async close(): Promise<void> {
    await this.sequencer.rest();
    this.sequencer.abandon();
    await this.#order.close();
    await this.#log.close();
  }

  #store(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sequencer.submit(command, {
        appended: () => undefined,
        stored: resolve,
        failed: (reason) => {
          reject(new LogUnavailableError(reason));
        }
      });
    });
  }
}

/** A callback that throws does not keep the others from their answers. */
function answerSafely(answer: () => void): void {
  try {
    answer();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
