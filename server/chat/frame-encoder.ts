/**
 * Encodes every frame that the server sends; no other file does. Frames that contain stored frames or answer a publish
 * are built by concatenation: thread ids and epochs need no escaping, and stored frames are JSON already.
 */
import type { LogEntry } from '../../actors/log/log-reader.js';
import type { AppendResult, Durability } from '../../actors/log/log-writer.js';
import type { UserThread } from '../../actors/log/thread-records.js';
import type { ClientFrame, ServerFrame, ServerFrameType } from '../../protocol/frames.js';

/** The fields of a frame; an optional one may also be undefined. */
type Fields<F> = { readonly [K in keyof F]: object extends Pick<F, K> ? F[K] | undefined : F[K] };

/** Input of {@link encodeFrame}, by the frame's type. */
export type Outgoing = { [T in ServerFrameType]: Fields<ServerFrame<T>> }[ServerFrameType];

/** Returns the text of a frame, without undefined fields. */
export function encodeFrame(frame: Outgoing): string {
  return JSON.stringify(frame);
}

function idField(id: string | number | undefined): string {
  return id === undefined ? '' : `"id":${JSON.stringify(id)},`;
}

/** Returns the `ack` of a publish. */
export function encodeAck(
  frame: Pick<ClientFrame<'publish'>, 'id' | 'thread' | 'mid'>,
  result: Extract<AppendResult, { ok: true }>,
  durable: Durability
): string {
  return (
    `{"type":"ack",${idField(frame.id)}"thread":"${frame.thread}","mid":${JSON.stringify(frame.mid)},` +
    `"offset":${String(result.offset)},"epoch":"${result.epoch}","at":${String(result.at)},` +
    `"duplicate":${String(result.duplicate)},"durable":"${durable}"}`
  );
}

/** Returns the answer to `history`, with the stored messages. */
export function encodeHistory(
  frame: Pick<ClientFrame<'history'>, 'id' | 'thread'>,
  epoch: string,
  page: readonly LogEntry[],
  more: boolean
): string {
  const messages = page.map((entry) => entry.frame).join(',');
  return (
    `{"type":"history",${idField(frame.id)}"thread":"${frame.thread}","epoch":"${epoch}",` +
    `"messages":[${messages}],"more":${String(more)}}`
  );
}

/** Returns the answer to `threads`, with the last stored messages. */
export function encodeThreads(
  frame: Pick<ClientFrame<'threads'>, 'id'>,
  page: readonly UserThread[],
  more: boolean
): string {
  const rows = page.map(
    ({ thread, head, read, last }) =>
      `{"thread":"${thread}","epoch":"${head.epoch}","offset":${String(head.last)},` +
      `"read":${String(read)},"at":${String(head.at)},"last":${last?.frame ?? 'null'}}`
  );
  return `{"type":"threads",${idField(frame.id)}"more":${String(more)},"threads":[${rows.join(',')}]}`;
}
