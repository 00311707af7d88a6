/**
 * The `message` frame as text. It is built once, by concatenation, when a message gets its offset. The same text is
 * written to the log, sent to subscribers, replayed and returned in history pages.
 */
import type { MessageFrame } from './frames.js';

/** Fields of a frame, without thread and offset. `bodyJson` is JSON text, already validated. */
export interface FrameParts {
  readonly mid: string;
  readonly user: string;
  readonly kind: string;
  readonly bodyJson: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Fields of a frame that come before its kind and body. */
export interface FrameHeader {
  readonly mid: string;
  readonly user: string;
  /** Unix milliseconds. */
  readonly at: number;
}

const MID = ',"mid":';
const FROM = ',"from":{"user":';
const AT = '},"at":';
const KIND = ',"kind":';
const BODY = ',"body":';

/** Builds the text of a `message` frame. `thread` must be a valid thread id: it is not escaped. */
export function messageFrame(thread: string, offset: number, parts: FrameParts): string {
  return `{"type":"message","thread":"${thread}","offset":${String(offset)}${MID}${JSON.stringify(parts.mid)}${FROM}${JSON.stringify(parts.user)}${AT}${String(parts.at)}${KIND}${JSON.stringify(parts.kind)}${BODY}${parts.bodyJson}}`;
}

/** Returns the frame with `"replay":true` added. */
export function replayFrame(frame: string): string {
  return `${frame.slice(0, -1)},"replay":true}`;
}

/** Returns the frame with `"fallback":true` added. */
export function fallbackFrame(frame: string): string {
  return `${frame.slice(0, -1)},"fallback":true}`;
}

/**
 * Reads mid, author and time from a frame that {@link messageFrame} made, without parsing its body; null when the text
 * is no such frame. The marks that it searches for contain unescaped quotes, so they cannot occur inside a JSON string.
 */
export function frameHeader(frame: string): FrameHeader | null {
  const midAt = frame.indexOf(MID);
  const fromAt = frame.indexOf(FROM, midAt);
  const timeAt = frame.indexOf(AT, fromAt);
  const kindAt = frame.indexOf(KIND, timeAt);
  if (midAt < 0 || fromAt < 0 || timeAt < 0 || kindAt < 0) return null;
  const mid = parsed(frame.slice(midAt + MID.length, fromAt));
  const user = parsed(frame.slice(fromAt + FROM.length, timeAt));
  const at = parsed(frame.slice(timeAt + AT.length, kindAt));
  return typeof mid === 'string' && typeof user === 'string' && typeof at === 'number'
    ? { mid, user, at }
    : null;
}

/** Returns the kind of a frame that {@link messageFrame} made; null when the text is no such frame. */
export function frameKind(frame: string): string | null {
  const kindAt = frame.indexOf(KIND);
  const bodyAt = frame.indexOf(BODY, kindAt);
  if (kindAt < 0 || bodyAt < 0) return null;
  const kind = parsed(frame.slice(kindAt + KIND.length, bodyAt));
  return typeof kind === 'string' ? kind : null;
}

/** Returns the text of the body of a frame that {@link messageFrame} made; null when the text is no such frame. */
export function frameBody(frame: string): string | null {
  const bodyAt = frame.indexOf(BODY, frame.indexOf(KIND));
  return bodyAt < 0 ? null : frame.slice(bodyAt + BODY.length, -1);
}

/** Parses a frame; null when it is not JSON or not a complete `message` frame. */
export function parseMessageFrame(text: string): MessageFrame | null {
  const value = parsed(text);
  return isMessageFrame(value) ? value : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMessageFrame(value: unknown): value is MessageFrame {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'message' &&
    'thread' in value &&
    typeof value.thread === 'string' &&
    'offset' in value &&
    typeof value.offset === 'number' &&
    Number.isSafeInteger(value.offset) &&
    value.offset > 0 &&
    'mid' in value &&
    typeof value.mid === 'string' &&
    'from' in value &&
    typeof value.from === 'object' &&
    value.from !== null &&
    'user' in value.from &&
    typeof value.from.user === 'string' &&
    'at' in value &&
    typeof value.at === 'number' &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    'body' in value
  );
}
