/** What may be wrong with the row of a message, looked at by itself. */
import { rowName, type LogRow } from '../log-keys.js';
import { parseMessageFrame } from '../../../../protocol/message-frame.js';

/** Says what is wrong with an entry's row by itself; null when nothing is. */
export function entryProblem({ key, value }: LogRow): string | null {
  const [, thread, offset] = key;
  if (typeof thread !== 'string' || typeof offset !== 'number') {
    return `the key ${JSON.stringify(key)} is not an entry's`;
  }
  const place = rowName(['e', thread, offset]);
  const frame = parseMessageFrame(value);
  if (frame === null) return `${place} does not decode`;
  return frame.thread === thread && frame.offset === offset
    ? null
    : `${place} holds offset ${String(frame.offset)} of thread ${frame.thread}`;
}
