/**
 * Hides the position of a list row that a user may not see, so that a page can end at it. The user gets a text that
 * only this process can read and that has the same length for every position.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { ListPlace } from '../../actors/log/thread-records.js';
import { THREAD_ID_MAX } from '../../protocol/frames.js';

/** First character of every sealed position; no thread id begins with it. */
const MARK = '~';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TIME_BYTES = 8;
const PLAIN_BYTES = TIME_BYTES + THREAD_ID_MAX;

/** Seals positions with a key of this process. */
export class SealedPlaces {
  private readonly key = randomBytes(32);

  /** Returns a position as a text that only the same user can use. */
  seal(user: string, { at, thread }: ListPlace): string {
    const plain = Buffer.alloc(PLAIN_BYTES);
    plain.writeDoubleBE(at);
    plain.write(thread, TIME_BYTES, 'latin1');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce).setAAD(Buffer.from(user));
    const hidden = Buffer.concat([cipher.update(plain), cipher.final()]);
    return MARK + Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url');
  }

  /** Returns a sealed position; null for any other text, and for one of another user or process. */
  open(user: string, text: string): ListPlace | null {
    if (!isSealed(text)) return null;
    const bytes = Buffer.from(text.slice(MARK.length), 'base64url');
    if (bytes.length !== NONCE_BYTES + TAG_BYTES + PLAIN_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.key, nonce)
      .setAAD(Buffer.from(user))
      .setAuthTag(tag);
    try {
      const hidden = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      const plain = Buffer.concat([decipher.update(hidden), decipher.final()]);
      const thread = plain.toString('latin1', TIME_BYTES).replace(/\0+$/, '');
      return { at: plain.readDoubleBE(), thread };
    } catch {
      return null;
    }
  }
}

/** Returns whether a text is a sealed position of any user or process. */
export function isSealed(text: string): boolean {
  return text.startsWith(MARK);
}
