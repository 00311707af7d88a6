/** Requests for a further answer to a message, as they are published. */
import type { RunReaderPorts } from '../chat/runs/run-reader.js';
import { editedMid, replacingMid } from './ai-mids.js';
import type { AiSend } from './ai-request.js';

/** Most answers to one message for which a free mid is looked for. */
const AGAIN_MAX = 1_000;

/**
 * Returns a request for a further answer as it is published. It names the version of the message that people see. The same
 * request gets the same mid as long as its run is at work; `regenerate()` of `useChat` names no answer that is replaced.
 * @throws {LogUnavailableError} while the log cannot be read
 */
export function regeneration({ log, runs }: RunReaderPorts, asked: AiSend): AiSend {
  const { thread, mid: id, body, again, ...fields } = asked;
  const isKnown = (mid: string): boolean => log.withMid(mid, 1, thread).length > 0;
  const edited = editedMid(id, body.json);
  const regenerates = isKnown(edited) ? edited : id;
  const send = { ...fields, thread, body, regenerates };
  if (typeof again === 'string' && again !== id) return { ...send, mid: replacingMid(id, again) };
  const atWork = new Set(runs.of(thread).map(({ mid }) => mid));
  let mid = replacingMid(regenerates, 'again 1');
  for (let n = 2; n <= AGAIN_MAX && isKnown(mid) && !atWork.has(mid); n += 1) {
    mid = replacingMid(regenerates, `again ${String(n)}`);
  }
  return { ...send, mid };
}
