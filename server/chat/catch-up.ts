/**
 * Brings subscriptions that are behind up to date. It reads the log one page at a time, only while the socket accepts
 * it. In the turn in which a subscription has read the newest message, it joins the live topic, so there is no gap and
 * no duplicate.
 */
import type { Logger } from '../../actors/log-line.js';
import type { Threads } from '../../actors/threads/threads.js';
import type { LogEntry, LogReader } from '../../actors/log/log-reader.js';
import { readPast, type PastPage } from '../../actors/log/read-past.js';
import { reasonOf } from '../../machines/reason.js';
import { UNTIL_LIVE, type Connection, type Subscription } from './connection.js';
import type { Gap } from '../../actors/log/resume-point.js';
import { encodeFrame, messageOut } from './frame-encoder.js';
import { messagePoints } from './work/costs.js';
import type { TurnBudget } from './work/turn-budget.js';
import type { WorkLimits } from './work/work-limits.js';

/** When more bytes than this wait in a socket, nothing more is read for it until it drains. */
export const CATCH_UP_BUFFER_BYTES = 262_144;

/** Most messages read for one subscription in one turn. This and {@link PAGE_CHARS} keep the latency of others low. */
export const PAGE_MESSAGES = 128;
/** Most characters read for one subscription in one turn. */
export const PAGE_CHARS = 65_536;

/** When a client should come back whose thread could not be read, in milliseconds. */
const COME_BACK_MS = 1_000;

/** Most unreadable threads that are remembered, each as one incident; beyond it they are reported at every read. */
const UNREADABLE_MAX = 1_000;

/** Most unreadable threads with a log line each. Above it one line says that there are more; the monitor counts all. */
export const TOLD_MAX = 10;

/** Gets the progress. */
export interface CatchUpWatch {
  /** What an operator does about a thread that cannot be read. */
  readonly remedy: string;
  /** Reports how many threads could not be read at the last try. */
  unreadable(threads: number): void;
  /** Reports that a connection that lagged has read everything. */
  caughtUp(connection: Connection): void;
}

/** Reads for all connections that are behind, in turns. */
export class CatchUp {
  private readonly log: LogReader;
  private readonly threads: Threads;
  private readonly logger: Logger;
  private readonly watch: CatchUpWatch;
  private readonly budget: TurnBudget;
  private readonly work: WorkLimits;
  private readonly due = new Set<Connection>();
  /** Threads that cannot be read completely, with the first damaged offset, or null while the log cannot be read. */
  private readonly unreadable = new Map<string, number | null>();
  private isScheduled = false;
  private readonly turn = (): void => {
    this.isScheduled = false;
    let left = this.due.size;
    for (const connection of this.due) {
      if (left-- === 0 || this.budget.isSpent) break;
      // Delete and set moves it to the end of the map.
      this.due.delete(connection);
      if (this.step(connection)) this.due.add(connection);
    }
    if (this.due.size > 0) this.schedule();
  };

  /** `turn` limits the work per turn of the event loop, `work` charges the users for it. */
  constructor(
    log: LogReader,
    threads: Threads,
    logger: Logger,
    watch: CatchUpWatch,
    { turn, work }: { readonly turn: TurnBudget; readonly work: WorkLimits }
  ) {
    this.budget = turn;
    this.work = work;
    this.log = log;
    this.threads = threads;
    this.logger = logger;
    this.watch = watch;
  }

  /** Continues a connection that has something to read and room for it. */
  resume(connection: Connection): void {
    if (connection.subscriptions.every(({ isLive }) => isLive)) {
      // The connection has left the thread in which it was behind.
      if (connection.laggingSince !== null) this.watch.caughtUp(connection);
      return;
    }
    this.due.add(connection);
    this.schedule();
  }

  /** Reads the first page at once, so that a short replay needs no turn. */
  begin(connection: Connection): void {
    if (this.step(connection)) this.resume(connection);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.budget.next(this.turn);
  }

  /** Reads one page for each subscription that is behind. Returns whether there is more to read and room for it. */
  private step(connection: Connection): boolean {
    const { socket } = connection;
    if (socket === null || connection.isClosing || !connection.payOwed()) return false;
    // The client continues on another node; more pages here would only delay its leaving.
    if (connection.isLeaving) return false;
    for (const subscription of connection.subscriptions) {
      if (subscription.isLive) continue;
      if (this.budget.isSpent) return true;
      if (socket.buffered() > CATCH_UP_BUFFER_BYTES) return false;
      if (!this.page(connection, subscription)) return false;
    }
    const isBehind = connection.subscriptions.some(({ isLive }) => !isLive);
    if (!isBehind && connection.laggingSince !== null) this.watch.caughtUp(connection);
    return isBehind;
  }

