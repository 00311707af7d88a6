/** The route table: one handler per frame type. A type of the schema without a handler does not compile. */
import type { LogCorruptError } from '../../actors/log/log-errors.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { ListPlace, ThreadRecords } from '../../actors/log/thread-records.js';
import type { Threads } from '../../actors/threads/threads.js';
import { encodeAck, encodeFrame, encodeHistory, encodeThreads } from './frame-encoder.js';
import { NO_RIGHTS } from '../access/guard.js';
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../access/authority.js';
import { TooManyMembersError, type Members } from '../access/members.js';
import { isSealed, SealedPlaces } from '../access/sealed-places.js';
import type { Connection } from './connection.js';
import type { Received, RequestId } from './frame-decoder.js';
import { ERRORS } from '../../protocol/errors.js';
import { PAGE_DEFAULT, pageBefore, readablePage, type ReadablePage } from './message-pages.js';
import type { Publisher } from './publisher.js';
import type { ClientFrameType } from '../../protocol/frames.js';
import { createRunRoutes, type RunRouteServices } from './runs/run-routes.js';
import { createSignIn, type SignInServices } from './sign-in.js';
import type { Subscriptions } from './subscriptions.js';
import {
  audiencePoints,
  HISTORY_POINTS,
  messagePoints,
  SUBSCRIBE_POINTS,
  threadsPoints
} from './work/costs.js';

/** How long a client may show "typing" after the last frame about it, in milliseconds. */
export const TYPING_FOR_MS = 6_000;

/** How often the application is asked for one list, each time about all threads that a page has. */
const THREADS_ASKED_MAX = 8;

const NOTHING = (): void => undefined;

/** What the handlers use. */
export interface RouteServices extends SignInServices, RunRouteServices {
  readonly log: LogReader & ThreadRecords;
  readonly threads: Threads;
  readonly publisher: Publisher;
  readonly subscriptions: Subscriptions;
  readonly members: Members;
  /** Reports damaged messages that an answer leaves out. */
  readonly damaged: (why: LogCorruptError) => void;
}

/** A handler of one frame type. The connection has a user, except for `connect`. */
export type Handler<T extends ClientFrameType> = (
  connection: Connection,
  frame: Received<T>
) => void;

/** One handler for every type of the schema. */
export type Routes = { readonly [T in ClientFrameType]: Handler<T> };

/** Passes a frame to the handler of its type. */
export function route<T extends ClientFrameType>(
  routes: Routes,
  connection: Connection,
  frame: { type: T } & Received<T>
): void {
  routes[frame.type](connection, frame);
}

