import { SignJWT } from 'jose';
import type { ClientFrameType } from '../../../protocol/frames.js';
import { WireClient } from '../wire/wire-client.js';

/** Secret that signs the tokens. */
export const SECRET = 'a-secret-of-the-specs-that-is-longer-than-32-bytes';

/** Key of the server API. */
export const KEY = 'an-api-key-of-the-specs-of-access';

/** Environment of a production server with that secret and key, and without ClickHouse. */
export const PRODUCTION = {
  ENVIRONMENT: 'production',
  CLICKHOUSE_URL: 'off',
  CLICKHOUSE_REQUIRED: 'false',
  AUTH_JWT_SECRET: SECRET,
  API_KEY: KEY,
  // The specs send hundreds of wrong keys from one address.
  LIMIT_WRONG_KEYS_PER_SECOND: '0'
} as const;

/** The thread of the specs: olga owns it, max is a member and rita a reader. */
export const THREAD = 'club';

/** Callers of each route and frame. The spec of revocation adds a caller whose token is revoked. */
export const CALLERS = [
  'owner',
  'member',
  'reader',
  'stranger',
  'no token',
  'expired',
  'probe'
] as const;

/** One of {@link CALLERS}. */
export type CallerName = (typeof CALLERS)[number];

/** Returns a token for some user, with whatever claims. */
export async function tokenOf(sub: string, claims: object = {}, expires = '1h'): Promise<string> {
  return await new SignJWT({ sub, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(SECRET));
}

/** Returns the token of a caller; undefined for the caller without one. */
export async function tokenFor(caller: CallerName): Promise<string | undefined> {
  if (caller === 'no token') return undefined;
  if (caller === 'expired') return await tokenOf('olga', {}, '-1h');
  if (caller === 'probe') return await tokenOf('pia', { scope: 'probe' });
  const names = { owner: 'olga', member: 'max', reader: 'rita', stranger: 'sam' };
  return await tokenOf(names[caller]);
}

/** What a caller got at a door (a route or a frame): `passed`, or the code of the refusal. */
export type Passage = 'passed' | 'unauthorized' | 'expired' | 'forbidden' | (string & {});

/** Codes that refuse a caller for its rights. Any other answer means that the caller has passed the door. */
const REFUSALS: readonly string[] = ['unauthorized', 'expired', 'forbidden'];

/** Which callers have each right. */
const RIGHTS = {
  read: { owner: true, member: true, reader: true },
  write: { owner: true, member: true, reader: false },
  manage: { owner: true, member: false, reader: false },
  nobody: { owner: false, member: false, reader: false }
} as const;

/** What a door requires. `anybody`: any valid token; `everybody`: no token; `key`: an API key, so no user
 * passes. `operator`: an API key, or a token that may manage every thread, which none of these callers has. */
export type Lock = keyof typeof RIGHTS | 'anybody' | 'everybody' | 'key' | 'operator';

/** Returns what a caller should get at a door. */
export function expected(lock: Lock, caller: CallerName): Passage {
  if (lock === 'everybody') return 'passed';
  if (lock === 'key' || caller === 'no token') return 'unauthorized';
  if (caller === 'expired') return 'expired';
  if (lock === 'anybody') return 'passed';
  if (lock === 'operator') return 'forbidden';
  if (caller === 'stranger' || caller === 'probe') return 'forbidden';
  return RIGHTS[lock][caller] ? 'passed' : 'forbidden';
}

/** What each frame requires, and its fields. A frame type of the schema without a row does not compile. */
export const FRAMES: Readonly<Record<ClientFrameType, readonly [Lock, object]>> = {
  connect: ['anybody', {}],
  // Sent with the token of the connection itself.
  refresh: ['anybody', {}],
  subscribe: ['read', {}],
  unsubscribe: ['anybody', {}],
  publish: ['write', { mid: 'm', body: 1, expect: 'stored' }],
  history: ['read', {}],
  threads: ['anybody', {}],
  typing: ['write', { on: true }],
  mark: ['write', { read: 1 }],
  members: ['read', {}],
  // Changes the role of the owner: the owner's rights do not depend on a role.
  member: ['manage', { user: 'olga', role: null }],
  ping: ['anybody', {}],
  pong: ['anybody', {}],
  cancel: ['write', { run: 'r1' }],
  // The run does not exist: every signed-in user gets `not_found`.
  answer: ['anybody', { run: 'r1', ask: 'a1', value: 1 }],
  withdraw: ['anybody', { run: 'r1' }]
};

/** Sends one frame as a caller, and returns how the server answered. */
export async function sendFrame(
  url: string,
  type: ClientFrameType,
  fields: object,
  token: string | undefined
): Promise<Passage> {
  const client = await WireClient.open(url);
  try {
    client.send({ type: 'connect', id: 'c', ...(token === undefined ? {} : { token }) });
    const hello = await client.next((frame) => frame.id === 'c');
    if (hello.type === 'error') return String(hello.code);
    if (type === 'connect' || type === 'pong') return 'passed';
    // An accepted `typing` gets no answer. A ping is sent behind it: if the pong comes first, there was no refusal.
    client.send({ type, id: 'x', thread: THREAD, token, ...fields });
    client.send({ type: 'ping', id: 'x' });
    const answer = await client.next((frame) => frame.id === 'x');
    const code = answer.type === 'error' ? String(answer.code) : '';
    return REFUSALS.includes(code) ? code : 'passed';
  } finally {
    client.socket.terminate();
    await client.ended;
  }
}

/** Sends a request to a route, and returns how the server answered. */
export async function askRoute(
  url: string,
  method: string,
  path: string,
  token: string | undefined,
  body?: object
): Promise<Passage> {
  const stop = new AbortController();
  const response = await fetch(`${url}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: stop.signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  });
  if (response.ok) {
    stop.abort();
    return 'passed';
  }
  const { code } = (await response.json()) as { code?: string };
  return code !== undefined && REFUSALS.includes(code) ? code : 'passed';
}
