/**
 * A secret, kept as its hash. All hashes have one length, so comparing them does not reveal the length of the secret.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** One secret. */
export class Secret {
  private readonly hash: Buffer;

  /** Takes the secret itself, or its hash. */
  constructor(secret: string | Buffer) {
    this.hash = typeof secret === 'string' ? hashOf(secret) : secret;
  }

  /** Returns whether the text is the secret; the comparison takes the same time either way. */
  is(shown: string): boolean {
    return this.hasHash(hashOf(shown));
  }

  /** Returns whether the secret has this hash. */
  hasHash(hash: Buffer): boolean {
    return timingSafeEqual(hash, this.hash);
  }
}

/** Returns the SHA-256 hash of a secret. Secrets are random and long, so that no slower hash is needed. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
