/**
 * The cost of requests in points. A point is the work of one small frame such as a ping, about 20 µs of CPU. Work whose
 * size is known only afterwards is charged afterwards.
 * @see docs/protocol.md, "What requests cost"
 */

/** Points that a user may spend per second on requests that read, for each publish per second that a connection may send. */
export const POINTS_PER_PUBLISH = 20;

/** Characters read, encoded and sent per point. */
export const CHARS_PER_POINT = 4_096;

/** Messages read per point, in addition to their characters. */
export const MESSAGES_PER_POINT = 10;

/** Points of every frame, in addition to its characters. */
export const FRAME_POINTS = 1;

/** Points of a `threads` request, in addition to its rows. */
export const THREADS_POINTS = 2;

/** Points of each row of a page of threads, in addition to its characters. */
export const THREAD_ROW_POINTS = 2;

/** Rows per point that are read only to see whether they belong into a page. */
export const ROWS_PER_POINT = 10;

/** Points of a `history` request, in addition to its messages. */
export const HISTORY_POINTS = 2;

/** Points of a `subscribe` request, in addition to its replay. */
export const SUBSCRIBE_POINTS = 2;

/** Subscriptions that a frame goes to, for one point. */
export const SUBSCRIPTIONS_PER_POINT = 50;

/** Returns the points of a frame that goes to so many subscriptions: queueing it and writing it. */
export function audiencePoints(subscriptions: number): number {
  return Math.ceil(subscriptions / SUBSCRIPTIONS_PER_POINT);
}

/**
 * Subscriptions that a frame is queued for, for one point of a turn (measured: 10 to 50 ns each). Writing is not in it: it
 * is bounded apart (`FLUSHES_PER_TURN`), and happens once for all frames that are queued until then. If it were in it, a
 * burst to many would be settled in several turns, with a write to each socket in each of them.
 */
const QUEUED_PER_POINT = 250;

/** Returns the points of a turn for queueing a frame for so many subscriptions. */
export function queueingPoints(subscriptions: number): number {
  return subscriptions / QUEUED_PER_POINT;
}

/** Points of checking a token: its signature. */
export const TOKEN_POINTS = 10;

/** Points of a search or a report, which takes ClickHouse more work than the server. */
export const ANALYTICS_POINTS = 50;

/** Returns the points of so many characters. */
export function charPoints(chars: number): number {
  return Math.ceil(chars / CHARS_PER_POINT);
}

/** Returns the points of reading and sending so many messages. */
export function messagePoints(messages: number, chars: number): number {
  return Math.ceil(messages / MESSAGES_PER_POINT) + charPoints(chars);
}

/** Returns the points of a page of threads: for the threads read, the other rows read, and the characters. */
export function threadsPoints(read: number, passed: number, chars: number): number {
  const rows = read * THREAD_ROW_POINTS + Math.ceil(passed / ROWS_PER_POINT);
  return THREADS_POINTS + rows + charPoints(chars);
}
