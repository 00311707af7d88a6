/** The outcomes of a publish. Every publish has exactly one of them. */

/** Every outcome of a publish. A `refused` one was not written to the log. */
export const DELIVERY_OUTCOMES = [
  'delivered',
  'stored',
  'delivered_to_user',
  'held',
  'undelivered',
  'skipped_test_thread',
  'refused'
] as const;

/** One of {@link DELIVERY_OUTCOMES}. */
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** A message that was published while nobody was subscribed to its thread. */
export interface UnwatchedMessage {
  readonly isTestThread: boolean;
  /** Whether the publisher asked only that the message be stored (`expect: "stored"`). */
  readonly expectStored: boolean;
  /** Whether the thread's owner is connected, and is not the author. */
  readonly isOwnerConnected: boolean;
}

/**
 * Judges a message that was published while nobody was subscribed. In this order: test threads, what the publisher
 * expects, whether the owner is connected. Any other message is held for the grace.
 */
export function judgeUnwatched(
  message: UnwatchedMessage
): 'skipped_test_thread' | 'stored' | 'delivered_to_user' | 'held' {
  if (message.isTestThread) return 'skipped_test_thread';
  if (message.expectStored) return 'stored';
  if (message.isOwnerConnected) return 'delivered_to_user';
  return 'held';
}
