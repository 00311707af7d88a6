/** What a client is told when the log cannot be read for its request: the same at every door. */
import { LogCorruptError, LogUnavailableError } from '../../actors/log/log-errors.js';
import type { Incidents } from '../../actors/monitor/incidents.js';

/** The reason that a client is told. */
export const UNREADABLE = 'this part of the thread log cannot be read now';

/**
 * {@link UNREADABLE} for an error that a read of the log threw; null for any other error. Damage is an
 * incident. The client never sees the error's own message, which names a directory.
 */
export function unreadable(error: unknown, incidents: Pick<Incidents, 'note'>): string | null {
  const isDamage = error instanceof LogCorruptError;
  if (!isDamage && !(error instanceof LogUnavailableError)) return null;
  if (isDamage) {
    incidents.note('a request needs a part of the thread log that is damaged', {
      actor: 'log',
      reason: error.message
    });
  }
  return UNREADABLE;
}
