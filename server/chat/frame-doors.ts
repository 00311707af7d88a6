/**
 * The doors of a connection: what each frame does with a thread, and so which right it needs. A type of the schema
 * without a row does not compile.
 */
import type { Action } from '../access/grants.js';
import type { AccessRefusal, CallerRights } from '../access/guard.js';
import type { ClientFrameType } from '../../protocol/frames.js';
import type { Received } from './frame-decoder.js';

/**
 * What a frame needs: a right to its thread; nothing, since it names none or only ends what was allowed; or what its
 * handler decides, which the row then names.
 */
export type FrameDoor = Action | 'nothing' | 'publisher' | 'rows';

/** The right that each frame needs. */
export const FRAME_DOORS: Readonly<Record<ClientFrameType, FrameDoor>> = {
  connect: 'nothing',
  subscribe: 'read',
  unsubscribe: 'nothing',
  // `Publisher` asks, for every way to publish.
  publish: 'publisher',
  history: 'read',
  // Every row of the list is judged by itself.
  threads: 'rows',
  typing: 'write',
  mark: 'write',
  members: 'read',
  member: 'manage',
  ping: 'nothing',
  pong: 'nothing',
  cancel: 'write'
};

/**
 * Returns the code that refuses a frame; null when it may pass. `rights` is null before `connected`, when nothing but
 * `connect` passes anyway.
 * @throws {LogUnavailableError} or `LogCorruptError` when the thread's record cannot be read
 */
export function frameRefusal(rights: CallerRights | null, frame: Received): AccessRefusal | null {
  const door = FRAME_DOORS[frame.type];
  if (rights === null || !('thread' in frame)) return null;
  if (door === 'publisher' || door === 'rows') return null;
  if (door !== 'nothing') return rights.refusal(door, frame.thread);
  const refusal = rights.refusal('read', frame.thread);
  return refusal === 'forbidden' ? null : refusal;
}
