/** Answer to a client when the log cannot be read for its request, over WebSocket and HTTP alike. */
import { LogCorruptError, LogUnavailableError } from '../../actors/log/log-errors.js';
import type { Incidents } from '../../actors/monitor/incidents.js';

/** Reason that the client gets. */
export const UNREADABLE = 'this part of the thread log cannot be read now';

/**
 * Returns {@link UNREADABLE} for an error of reading the log; null for any other error. Damage opens an incident. The
 * client never sees the error's own message, which names a directory.
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
