/** The epoch of a log's threads: a new one tells clients that history may differ from what they have seen. */
import { randomBytes } from 'node:crypto';

/** Makes an epoch that has not been used before. */
export function newEpoch(): string {
  return `x${randomBytes(6).toString('hex')}`;
}
