/**
 * The SDK's client for the command line: it uses the WebSocket of `ws` and reports changes of the connection in words.
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { connect, RollcallError, type Client, type ClientClock } from '../../client/sdk/client.js';
import { socketUrl } from '../../client/sdk/connection/socket.js';
import { isRecord } from '../../client/sdk/json.js';
import { systemClock } from '../../client/sdk/clock.js';
import { USER_MAX } from '../../protocol/frames.js';
import { VERSION } from '../../server/wiring/version.js';
import type { CliOutside } from '../cli-outside.js';
import { ConnectionWatch, shownAddress, type ConnectionNews } from './connection-watch.js';
import type { DialOrder } from './dial-order.js';
import { notedWebSocket } from './noted-socket.js';

/** How long the server may take to say that no agent answers any more, in milliseconds. */
const SILENCE_MS = 10_000;

/** Connects. The order must have no faults. */
export function dial(
  order: DialOrder,
  env: CliOutside['env'],
  tell: (news: ConnectionNews) => void,
  clock: ClientClock = systemClock
): Client {
  const { url, token, tokenFile } = order;
  const hasToken = token !== undefined || tokenFile !== undefined;
  // With a token the server knows the user.
  const user = order.user ?? (hasToken ? undefined : accountName(env));
  const client = connect(url, {
    WebSocket: notedWebSocket((fault) => watch.note(fault)),
    client: { name: 'rollcall-cli', version: VERSION },
    clock,
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { getToken: () => tokenIn(tokenFile) }),
    ...(user === undefined ? {} : { user })
  });
  const watch = new ConnectionWatch(client, {
    address: shownAddress(url),
    hasToken,
    clock,
    tell
  });
  return client;
}

/**
 * Lets no agent answer in a thread any more. There is no frame for that, so it is asked over HTTP.
 * @throws {RollcallError} (as rejection) the server's refusal; or whatever `fetch` and the file of the token throw
 */
export async function silence({ url, token, tokenFile }: DialOrder, thread: string): Promise<void> {
  const shown = token ?? (tokenFile === undefined ? undefined : await tokenIn(tokenFile));
  // Beside the address of the WebSocket, as `ws` beside `api`.
  const beside = socketUrl(url).replace(/^ws/, 'http');
  const path = `api/threads/${encodeURIComponent(thread)}/agent`;
  const response = await fetch(new URL(path, beside), {
    method: 'PUT',
    headers: shown === undefined ? {} : { authorization: `Bearer ${shown}` },
    body: JSON.stringify({ agent: null }),
    signal: AbortSignal.timeout(SILENCE_MS)
  });
  if (response.ok) return;
  const problem: unknown = await response.json().catch(() => null);
  const { code, detail } = isRecord(problem) ? problem : {};
  throw new RollcallError(
    typeof code === 'string' ? code : 'unavailable',
    typeof detail === 'string' ? detail : `the server answers ${String(response.status)}`
  );
}

/** Reads a token from a file; white space around it does not count. */
export async function tokenIn(file: string): Promise<string> {
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new Error(`${file} is empty`);
  return token;
}

function accountName(env: CliOutside['env']): string | undefined {
  const name = env['USER'] ?? env['LOGNAME'] ?? env['USERNAME'] ?? '';
  // By characters as the server counts them, so that no emoji is cut in half.
  if (name !== '') return Array.from(name).slice(0, USER_MAX).join('');
  try {
    return userInfo().username;
  } catch {
    // The account has no name, as in some containers: the server makes one up.
    return undefined;
  }
}
