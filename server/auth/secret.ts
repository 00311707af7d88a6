/** A secret that is asked for, kept as its hash: hashes have one length, so comparing them tells nothing of the secret's. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** One secret. */
export class Secret {
  private readonly hash: Buffer;

  constructor(text: string) {
    this.hash = hashOf(text);
  }

  /** Whether what was shown is the secret; takes as long when it is not. */
  is(shown: string): boolean {
    return timingSafeEqual(hashOf(shown), this.hash);
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
