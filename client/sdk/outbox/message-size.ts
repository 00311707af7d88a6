/** How large a message is on its way to the server, which refuses a frame above its limit. */
import type { ClientFrame } from '../../../protocol/frames.js';

/** Size of a message in the form in which it is sent. */
export interface MessageSize {
  /** Bytes of its frame. */
  readonly bytes: number;
  /** Most bytes of a frame that the server takes. */
  readonly limit: number;
  /** Bytes above the limit; 0 when it fits. */
  readonly over: number;
}

/** Most bytes of a frame where no server has told its limit: the server's own default. */
export const DEFAULT_FRAME_BYTES = 65_536;

/** Bytes for `,"id":` and a safe integer, which a request adds to the frame. */
const ID_BYTES = 24;

/** Measures a message. A limit that is not positive, as from a faulty server, is none. */
export function messageSize(publish: ClientFrame<'publish'>, frameBytes: number): MessageSize {
  const limit = frameBytes > 0 ? frameBytes : Infinity;
  const bytes = new TextEncoder().encode(JSON.stringify(publish)).length + ID_BYTES;
  return { bytes, limit, over: Math.max(0, bytes - limit) };
}
