import { SignJWT } from 'jose';
import type { ClientFrameType } from '../../../protocol/frames.js';
import { WireClient } from '../wire/wire-client.js';

/** Secret of the tokens. */
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
  // The specs show wrong keys by the hundred from one address.
  LIMIT_WRONG_KEYS_PER_SECOND: '0'
} as const;

/** The thread that is used: olga owns it, max is a member and rita a reader. */
export const THREAD = 'club';

/** Who comes to a door. A revoked token joins them with the revocation. */
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

/** Returns the token of a caller; undefined for who has none. */
export async function tokenFor(caller: CallerName): Promise<string | undefined> {
  if (caller === 'no token') return undefined;
  if (caller === 'expired') return await tokenOf('olga', {}, '-1h');
  if (caller === 'probe') return await tokenOf('pia', { scope: 'probe' });
  const names = { owner: 'olga', member: 'max', reader: 'rita', stranger: 'sam' };
  return await tokenOf(names[caller]);
}

/** What a door answered: `passed`, or the code that refused. */
export type Passage = 'passed' | 'unauthorized' | 'expired' | 'forbidden' | (string & {});

/** Codes that say that the caller may not; whatever else is answered, it has passed the door. */
const REFUSALS: readonly string[] = ['unauthorized', 'expired', 'forbidden'];

/** What a right lets each caller do. */
const RIGHTS = {
  read: { owner: true, member: true, reader: true },
  write: { owner: true, member: true, reader: false },
  manage: { owner: true, member: false, reader: false },
  nobody: { owner: false, member: false, reader: false }
} as const;

/** A door: what it takes to pass. `anybody` has a token; `everybody` needs none; `key`: no user passes at all. */
export type Lock = keyof typeof RIGHTS | 'anybody' | 'everybody' | 'key';

/** Returns what a caller should get at a door. */
export function expected(lock: Lock, caller: CallerName): Passage {
  if (lock === 'everybody') return 'passed';
  if (lock === 'key' || caller === 'no token') return 'unauthorized';
  if (caller === 'expired') return 'expired';
  if (lock === 'anybody') return 'passed';
  if (caller === 'stranger' || caller === 'probe') return 'forbidden';
  return RIGHTS[lock][caller] ? 'passed' : 'forbidden';
}

/** What each frame needs, and the frame. A type of the schema without a row does not compile. */
export const FRAMES: Readonly<Record<ClientFrameType, readonly [Lock, object]>> = {
  connect: ['anybody', {}],
  // With the token that it came with.
  refresh: ['anybody', {}],
  subscribe: ['read', {}],
  unsubscribe: ['anybody', {}],
  publish: ['write', { mid: 'm', body: 1, expect: 'stored' }],
  history: ['read', {}],
  threads: ['anybody', {}],
  typing: ['write', { on: true }],
  mark: ['write', { read: 1 }],
  members: ['read', {}],
  // Of the owner itself, whom a role neither helps nor hurts.
  member: ['manage', { user: 'olga', role: null }],
  ping: ['anybody', {}],
  pong: ['anybody', {}],
  cancel: ['write', { run: 'r1' }],
  // Of a run that is not there: whoever is signed in gets `not_found`.
  answer: ['anybody', { run: 'r1', ask: 'a1', value: 1 }],
  withdraw: ['anybody', { run: 'r1' }]
};

/** Sends one frame of a caller, and returns how it was answered. */
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
    // Typing is not answered when it passes: the answer to a ping behind it says that nothing else came.
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

/** Asks a route, and returns how it was answered. */
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
