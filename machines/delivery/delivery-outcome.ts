/**
 * How one message ended, typed: never a boolean, never silent.
 */

/** Every way a publish can end; `refused` never reached the log. */
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

/** What is known of a message that found nobody subscribed. */
export interface UnwatchedMessage {
  readonly isTestThread: boolean;
  /** The publisher said that keeping it is enough. */
  readonly expectStored: boolean;
  /** The thread's owner is not the author and is connected somewhere. */
  readonly isOwnerConnected: boolean;
}

/**
 * Judges a message that nobody is subscribed to receive: the test-thread classifier first, then what the publisher
 * expects, then the owner; only what is left is held for the grace.
 */
export function judgeUnwatched(
  message: UnwatchedMessage
): 'skipped_test_thread' | 'stored' | 'delivered_to_user' | 'held' {
  if (message.isTestThread) return 'skipped_test_thread';
  if (message.expectStored) return 'stored';
  if (message.isOwnerConnected) return 'delivered_to_user';
  return 'held';
}
