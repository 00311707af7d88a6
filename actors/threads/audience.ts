import type { LogEntry } from '../log/log-reader.js';
import type { PresenceChange } from './presence.js';

/** Where messages and presence of threads go. None of these throws. */
export interface Audience {
  /** Sends a message to every live subscription of a thread. */
  fanOut(thread: string, message: LogEntry): void;
  /** Whether a user has a connection that would take a frame. */
  isReachable(user: string): boolean;
  /** Sends a message to the user's connections, marked as a fallback. Returns how many took it. */
  fallback(user: string, thread: string, message: LogEntry): number;
  /** Tells a thread's subscribers who came and went. */
  presence(thread: string, change: PresenceChange): void;
}