/** Makes the route table. */
export function createRoutes(services: RouteServices): Routes {
  const { clock, log, threads, publisher, subscriptions, limits } = services;

  /** Refuses a reading request while its user has no points. */
  const mustWait = (connection: Connection, id: RequestId): boolean => {
    const over = services.work.mustWait(connection);
    if (over === null) return false;
    services.limited(over.limit);
    connection.sendError(id, 'rate_limited', over.reason, over.afterMs);
    return true;
  };

  /** Charges the cost of a request. */
  const charge = (connection: Connection, points: number): void => {
    services.turn.spend(points);
    services.work.charge(connection, points);
  };

  const sealed = new SealedPlaces();

  /** Returns the position that a request names; null for the beginning of the list. */
  const placeOf = (user: string, frame: Received<'threads'>): ListPlace | null => {
    const { before: at, beforeThread = '' } = frame;
    if (at === undefined) return null;
    // Sealed before a restart: by time alone nothing is left out, and a few rows may come again.
    if (isSealed(beforeThread)) return sealed.open(user, beforeThread) ?? { at, thread: '' };
    return { at, thread: beforeThread };
  };

  /** Returns where the next page begins as the user may know it: nothing of a thread that the user may not read. */
  const shownNext = (
    user: string,
    before: ListPlace | null,
    { threads, next, isNextHidden }: ReadablePage
  ): ListPlace | null => {
    if (next === null || !isNextHidden) return next;
    const shown = threads.at(-1)?.at ?? before?.at ?? clock.now();
    return { at: shown + 1, thread: sealed.seal(user, next) };
  };

  /** Answers with the threads that the user may read. Those that the application has not been asked about wait for it. */
  const listThreads = (connection: Connection, frame: Received<'threads'>, asks: number): void => {
    const { rights } = connection;
    if (rights === null || connection.socket === null || connection.isClosing) return;
    const { limit = PAGE_DEFAULT } = frame;
    const user = connection.user ?? '';
    const before = placeOf(user, frame);
    const questions: Promise<void>[] = [];
    const unknown: string[] = [];
    const page = readablePage(log, user, before, limit, (thread) => {
      const question = asks > 0 ? rights.ask('read', thread) : null;
      if (question !== null) questions.push(question);
      const refusal = question === null ? rights.refusal('read', thread) : null;
      if (refusal === 'unavailable') unknown.push(thread);
      return refusal === null;
    });
    if (questions.length > 0) {
      charge(connection, threadsPoints(page.read, page.passed, page.chars));
      services.hold(connection, frame, Promise.all(questions).then(NOTHING), () => {
        listThreads(connection, frame, asks - 1);
      });
      return;
    }
    if (unknown.length > 0) {
      // A list that lacks some would look as if they were gone.
      connection.sendError(frame.id, 'unavailable', NOT_ANSWERED, NOT_ANSWERED_AFTER_MS);
      return;
    }
    const next = shownNext(user, before, page);
    const answer = encodeThreads(frame, { threads: page.threads, next });
    charge(connection, threadsPoints(page.read, page.passed, page.chars));
    connection.send(answer);
  };

  return {
    ...createSignIn(services),

    subscribe: (connection, frame) => {
      if (mustWait(connection, frame.id)) return;
      charge(connection, SUBSCRIBE_POINTS);
      const before = connection.subscriptionTo(frame.thread);
      if (before !== undefined) subscriptions.end(connection, before);
      else if (
        connection.subscriptions.length >= limits.subscriptions &&
        limits.subscriptions > 0
      ) {
        services.limited('subscriptions_connection');
        connection.sendError(
          frame.id,
          'too_many_subscriptions',
          `this connection has ${String(limits.subscriptions)} subscriptions, as many as it may`
        );
        return;
      }
      subscriptions.open(connection, frame.thread, frame.since ?? 'live', frame.id);
    },

    unsubscribe: (connection, frame) => {
      const subscription = connection.subscriptionTo(frame.thread);
      if (subscription === undefined) {
        connection.sendError(frame.id, 'not_subscribed');
        return;
      }
      subscriptions.end(connection, subscription);
      connection.send(encodeFrame({ type: 'unsubscribed', id: frame.id, thread: frame.thread }));
    },

    publish: (connection, frame) => {
      const { user, rights, publishes: rate, address } = connection;
      if (user === null || rights === null) return;
      // Name the fields: a frame may have others that only the HTTP API accepts, such as `owner`.
      const { thread, mid, kind, body, expect, agent, whileRunning, regenerates, edits } = frame;
      const runs = { agent, whileRunning, regenerates, edits };
      const traceparent = frame.traceparent ?? connection.traceparent;
      const request = { thread, mid, kind, body, expect, traceparent, ...runs };
      connection.unanswered++;
      publisher.publish({ user, rights, rate, address }, request, (published) => {
        connection.unanswered--;
        if (published.ok) {
          connection.send(encodeAck(frame, published, publisher.durability));
        } else if (published.code === 'bad_frame') {
          services.badFrame(connection, frame.id, published.reason ?? ERRORS.bad_frame.message);
        } else {
          const { code, reason, afterMs } = published;
          connection.sendError(frame.id, code, reason, afterMs);
        }
      });
    },

    history: (connection, frame) => {
      if (mustWait(connection, frame.id)) return;
      const head = log.head(frame.thread) ?? log.ensure(frame.thread);
      const { before = head.last + 1, limit = PAGE_DEFAULT } = frame;
      const page = pageBefore(log, frame.thread, before, limit, services.damaged);
      const more = (page[0]?.offset ?? head.first) > head.first;
      const answer = encodeHistory(frame, head.epoch, page, more);
      charge(connection, HISTORY_POINTS + messagePoints(page.length, answer.text.length));
      connection.send(answer);
    },

    threads: (connection, frame) => {
      if (!mustWait(connection, frame.id)) listThreads(connection, frame, THREADS_ASKED_MAX);
    },

    typing: (connection, frame) => {
      const thread = connection.subscriptionTo(frame.thread)?.thread;
      if (thread === undefined) {
        connection.sendError(frame.id, 'not_subscribed');
        return;
      }
      charge(connection, audiencePoints(thread.subscribers));
      threads.signal(thread, {
        type: 'typing',
        thread: frame.thread,
        user: connection.user ?? '',
        on: frame.on,
        forMs: TYPING_FOR_MS
      });
    },

    mark: (connection, frame) => {
      const user = connection.user ?? '';
      const thread = connection.subscriptionTo(frame.thread)?.thread;
      if (thread === undefined) {
        connection.sendError(frame.id, 'not_subscribed');
        return;
      }
      charge(connection, audiencePoints(thread.subscribers));
      connection.unanswered++;
      const before = markBefore(log, frame.thread, user);
      log
        .setReadMark(frame.thread, user, frame.read)
        .then((read) => {
          if (before !== null) threads.steps.read(thread, connection, before, read);
          const mark = { type: 'mark', thread: frame.thread, user, read } as const;
          const isMoved = before === null || read > before;
          // Who repeats a mark may have missed that it is known; the others have not.
          if (frame.id !== undefined || !isMoved) {
            connection.send(encodeFrame({ ...mark, id: frame.id }));
          }
          if (isMoved) threads.signal(thread, mark);
        })
        .catch(() => {
          connection.sendError(frame.id, 'unavailable', 'the mark was not stored');
        })
        .finally(() => {
          connection.unanswered--;
        });
    },

    members: (connection, { id, thread }) => {
      const { owner, members } = services.members.of(thread);
      const { rights } = connection;
      const may = rights === null ? NO_RIGHTS : rights.may(thread);
      connection.send(
        encodeFrame({
          type: 'members',
          id,
          thread,
          owner,
          members: [...members],
          may: may === null ? undefined : [...may]
        })
      );
    },

    member: (connection, { id, thread, user, role }) => {
      const by = connection.user;
      connection.unanswered++;
      services.members
        .set(thread, user, role, by)
        .then(() => {
          if (id === undefined) return;
          connection.send(encodeFrame({ type: 'member', id, thread, user, role, by }));
        })
        .catch((error: unknown) => {
          if (error instanceof TooManyMembersError) {
            connection.sendError(id, 'too_large', error.message);
          } else connection.sendError(id, 'unavailable', 'the change was not stored');
        })
        .finally(() => {
          connection.unanswered--;
        });
    },

    ping: (connection, frame) => {
      connection.send(encodeFrame({ type: 'pong', id: frame.id, time: clock.now() }));
    },

    // A pong needs no handling: any frame keeps a connection alive.
    pong: () => undefined,

    ...createRunRoutes(services)
  };
}

/** Returns a user's read mark; null while the log cannot be read. */
function markBefore(log: ThreadRecords, thread: string, user: string): number | null {
  try {
    return log.readMark(thread, user);
  } catch {
    return null;
  }
}
