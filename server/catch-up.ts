/**
 * Brings subscriptions that are behind up to now by reading the log, a page at a time and only while the socket takes
 * it, and joins them to the live topic in the same turn in which they have read the newest message: no hole, no overlap.
 */
import { replayFrame } from '../actors/message-frame.js';
import type { Threads } from '../actors/threads.js';
import type { ThreadLog } from '../actors/thread-log.js';
import type { Connection, Subscription } from './connection.js';

/** Bytes waiting in a socket above which nothing more is read for it until it drains. */
export const CATCH_UP_BUFFER_BYTES = 262_144;

/** Most messages and characters read for one subscription in one turn: what keeps the others' latency low. */
export const PAGE_MESSAGES = 128;
/** When a client is told to come back whose log could not be read. */
const COME_BACK_MS = 1_000;
/** See {@link PAGE_MESSAGES}. */
export const PAGE_CHARS = 65_536;

/** Reads for all connections that are behind, in turns. */
export class CatchUp {
  private readonly log: ThreadLog;
  private readonly threads: Threads;
  private readonly due = new Set<Connection>();
  private isScheduled = false;
  private readonly turn = (): void => {
    this.isScheduled = false;
    for (const connection of [...this.due]) {
      if (!this.stepSafely(connection)) this.due.delete(connection);
    }
    if (this.due.size > 0) this.schedule();
  };

  constructor(log: ThreadLog, threads: Threads) {
    this.log = log;
    this.threads = threads;
  }

  /** Goes on with a connection that has something to read and room to take it. */
  resume(connection: Connection): void {
    if (connection.subscriptions.every(({ isLive }) => isLive)) return;
    this.due.add(connection);
    this.schedule();
  }

  /** Reads the first page at once, so that a short replay costs no turn. */
  begin(connection: Connection): void {
    if (this.step(connection)) this.resume(connection);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.turn);
  }

  /** As {@link step}; a log that cannot be read now closes the connection, which resumes when it comes back. */
  private stepSafely(connection: Connection): boolean {
    try {
      return this.step(connection);
    } catch {
      connection.disconnect(3004, COME_BACK_MS);
      return false;
    }
  }

  /** Reads one page for each subscription that is behind; true when there is more to read and room for it. */
  private step(connection: Connection): boolean {
    const { socket } = connection;
    if (socket === null || connection.isClosing || !connection.payOwed()) return false;
    for (const subscription of connection.subscriptions) {
      if (subscription.isLive) continue;
      if (socket.buffered() > CATCH_UP_BUFFER_BYTES) return false;
      if (!this.page(connection, subscription)) return false;
    }
    const isBehind = connection.subscriptions.some(({ isLive }) => !isLive);
    if (!isBehind) connection.laggingSince = null;
    return isBehind;
  }

  /** Reads one page of one subscription; false when the socket takes no more. */
  private page(connection: Connection, subscription: Subscription): boolean {
    const { socket } = connection;
    if (socket === null) return false;
    const { thread } = subscription;
    const entries =
      subscription.cursor < thread.published
        ? this.log.read(thread.id, subscription.cursor, PAGE_MESSAGES, PAGE_CHARS)
        : [];
    for (const { offset, frame } of entries) {
      if (offset > thread.published) break;
      if (offset !== subscription.cursor + 1) this.sayGap(connection, subscription, offset);
      const isReplay = subscription.replayTo !== null && offset <= subscription.replayTo;
      if (!socket.send(isReplay ? replayFrame(frame) : frame)) return false;
      subscription.cursor = offset;
      if (offset === subscription.replayTo) this.sayCaughtUp(connection, subscription);
    }
    if (entries.length === 0 && subscription.cursor < thread.published) {
      this.sayGap(connection, subscription, thread.published + 1);
      subscription.cursor = thread.published;
    }
    if (subscription.cursor >= thread.published) {
      if (subscription.replayTo !== null) this.sayCaughtUp(connection, subscription);
      // What is owed goes before anything live.
      if (!connection.payOwed()) return false;
      subscription.isLive = true;
      socket.join(thread.id);
      this.threads.caughtUp(thread);
    }
    return true;
  }

  private sayCaughtUp(connection: Connection, subscription: Subscription): void {
    const { thread, cursor: offset } = subscription;
    subscription.replayTo = null;
    connection.send(JSON.stringify({ type: 'caught_up', thread: thread.id, offset }));
  }

  /** Trimming has overtaken a slow reader: the hole is said by a `subscribed` that nobody asked for. */
  private sayGap(connection: Connection, subscription: Subscription, next: number): void {
    const { thread, cursor } = subscription;
    const to = Math.min(subscription.replayTo ?? thread.published, thread.published);
    connection.send(
      JSON.stringify({
        type: 'subscribed',
        thread: thread.id,
        epoch: thread.epoch,
        offset: to,
        recovered: false,
        replay: Math.max(0, to - next + 1),
        gap: { from: cursor + 1, to: next - 1, reason: 'trimmed' },
        runs: [],
        present: thread.presence?.names() ?? []
      })
    );
  }
}
