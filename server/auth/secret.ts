/**
 * A secret, kept as its hash. All hashes have one length, so comparing them does not reveal the length of the secret.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** One secret. */
export class Secret {
  private readonly hash: Buffer;

  constructor(text: string) {
    this.hash = hashOf(text);
  }

  /** Returns whether the text is the secret; the comparison takes the same time either way. */
  is(shown: string): boolean {
    return timingSafeEqual(hashOf(shown), this.hash);
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
