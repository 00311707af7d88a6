/** How an erased message looks: it stays at its offset, with its mid, author and time, and says nothing any more. */
import { isAgentKind } from './agent-kinds.js';
import { frameBody, frameKind } from './message-frame.js';

/** Kind of the entry that says that a message was erased; its body is {@link ErasedNews}. Only the server writes it. */
export const ERASED_KIND = 'message_erased';

/** Body of an erased message. */
export const ERASED_BODY = '{"erased":true}';

/** Begins the body of an erased entry of a run, which also keeps what {@link RUN_MARKS} name. */
const ERASED_START = '{"erased":true';

/** Members that an erased entry of a run keeps: without them nobody could tell that the run has ended. */
const RUN_MARKS = ['run', 'agent', 'inReplyTo', 'call', 'ask'] as const;

/** Body of an entry of the kind {@link ERASED_KIND}. */
export interface ErasedNews {
  /** Offset of the message that was erased. */
  readonly target: number;
  /** Its mid. */
  readonly mid: string;
}

/** Returns a stored frame with its body erased; null when the text is no frame. */
export function erasedFrame(frame: string): string | null {
  const body = frameBody(frame);
  const kind = frameKind(frame);
  if (body === null || kind === null) return null;
  const left = isAgentKind(kind) ? erasedRunBody(body) : ERASED_BODY;
  return `${frame.slice(0, frame.length - body.length - 1)}${left}}`;
}

/** Returns whether a stored frame is that of an erased message. A person may have written the same body: then nothing is to be erased. */
export function isErased(frame: string): boolean {
  const body = frameBody(frame);
  if (body === ERASED_BODY) return true;
  // People cannot send these kinds.
  return body?.startsWith(ERASED_START) === true && isAgentKind(frameKind(frame) ?? '');
}

/** Returns whether the parsed body of a message says that it was erased. */
export function isErasedBody(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'erased' in body && body.erased === true;
}

/** Reads the body of an entry of the kind {@link ERASED_KIND}; null when it is none. */
export function erasedNews(body: unknown): ErasedNews | null {
  if (typeof body !== 'object' || body === null || !('target' in body)) return null;
  const { target } = body;
  if (typeof target !== 'number') return null;
  return { target, mid: 'mid' in body && typeof body.mid === 'string' ? body.mid : '' };
}

function erasedRunBody(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return ERASED_BODY;
  }
  const marks: Record<string, unknown> = { erased: true };
  for (const name of RUN_MARKS) {
    const mark: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
    if (typeof mark === 'string') marks[name] = mark;
  }
  return JSON.stringify(marks);
}
