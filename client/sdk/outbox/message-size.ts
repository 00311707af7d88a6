/** Computes the size of a message's frame, which the server refuses above its limit. */
import type { ClientFrame } from '../../../protocol/frames.js';

/** Size of a message in the form in which it is sent. */
export interface MessageSize {
  /** Bytes of its frame. */
  readonly bytes: number;
  /** Most bytes that the server accepts in a frame. */
  readonly limit: number;
  /** Bytes above the limit; 0 when it fits. */
  readonly over: number;
}

/** Limit before the server has sent its own: the server's default. */
export const DEFAULT_FRAME_BYTES = 65_536;

/** Bytes of `,"id":` and the largest safe integer: every request has an id. */
const ID_BYTES = 24;

/** Measures a message. A limit that is not positive comes from a faulty server and counts as none. */
export function messageSize(publish: ClientFrame<'publish'>, frameBytes: number): MessageSize {
  const limit = frameBytes > 0 ? frameBytes : Infinity;
  const bytes = new TextEncoder().encode(JSON.stringify(publish)).length + ID_BYTES;
  return { bytes, limit, over: Math.max(0, bytes - limit) };
}
