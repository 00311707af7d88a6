/**
 * Finds the entries of runs by their names. The `mid` of an entry is made from the run's id and the name. A message of a
 * person may have that `mid` (see {@link ownMid}); then the entry has the next one.
 */
import { isAgentKind } from '../../../protocol/agent-kinds.js';
import { parseMessageFrame } from '../../../protocol/message-frame.js';
import type { FoundEntry, LogReader } from '../../log/log-reader.js';

/**
 * Returns the `mid` of a run's entry. `turn` 1 is the first choice. While a run is open, nobody can publish with its
 * mids; the others are for logs of a time in which people could.
 */
export function ownMid(run: string, name: string, turn: number): string {
  return turn === 1 ? `${run}:${name}` : `${run}:${name}~${String(turn)}`;
}

/** Returns the entry of a run with a name; null when there is none. */
export function ownEntry(
  log: Pick<LogReader, 'withMid'>,
  thread: string,
  run: string,
  name: string
): FoundEntry | null {
  for (let turn = 1; ; turn++) {
    const [found] = log.withMid(ownMid(run, name, turn), 1, thread);
    if (found === undefined) return null;
    if (!isOfPerson(found.frame)) return found;
  }
}

/** Returns whether a stored frame is not one of a run: people cannot send its kinds. */
export function isOfPerson(frame: string): boolean {
  const message = parseMessageFrame(frame);
  return message !== null && !isAgentKind(message.kind);
}
