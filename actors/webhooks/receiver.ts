/**
 * Sends one event to the receiver by POST, with a limit on everything that it may do: time, redirects, addresses and the
 * size of its answer.
 */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../clock.js';
import { isPrivateAddress } from './private-address.js';
import { signedHeaders } from './signature.js';

/** Time for an answer, in milliseconds, redirects included. */
export const ANSWER_MS = 10_000;

/** Most redirects of one attempt. */
export const REDIRECTS_MAX = 3;

/** Most bytes of an answer's body that are read to use its connection again; of a longer one the connection is closed. */
export const ANSWER_BYTES_MAX = 65_536;

/** Most connections at once. */
const SOCKETS_MAX = 16;

/** How long an idle connection is kept, in milliseconds: less than the 5 s after which Node's own servers close it. */
const KEEP_MS = 4_000;

/** How an attempt ended. */
export type Outcome =
  | { readonly taken: true }
  | {
      readonly taken: false;
      /** Continues "the receiver …". */
      readonly reason: string;
      /** Whether it is about this event only; otherwise every event would meet the same. */
      readonly isOwn: boolean;
      /** How long it asks to wait, in milliseconds; null when it asks for nothing. */
      readonly retryAfterMs: number | null;
    };

/** What is sent. */
export interface Sending {
  readonly id: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Sends events. */
export interface Receiver {
  /** Never rejects. */
  send(sending: Sending): Promise<Outcome>;
  /** Closes idle connections. */
  close(): void;
}

/** Finds the addresses of a host. */
export type Lookup = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: Error | null, addresses: LookupAddress[]) => void
) => void;

/** Options of {@link createReceiver}. */
export interface ReceiverOptions {
  readonly url: URL;
  readonly secret: string;
  /** Whether the receiver may have an address that is not of the public internet. */
  readonly allowPrivate: boolean;
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** Version of the server, for the header `user-agent`. */
  readonly version: string;
  /** Default: that of the system. */
  readonly lookup?: Lookup;
}

/** Reason of an abort. */
const LATE = 'late';

/** Thrown when an attempt cannot succeed by this way; the message continues "the receiver …". */
class RefusedError extends Error {}

/** Statuses that are not about the event that was sent. */
const OF_ALL = new Set([401, 403, 404, 405, 408, 410, 425, 429]);

/** Statuses of redirects that keep the method. */
const KEEPS_METHOD = new Set([307, 308]);

/** Returns what sends events to `url`. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { allowPrivate, clock } = options;
  const find: Lookup =
    options.lookup ??
    ((host, how, done) => {
      systemLookup(host, how, done);
    });
  // Asked for every connection, and the address that was checked is the one that is used: a name cannot change its
  // address in between.
  const lookup = (
    host: string,
    how: LookupOptions,
    done: (error: Error | null, address: string | LookupAddress[], family?: number) => void
  ): void => {
    find(host, { ...how, all: true }, (error, addresses) => {
      const [first] = addresses;
      if (error !== null || first === undefined) {
        done(error ?? new Error('the name has no address'), []);
        return;
      }
      const inside = addresses.find(({ address }) => isPrivateAddress(address));
      if (!allowPrivate && inside !== undefined) {
        done(new RefusedError(privateWords(`${host} is ${inside.address}`)), []);
      } else if (how.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
  const pool = { keepAlive: true, maxSockets: SOCKETS_MAX, timeout: KEEP_MS };
  const agents = { 'http:': new HttpAgent(pool), 'https:': new HttpsAgent(pool) };

  const ask = (url: URL, sending: Sending, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { id, body } = sending;
      const { hostname, protocol } = url;
      if (!allowPrivate && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
        if (isPrivateAddress(hostname)) throw new RefusedError(privateWords(hostname));
      }
      const send = protocol === 'https:' ? httpsRequest : httpRequest;
      const asked = send(url, {
        method: 'POST',
        agent: protocol === 'https:' ? agents['https:'] : agents['http:'],
        lookup,
        signal,
        headers: {
          ...signedHeaders(options.secret, { id, body, now: clock.now() }),
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': `rollcall/${options.version}`
        }
      });
      asked.on('response', resolve);
      asked.on('error', reject);
      asked.end(body);
    });

  const attempt = async (sending: Sending, signal: AbortSignal): Promise<Outcome> => {
    let { url } = options;
    for (let hops = 0; ; hops += 1) {
      const answer = await ask(url, sending, signal);
      const status = answer.statusCode ?? 0;
      finish(answer, clock);
      if (status >= 200 && status < 300) return { taken: true };
      if (!KEEPS_METHOD.has(status)) return refused(answer, clock.now());
      if (hops >= REDIRECTS_MAX) {
        throw new RefusedError(`redirected more than ${String(REDIRECTS_MAX)} times`);
      }
      url = redirected(url, answer.headers.location);
    }
  };

  return {
    send: async (sending) => {
      const stop = new AbortController();
      const abort = (): void => {
        stop.abort();
      };
      const timer: unknown = clock.setTimeout(() => {
        stop.abort(LATE);
      }, ANSWER_MS);
      sending.signal.addEventListener('abort', abort);
      if (sending.signal.aborted) abort();
      try {
        return await attempt(sending, stop.signal);
      } catch (error) {
        const reason =
          stop.signal.reason === LATE
            ? `has not answered within ${String(ANSWER_MS / 1_000)} s`
            : reasonOf(error);
        return { taken: false, reason, isOwn: false, retryAfterMs: null };
      } finally {
        clock.clearTimeout(timer);
        sending.signal.removeEventListener('abort', abort);
      }
    },
    close: () => {
      agents['http:'].destroy();
      agents['https:'].destroy();
    }
  };
}

/** Reads the rest of an answer, which nobody needs, while it is short and comes soon. */
function finish(answer: IncomingMessage, clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>): void {
  let bytes = 0;
  const timer: unknown = clock.setTimeout(() => answer.destroy(), KEEP_MS);
  answer.on('close', () => {
    clock.clearTimeout(timer);
  });
  answer.on('error', () => undefined);
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) answer.destroy();
  });
}

function refused({ statusCode = 0, headers }: IncomingMessage, now: number): Outcome {
  const isRedirect = statusCode >= 300 && statusCode < 400;
  return {
    taken: false,
    reason: `answered ${String(statusCode)}${isRedirect ? ', a redirect that would not be a POST any more' : ''}`,
    isOwn: statusCode >= 400 && statusCode < 500 && !OF_ALL.has(statusCode),
    retryAfterMs: waitOf(headers['retry-after'], now)
  };
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new RefusedError('redirected to nowhere');
  }
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) {
    throw new RefusedError(`redirected to ${to.protocol}//${to.host}, which is less safe`);
  }
  return to;
}

function waitOf(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

function privateWords(what: string): string {
  return `has a private address (${what}): set WEBHOOK_ALLOW_PRIVATE=true if it may`;
}

function reasonOf(error: unknown): string {
  if (error instanceof RefusedError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code === 'string') return `cannot be reached (${code})`;
  return `cannot be reached (${error instanceof Error ? error.message : 'no reason given'})`;
}
