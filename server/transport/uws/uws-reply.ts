/** Complete replies of uWebSockets.js whose readers may be slow. */

/** What a reply needs of the engine's response. */
export interface ReplyResponse {
  cork(work: () => void): unknown;
  /** Writes what the kernel takes. The second value: whether the reply is complete; the engine's object ends then. */
  tryEnd(body: Uint8Array, totalBytes: number): [boolean, boolean];
  end(body: Uint8Array, closeConnection: boolean): unknown;
  /** Sets the listener for "the kernel has room"; it gets the number of body bytes that were written. */
  onWritable(listener: (writtenBytes: number) => boolean): unknown;
}

/**
 * Writes a body of at least one byte, in the cork of its headers. What the kernel does not take is written when it has
 * room.
 *
 * `end` would copy the body for each request of a peer that reads nothing. In a cork it would also lose a body that is
 * longer than the cork buffer when the kernel takes only a part of that buffer, and the reply would never be complete.
 * With `tryEnd` a connection holds one body. The engine cuts a peer that sends another request before the kernel has
 * all of it, and one that reads nothing for 10 s.
 */
export function writeBody(res: ReplyResponse, body: Uint8Array): void {
  const [, isComplete] = res.tryEnd(body, body.length);
  if (isComplete) return;
  res.onWritable((writtenBytes) => res.tryEnd(body.subarray(writtenBytes), body.length)[0]);
}

/**
 * Writes a body behind the headers, in a cork of its own, and closes the connection when the peer has read it: only
 * `end` closes it. The headers have left the cork buffer, so the engine loses the body only if the kernel had room for
 * them and not for the 60 bytes between; the connection is cut then.
 */
export function writeLastBody(res: ReplyResponse, body: Uint8Array): void {
  res.cork(() => {
    res.end(body, true);
  });
}
