/**
 * The one table of error codes and close codes of `rollcall.v1`. Every answer to a client takes its code, its text and
 * its retry rule from here; a spec checks `docs/errors.md` against it.
 */

/** Meaning of one error code. `retry`: whether the same request may succeed later. `http`: the status over HTTP. */
export interface ErrorRule {
  readonly retry: boolean;
  readonly http: number;
  readonly message: string;
  readonly action: string;
}

/** Every `error.code` that the server sends, with its retry rule and what to do about it. */
export const ERRORS = {
  bad_json: {
    retry: false,
    http: 400,
    message: 'the frame is not JSON',
    action: 'send one JSON object per line, UTF-8, in a text frame'
  },
  bad_frame: {
    retry: false,
    http: 400,
    message: 'the frame does not fit the schema',
    action: 'correct the field that the message names'
  },
  unknown_type: {
    retry: false,
    http: 400,
    message: 'no handler takes this type',
    action: 'use a frame type of rollcall.v1'
  },
  forbidden_kind: {
    retry: false,
    http: 403,
    message: 'clients may not send this kind',
    action: 'agent kinds are the server’s own; choose another kind'
  },
  not_connected: {
    retry: false,
    http: 400,
    message: 'connect first',
    action: 'send connect and wait for connected'
  },
  already_connected: {
    retry: false,
    http: 400,
    message: 'this connection has connected already',
    action: 'send connect once per connection'
  },
  unauthorized: {
    retry: false,
    http: 401,
    message: 'the token is missing or not valid',
    action: 'get a fresh token and connect with it'
  },
  expired: {
    retry: false,
    http: 401,
    message: 'the token, the ticket or the API key has expired',
    action: 'get a fresh token and connect with it; a backend needs a new API key'
  },
  revoked: {
    retry: false,
    http: 401,
    message: 'the token has been revoked',
    action: 'sign in again; a token that was issued after the revocation is accepted'
  },
  forbidden: {
    retry: false,
    http: 403,
    message: 'not permitted',
    action:
      'the message says why: the user or the key lacks the right, the page’s origin or the server’s name in the address is not allowed, or the server API is off'
  },
  reserved_thread: {
    retry: false,
    http: 403,
    message: 'thread ids with a test prefix are reserved here',
    action: 'use a thread id without a test prefix'
  },
  bad_thread: {
    retry: false,
    http: 400,
    message: 'a thread id is 1 to 128 characters of A-Z a-z 0-9 . _ : @ - and not . or ..',
    action: 'use an id of that form'
  },
  too_large: {
    retry: false,
    http: 413,
    message: 'the frame is too large',
    action: 'send less in one frame; connected.limits.frameBytes is the limit'
  },
  too_many_subscriptions: {
    retry: false,
    http: 429,
    message: 'this connection has all the subscriptions it may have',
    action: 'unsubscribe from a thread first'
  },
  not_subscribed: {
    retry: false,
    http: 409,
    message: 'not subscribed to this thread',
    action: 'subscribe first'
  },
  rate_limited: {
    retry: true,
    http: 429,
    message: 'too many requests',
    action: 'wait afterMs and send again'
  },
  unavailable: {
    retry: true,
    http: 503,
    message: 'nothing was stored: the log or a required part is down',
    action: 'send again with the same mid'
  },
  conflict: {
    retry: false,
    http: 409,
    message: 'this mid was used for another message',
    action: 'give every message a mid of its own'
  },
  queue_full: {
    retry: false,
    http: 429,
    message: 'too many agent runs are waiting or running',
    action: 'wait until a run has ended, or withdraw one that waits'
  },
  not_found: {
    retry: false,
    http: 404,
    message: 'there is no such thing',
    action: 'check the id'
  }
} as const satisfies Record<string, ErrorRule>;

/** One of the codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** Meaning of one close code. `reconnect`: whether the client should reconnect by itself. */
export interface CloseRule {
  readonly reason: string;
  readonly reconnect: boolean;
}

/**
 * Every close code of the protocol. After 3000–3499 a client reconnects, after 3500–3999 it does not: the end is its own
 * doing, and would be the same the next time. This server does not send 3504, since a full house passes by itself:
 * {@link CLOSES} has 3014 for it. Clients of servers that send 3504 keep to its meaning.
 */
export const CLOSES = {
  1009: { reason: 'frame too big', reconnect: true },
  3001: { reason: 'shutdown', reconnect: true },
  3004: { reason: 'internal', reconnect: true },
  3005: { reason: 'token expired', reconnect: true },
  3008: { reason: 'too slow', reconnect: true },
  3012: { reason: 'no pong', reconnect: true },
  3013: { reason: 'flooding', reconnect: true },
  3014: { reason: 'no room', reconnect: true },
  3500: { reason: 'bad token', reconnect: false },
  3501: { reason: 'bad frames', reconnect: false },
  3502: { reason: 'did not connect in time', reconnect: false },
  3503: { reason: 'kicked', reconnect: false },
  3504: { reason: 'connection limit', reconnect: false },
  3507: { reason: 'forbidden', reconnect: false }
} as const satisfies Record<number, CloseRule>;

/** One of the codes of {@link CLOSES}. */
export type CloseCode = keyof typeof CLOSES;

/** Returns what a close code means; null for a code that is not of the protocol. */
export function closeRule(code: number): CloseRule | null {
  return isCloseCode(code) ? CLOSES[code] : null;
}

function isCloseCode(code: number): code is CloseCode {
  return Object.hasOwn(CLOSES, code);
}
