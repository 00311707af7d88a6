/**
 * Frames that are sent often, built by concatenation: thread ids and epochs need no escaping, stored frames none at all.
 */
import type { AppendResult, Durability, LogEntry } from '../../actors/log/thread-log.js';
import type { PresenceChange } from '../../actors/threads/presence.js';
import type { ClientFrame } from '../../protocol/frames.js';

function idField(id: string | number | undefined): string {
  return id === undefined ? '' : `"id":${JSON.stringify(id)},`;
}

/** The `ack` of a publish. */
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

/** The answer to `history`, with the messages as they are stored. */
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

/** Who came and went, for a thread's subscribers; in a large thread only how many are there. */
export function presenceFrame(thread: string, change: PresenceChange): string {
  return JSON.stringify({
    type: 'presence',
    thread,
    join: change.join.length === 0 ? undefined : change.join,
    leave: change.leave.length === 0 ? undefined : change.leave,
    count: change.isLarge ? change.count : undefined
  });
}