  /** Reads one page of one subscription; false when the socket accepts no more. */
  private page(connection: Connection, subscription: Subscription): boolean {
    const { socket } = connection;
    if (socket === null) return false;
    const { thread } = subscription;
    const past = this.read(thread.id, subscription.cursor, thread.published);
    if (past === null) {
      // The client resumes when it comes back, from a log that may be repaired by then.
      connection.disconnect(3004, COME_BACK_MS);
      return false;
    }
    const { entries, damaged } = past;
    if (damaged !== null) this.passOver(connection, subscription, damaged.to);
    this.pay(connection, subscription, entries);
    for (const entry of entries) {
      const { offset } = entry;
      if (offset > thread.published) break;
      if (offset !== subscription.cursor + 1) {
        this.sayGap(connection, subscription, offset, 'trimmed');
      }
      const isReplay = subscription.replayTo !== null && offset <= subscription.replayTo;
      if (!socket.send(messageOut(thread, entry, isReplay ? 'replay' : 'live'))) return false;
      subscription.cursor = offset;
      if (offset === subscription.replayTo) this.sayCaughtUp(connection, subscription);
    }
    if (entries.length === 0 && damaged === null && subscription.cursor < thread.published) {
      this.sayGap(connection, subscription, thread.published + 1, 'trimmed');
      subscription.cursor = thread.published;
    }
    if (subscription.cursor >= thread.published) {
      if (subscription.replayTo !== null) this.sayCaughtUp(connection, subscription);
      // Owed frames go before anything live.
      if (!connection.payOwed()) return false;
      subscription.isLive = true;
      socket.join(thread.id);
      this.threads.caughtUp(thread, connection.user);
      this.tellGiven(connection, subscription);
    }
    return true;
  }

  /** Reports damaged messages as a gap and continues after them. */
  private passOver(connection: Connection, subscription: Subscription, to: number): void {
    this.sayGap(connection, subscription, to + 1, 'damaged');
    subscription.cursor = to;
    const { replayTo, thread } = subscription;
    if (replayTo !== null && replayTo <= to && to < thread.published) {
      this.sayCaughtUp(connection, subscription);
    }
  }

  /** Charges a replay to the user who asked for it. What a slow connection catches up is free. */
  private pay(
    connection: Connection,
    { replayTo }: Subscription,
    entries: readonly LogEntry[]
  ): void {
    const chars = entries.reduce((sum, { frame }) => sum + frame.length, 0);
    const points = messagePoints(entries.length, chars);
    this.budget.spend(points);
    const isAskedFor = replayTo !== null && replayTo !== UNTIL_LIVE;
    // An event stream of a backend has no user.
    if (connection.user !== null && isAskedFor) this.work.charge(connection, points);
  }

  /** Records that a subscription has got everything that it was behind, up to its cursor. */
  private tellGiven(connection: Connection, subscription: Subscription): void {
    const { thread, behind, cursor } = subscription;
    if (behind === null) return;
    this.threads.steps.given(thread, connection, behind, cursor);
    subscription.behind = null;
  }

  /**
   * Returns the next page of a thread; null when nothing can be read now. Damage and a log that cannot be read are one
   * incident per thread, until the thread can be read again.
   */
  private read(thread: string, after: number, last: number): PastPage | null {
    try {
      const page = readPast(this.log, thread, { after, last }, PAGE_MESSAGES, PAGE_CHARS);
      const { damaged, entries } = page;
      if (damaged === null) this.noteRead(thread, after, entries);
      else {
        this.noteUnreadable(
          thread,
          damaged.from,
          `${offsetsOf(damaged)} cannot be read`,
          damaged.why
        );
      }
      return page;
    } catch (error) {
      this.noteUnreadable(
        thread,
        null,
        `the thread cannot be read after offset ${String(after)}`,
        error
      );
      return null;
    }
  }

  private noteUnreadable(thread: string, from: number | null, what: string, why: unknown): void {
    if (this.unreadable.has(thread)) return;
    if (this.unreadable.size < UNREADABLE_MAX) this.unreadable.set(thread, from);
    const { size } = this.unreadable;
    const { remedy } = this.watch;
    if (size <= TOLD_MAX) {
      this.logger.error(`${what} (${reasonOf(why)}): ${remedy}`, { actor: 'log', thread });
    } else if (size === TOLD_MAX + 1) {
      const all = `more than ${String(TOLD_MAX)} threads cannot be read; from here on they are only counted`;
      this.logger.error(`${all}: ${remedy}`, { actor: 'log' });
    }
    this.watch.unreadable(this.unreadable.size);
  }

  /** Ends the incident of a thread if this page contains the offset that could not be read. */
  private noteRead(thread: string, after: number, entries: readonly LogEntry[]): void {
    const from = this.unreadable.get(thread);
    const upTo = entries.at(-1)?.offset;
    if (from === undefined || upTo === undefined) return;
    if (from !== null && (from <= after || from > upTo)) return;
    this.unreadable.delete(thread);
    if (this.unreadable.size < TOLD_MAX) {
      this.logger.info('The thread can be read again', { actor: 'log', thread });
    }
    this.watch.unreadable(this.unreadable.size);
  }

  private sayCaughtUp(connection: Connection, subscription: Subscription): void {
    const { thread, cursor: offset } = subscription;
    subscription.replayTo = null;
    connection.send(encodeFrame({ type: 'caught_up', thread: thread.id, offset }));
  }

  /**
   * Reports a gap by a `subscribed` frame without a request: messages that a slow reader lacks were removed by the
   * retention, or are damaged.
   */
  private sayGap(
    connection: Connection,
    subscription: Subscription,
    next: number,
    reason: Gap['reason']
  ): void {
    const { thread, cursor, behind } = subscription;
    this.tellGiven(connection, subscription);
    if (behind !== null) subscription.behind = { ...behind, from: next };
    const to = Math.min(subscription.replayTo ?? thread.published, thread.published);
    connection.send(
      encodeFrame({
        type: 'subscribed',
        thread: thread.id,
        epoch: thread.epoch,
        offset: to,
        recovered: false,
        replay: Math.max(0, to - next + 1),
        gap: { from: cursor + 1, to: next - 1, reason },
        runs: [],
        present: thread.presence?.names() ?? []
      })
    );
  }
}

function offsetsOf({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to
    ? `message ${String(from)} of the thread`
    : `messages ${String(from)} to ${String(to)} of the thread`;
}
