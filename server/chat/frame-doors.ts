/**
 * The right that each frame of a connection needs. A frame type of the schema that has no row here does not compile.
 */
import type { Action } from '../access/grants.js';
import type { AccessRefusal, CallerRights } from '../access/guard.js';
import { publishQuestion } from '../access/named-messages.js';
import type { ClientFrameType } from '../../protocol/frames.js';
import type { Received } from './frame-decoder.js';

/**
 * What a frame needs: a right to its thread; nothing, because it names no thread or only ends something; or a check by
 * its handler, which a comment at the row names.
 */
export type FrameDoor = Action | 'nothing' | 'publisher' | 'rows';

/** The right that each frame needs. */
export const FRAME_DOORS: Readonly<Record<ClientFrameType, FrameDoor>> = {
  connect: 'nothing',
  refresh: 'nothing',
  subscribe: 'read',
  unsubscribe: 'nothing',
  // `Publisher` checks, because HTTP publishes through it too.
  publish: 'publisher',
  history: 'read',
  // The handler checks each thread of the list.
  threads: 'rows',
  typing: 'write',
  mark: 'write',
  members: 'read',
  member: 'manage',
  ping: 'nothing',
  pong: 'nothing',
  cancel: 'write',
  // The handler checks the run's user, and the thread of the run.
  answer: 'rows',
  withdraw: 'rows'
};

/**
 * Returns the error code that refuses a frame; null when it is allowed. `rights` is null before `connected`, when only
 * `connect` is allowed anyway.
 * @throws {LogUnavailableError} or `LogCorruptError` when the thread's record cannot be read
 */
export function frameRefusal(rights: CallerRights | null, frame: Received): AccessRefusal | null {
  const door = FRAME_DOORS[frame.type];
  if (rights === null || !('thread' in frame)) return null;
  if (door === 'publisher' || door === 'rows') return null;
  if (door !== 'nothing') return rights.refusal(door, frame.thread);
  const refusal = rights.refusal('read', frame.thread);
  return refusal === 'forbidden' || refusal === 'unavailable' ? null : refusal;
}

/**
 * Asks the application whether a frame is allowed, if it has to be asked; null when there is nothing to wait for. A
 * handler that judges rows asks itself.
 */
export function frameQuestion(rights: CallerRights | null, frame: Received): Promise<void> | null {
  if (rights === null || !('thread' in frame)) return null;
  const { thread } = frame;
  if (frame.type === 'publish') {
    return publishQuestion((action) => rights.ask(action, thread), frame);
  }
  const door = FRAME_DOORS[frame.type];
  return door === 'nothing' || door === 'rows' || door === 'publisher'
    ? null
    : rights.ask(door, thread);
}
