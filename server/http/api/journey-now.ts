/** Present state of a message, for its journey: what holds it, who is behind, who has read it. */
import { wallTime, type Clock } from '../../../actors/clock.js';
import type { JourneyMessage, JourneyNow, ReaderBehind } from '../../../actors/journey/journey.js';
import { STEPS_OF_A_KIND_MAX } from '../../../actors/journey/tell-journey.js';
import type { LogReader } from '../../../actors/log/log-reader.js';
import type { LogWriter } from '../../../actors/log/log-writer.js';
import type { ThreadRecords } from '../../../actors/log/thread-records.js';
import { HELD_AUTHORS_MAX } from '../../../actors/threads/held.js';
import type { Threads } from '../../../actors/threads/threads.js';
import type { Connection } from '../../chat/connection.js';
import type { Connections } from '../../chat/connections.js';

/** What the state is read from. */
export interface JourneyNowOptions {
  readonly log: LogReader & ThreadRecords & Pick<LogWriter, 'durability'>;
  readonly threads: Threads;
  readonly connections: Pick<Connections, 'opened'>;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** When this process began to send acks, Unix milliseconds. */
  readonly startedAt: number;
}

/**
 * Reads the present state. It changes nothing and loads no thread into memory.
 * @throws {LogUnavailableError} while the log cannot be read
 */
export function journeyNow(options: JourneyNowOptions, message: JourneyMessage): JourneyNow {
  const { log, threads, startedAt } = options;
  const { thread: id, at } = message;
  const active = threads.peek(id);
  const isTestThread = threads.isTest(id);
  return {
    isTestThread,
    subscribers: active?.subscribers ?? 0,
    held: isTestThread ? null : heldOf(options, id, message.user),
    ...behindOf(options, message),
    readers: readersOf(options, message, active?.presence?.names() ?? []),
    durable: message.isKept && at >= startedAt ? log.durability : null
  };
}

/** What is held of the author's messages. A thread in memory knows this before its mark is written. */
function heldOf(
  { log, threads }: JourneyNowOptions,
  id: string,
  author: string
): JourneyNow['held'] {
  const active = threads.peek(id);
  if (active === null) {
    const mark = log.unwatched(id);
    if (mark === null) return null;
    const { authors = [] } = mark;
    // A mark of an earlier version names no authors, and none names very many: all messages count.
    const areAllNamed = authors.length > 0 && authors.length < HELD_AUTHORS_MAX;
    const span = authors.find((of) => of.author === author) ?? (areAllNamed ? null : mark);
    if (span === null) return null;
    return { from: span.from, since: span.since, state: mark.state, dueAt: null, source: 'log' };
  }
  const span = active.held?.of(author) ?? null;
  if (active.held === null || span === null) return null;
  const { state } = active.held;
  const { from, since } = span;
  return { from, since, state, dueAt: threads.graceEndOf(active.held), source: 'now' };
}

function behindOf(
  { connections, clock }: JourneyNowOptions,
  { thread, offset }: JourneyMessage
): Pick<JourneyNow, 'behind' | 'behindMore'> {
  const behind: ReaderBehind[] = [];
  let behindMore = 0;
  for (const connection of connections.opened()) {
    const subscription = connection.subscriptionTo(thread);
    if (subscription === undefined || subscription.isLive || subscription.cursor >= offset)
      continue;
    if (behind.length >= STEPS_OF_A_KIND_MAX) {
      behindMore++;
      continue;
    }
    behind.push({
      user: connection.user ?? '',
      connection: connection.id,
      cursor: subscription.cursor,
      why: subscription.behind?.why === 'replayed' ? 'replaying' : 'lagging',
      since: subscription.behind?.since ?? lagSince(connection, clock)
    });
  }
  return { behind, behindMore };
}

function lagSince({ laggingSince }: Connection, clock: JourneyNowOptions['clock']): number | null {
  return laggingSince === null ? null : wallTime(clock, laggingSince);
}

/** Marks are stored by user: this reads those of the author, the owner and the people present. */
function readersOf(
  { log }: JourneyNowOptions,
  { thread, offset, user, isKept }: JourneyMessage,
  present: readonly string[]
): string[] {
  if (!isKept) return [];
  const owner = log.head(thread)?.owner ?? user;
  const asked = [...new Set([user, owner, ...present])];
  return asked.filter((name) => log.readMark(thread, name) >= offset);
}
