import type { LogEntry } from '../log/log-reader.js';
import type { PresenceChange } from './presence.js';

/** Receivers of messages and presence. None of these throws. */
export interface Audience {
  /** Sends a message to every live subscription of a thread. */
  fanOut(thread: string, message: LogEntry): void;
  /** Returns whether a user has a connection that accepts frames. */
  isReachable(user: string): boolean;
  /** Sends a message to the user's connections, marked as a fallback. Returns how many accepted it. */
  fallback(user: string, thread: string, message: LogEntry): number;
  /** Tells a thread's subscribers who joined and left. */
  presence(thread: string, change: PresenceChange): void;
}
