/**
 * Threads and connections as rows for viewers. The server searches and pages them, so that no page lists all of them.
 */
import { wallTime, type Clock } from '../../actors/clock.js';
import type { ActiveThread } from '../../actors/threads/active-thread.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { Threads } from '../../actors/threads/threads.js';
import type { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';
import type {
  ConnectionRow,
  InspectRequests,
  RowsPage,
  ThreadRow
} from '../../protocol/inspection.js';
import { isThreadId } from '../../protocol/frames.js';
import { pageOf } from './row-page.js';

/** Most threads named in the row of a connection. */
const THREADS_NAMED_MAX = 20;

/** Returns a page of the threads in use. A thread that is only in the log is found by its whole id. */
export function threadRows(
  threads: Threads,
  connections: Connections,
  log: Pick<LogReader, 'head'>,
  asked: InspectRequests['inspect.threads']
): RowsPage<ThreadRow> {
  const { search, state, connection, after, limit } = asked;
  const isOfConnection = connection === null ? null : subscribedThreads(connections, connection);
  const page = pageOf(threads.all(), {
    key: ({ id }) => id,
    matches: (thread) =>
      thread.id.includes(search) &&
      (state === null || stateOf(thread) === state) &&
      (isOfConnection === null || isOfConnection.has(thread.id)),
    after,
    limit
  });
  const rows = page.rows.map(threadRow);
  const isPassiveAsked = state === null || state === 'passive';
  if (page.total === 0 && isPassiveAsked && isOfConnection === null && isThreadId(search)) {
    const head = log.head(search);
    if (head !== null && head.last > 0) {
      const row = passiveRow(search, threads.isTest(search), head.last);
      return { rows: [row], total: 1, next: null };
    }
  }
  return { ...page, rows };
}

/** Returns a page of the open connections. */
export function connectionRows(
  connections: Connections,
  clock: Pick<Clock, 'now' | 'elapsed'>,
  { search, after, limit }: InspectRequests['inspect.connections']
): RowsPage<ConnectionRow> {
  const page = pageOf(connections.opened(), {
    key: ({ id }) => id,
    matches: ({ id, user, address }) =>
      id.includes(search) || address.includes(search) || (user?.includes(search) ?? false),
    after,
    limit
  });
  return { ...page, rows: page.rows.map((connection) => connectionRow(connection, clock)) };
}

/** Returns the state of a thread's delivery: that of its chart, or of its record when it has no actor. */
function stateOf(thread: ActiveThread): ThreadRow['state'] {
  const value = thread.actor?.getSnapshot().value;
  // While other nodes are asked whether somebody is there, it goes on waiting.
  if (value === 'asking') return 'waiting';
  if (value !== undefined && value !== 'reviving') return value;
  if (thread.held !== null) return thread.held.state;
  return thread.subscribers > 0 ? 'delivering' : 'idle';
}

function threadRow(thread: ActiveThread): ThreadRow {
  return {
    thread: thread.id,
    state: stateOf(thread),
    isTest: thread.isTestThread,
    subscribers: thread.subscribers,
    held: thread.held?.messages ?? 0,
    offset: thread.published,
    sessionId: thread.actor?.sessionId ?? null
  };
}

function passiveRow(thread: string, isTest: boolean, offset: number): ThreadRow {
  return { thread, state: 'passive', isTest, subscribers: 0, held: 0, offset, sessionId: null };
}

function connectionRow(
  connection: Connection,
  clock: Pick<Clock, 'now' | 'elapsed'>
): ConnectionRow {
  const { id, user, address, openedAt, laggingSince, subscriptions, isLeaving } = connection;
  return {
    connection: id,
    user,
    address,
    openedAt: wallTime(clock, openedAt),
    laggingSince: laggingSince === null ? null : wallTime(clock, laggingSince),
    bufferedBytes: connection.socket?.buffered() ?? 0,
    isLeaving,
    threads: subscriptions.slice(0, THREADS_NAMED_MAX).map(({ thread }) => thread.id),
    subscriptions: subscriptions.length
  };
}

function subscribedThreads(connections: Connections, id: string): ReadonlySet<string> {
  for (const connection of connections.opened()) {
    if (connection.id !== id) continue;
    return new Set(connection.subscriptions.map(({ thread }) => thread.id));
  }
  return new Set();
}
