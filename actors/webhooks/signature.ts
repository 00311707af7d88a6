/**
 * Signatures of webhooks, as the Standard Webhooks say, so that receivers can use a library.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';

/** Beginning of a secret that is written in base64. */
export const SECRET_PREFIX = 'whsec_';

/** Headers of a request. */
export interface SignedHeaders extends Record<string, string> {
  readonly 'webhook-id': string;
  /** Unix seconds of this attempt. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** Returns the headers of an attempt to send `body` under an id; `now` is Unix milliseconds. */
export function signedHeaders(
  secret: string,
  { id, body, now }: { readonly id: string; readonly body: string; readonly now: number }
): SignedHeaders {
  const seconds = String(Math.floor(now / 1_000));
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${mac.digest('base64')}`
  };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(SECRET_PREFIX)
    ? Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
}
