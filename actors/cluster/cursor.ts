/** How far a replica has applied a partition, kept with it in one commit. */
import { createHash } from 'node:crypto';
import type { Ordered } from './order.js';

/** Place in a partition. */
export interface Cursor {
  /** Epoch of the partition's threads. */
  readonly epoch: string;
  /** Whether there was ever another. */
  readonly isRenewed: boolean;
  /** Sequence of the last message that was applied. */
  readonly sequence: number;
  /** Digest of that message and its stamp. */
  readonly digest: string;
  /** Digest of all messages up to that one, each with the hash before it. */
  readonly hash: string;
}

/** Characters of a digest that are kept: 96 bits, against accidents and not against attackers. */
const DIGEST_CHARS = 24;

/** Returns the digest of a message at its place. */
export function digestOf({ sequence, stamp, bytes }: Ordered): string {
  const hash = createHash('sha256')
    .update(`${String(sequence)} ${stamp}\n`)
    .update(bytes);
  return hash.digest('hex').slice(0, DIGEST_CHARS);
}

/** Returns the hash after a message with this digest. */
export function chained(hash: string, digest: string): string {
  return createHash('sha256').update(`${hash} ${digest}`).digest('hex').slice(0, DIGEST_CHARS);
}

/** Reads a cursor; null when the text is none. */
export function decodeCursor(text: string): Cursor | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  return 'epoch' in value &&
    typeof value.epoch === 'string' &&
    'isRenewed' in value &&
    typeof value.isRenewed === 'boolean' &&
    'sequence' in value &&
    typeof value.sequence === 'number' &&
    Number.isSafeInteger(value.sequence) &&
    'digest' in value &&
    typeof value.digest === 'string' &&
    'hash' in value &&
    typeof value.hash === 'string'
    ? {
        epoch: value.epoch,
        isRenewed: value.isRenewed,
        sequence: value.sequence,
        digest: value.digest,
        hash: value.hash
      }
    : null;
}
