/**
 * The mids of messages that replace another: `useChat` keeps the id of a message that it edits or has answered anew, and in
 * the log each is a message of its own.
 */
import { createHash } from 'node:crypto';
import { MID_MAX } from '../../protocol/run-fields.js';

/** Returns the mid of an edited message: that of a message with the same text is the same. */
export function editedMid(mid: string, bodyJson: string): string {
  return replacingMid(mid, bodyJson);
}

/** Returns the mid of a message that replaces another; `by` tells those that replace the same one apart. */
export function replacingMid(mid: string, by: string): string {
  const digest = createHash('sha256').update(`${mid}\n${by}`).digest('base64url');
  return `ai-${digest}`.slice(0, MID_MAX);
}
