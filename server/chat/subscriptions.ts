/** Opens and ends subscriptions of WebSockets and of event streams. */
import type { ActiveThread } from '../../actors/threads/active-thread.js';
import type { LogReader, ThreadHead } from '../../actors/log/log-reader.js';
import type { ReadMark, ThreadRecords } from '../../actors/log/thread-records.js';
import type { Threads } from '../../actors/threads/threads.js';
import { NO_RIGHTS } from '../access/guard.js';
import type { CatchUp } from './catch-up.js';
import type { Connection, Subscription } from './connection.js';
import type { RequestId } from './frame-decoder.js';
import { encodeFrame } from './frame-encoder.js';
import { resumePoint, type ResumePoint } from '../../actors/log/resume-point.js';
import type { ServerFrame } from '../../protocol/frames.js';
import type { Place } from '../../protocol/place.js';

/** Where a subscription starts: after a place, at the oldest kept message, or with the next one. */
export type Since = 'start' | 'live' | Place;

/** Most users of a thread whose read marks `subscribed` has: about 2 kB, and a tenth of a millisecond to look up. */
export const MARKS_TOLD_MAX = 50;

/** What subscriptions need of the log. */
export type SubscriptionLog = LogReader & Pick<ThreadRecords, 'readMarks'>;

/** Returns where a subscription starts, and the gap before it, if any. */
function startOf(
  since: Since,
  head: ThreadHead,
  thread: ActiveThread,
  user: string | null
): ResumePoint {
  const oldest = head.first - 1;
  if (since === 'start') return { cursor: oldest, gap: null };
  if (since === 'live') {
    // The next subscriber gets what nobody but the author has got yet, whether it asked for history or not.
    const untaken = thread.firstUntaken(user);
    const cursor = untaken === null ? head.last : Math.max(oldest, untaken - 1);
    return { cursor, gap: null };
  }
  // A client that says it has more than was ever sent still counts as the one who got the held messages.
  return resumePoint(since, head);
}

/** Returns the read marks of kept messages, which a subscriber is told; undefined when there are none. */
export function toldMarks(
  log: Pick<ThreadRecords, 'readMarks'>,
  thread: string,
  { first, last }: Pick<ThreadHead, 'first' | 'last'>
): ReadMark[] | undefined {
  // Most threads that are subscribed to for the first time have no message yet, and reading costs as much as the rest.
  if (last < first) return undefined;
  const marks = log.readMarks(thread, MARKS_TOLD_MAX).filter(({ read }) => read >= first);
  return marks.length === 0 ? undefined : marks;
}

/** Adds a subscription. A spread into an array makes room for 16 more, which most connections never have. */
function withSubscription(
  subscriptions: readonly Subscription[],
  added: Subscription
): readonly Subscription[] {
  return subscriptions.length === 0 ? [added] : [...subscriptions, added];
}

/** Returns the runs of a thread that have not ended, and the agent that answers in it. */
export type ThreadRuns = (thread: string) => Pick<ServerFrame<'subscribed'>, 'runs' | 'agent'>;

/** The subscriptions of all connections. */
export class Subscriptions {
  private readonly log: SubscriptionLog;
  private readonly threads: Threads;
  private readonly catchUp: CatchUp;
  private readonly agents: ThreadRuns;

  constructor(
    log: SubscriptionLog,
    threads: Threads,
    catchUp: CatchUp,
    agents: ThreadRuns = () => ({ runs: [] })
  ) {
    this.log = log;
    this.threads = threads;
    this.catchUp = catchUp;
    this.agents = agents;
  }

  /** Subscribes a connection, sends `subscribed`, and starts to bring it up to date. */
  open(connection: Connection, threadId: string, since: Since, id: RequestId): void {
    const thread = this.threads.get(threadId);
    const head = this.log.head(threadId) ?? this.log.ensure(threadId);
    const { cursor, gap } = startOf(since, head, thread, connection.user);
    const { rights } = connection;
    const may = rights === null ? NO_RIGHTS : rights.may(threadId);
    const subscription: Subscription = {
      thread,
      may,
      cursor,
      replayTo: head.last,
      isLive: false,
      behind: this.threads.steps.opened(cursor, head.last)
    };
    connection.subscriptions = withSubscription(connection.subscriptions, subscription);
    this.threads.counts.subscribed(
      head.last - cursor,
      typeof since === 'string' ? null : gap === null
    );
    this.threads.enter(thread, connection.user);
    const present = thread.presence?.names() ?? [];
    connection.send(
      encodeFrame({
        type: 'subscribed',
        id,
        thread: threadId,
        epoch: head.epoch,
        offset: head.last,
        recovered: gap === null,
        replay: head.last - cursor,
        gap,
        ...this.agents(threadId),
        present,
        presentCount: present.length === 0 ? (thread.presence?.count ?? 0) : undefined,
        marks: toldMarks(this.log, threadId, head),
        may: may === null ? undefined : [...may]
      })
    );
    this.catchUp.begin(connection);
  }

  /** Ends one subscription. */
  end(connection: Connection, subscription: Subscription): void {
    connection.subscriptions = connection.subscriptions.filter((other) => other !== subscription);
    connection.socket?.leave(subscription.thread.id);
    this.leave(connection, subscription);
  }

  /** Ends all subscriptions of a connection that has closed. */
  endAll(connection: Connection): void {
    for (const subscription of connection.subscriptions) this.leave(connection, subscription);
    connection.subscriptions = [];
  }

  private leave(connection: Connection, { thread, cursor, behind }: Subscription): void {
    if (behind !== null) this.threads.steps.left(thread, connection, behind, cursor);
    this.threads.leave(thread, connection.user);
  }
}
