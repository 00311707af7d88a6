/** HTTP code that both engines share: replies to failed requests, and status lines and headers. */
import { isUtf8 } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import { codeOf } from '../../machines/error-code.js';
import { cameOverTls } from './client-address.js';
import { plainProblem } from './problem.js';
import {
  BodyNotUtf8Error,
  ListenError,
  type HttpReply,
  type TransportRequest
} from './transport.js';

/** Path of WebSocket upgrades; upgrades elsewhere are ordinary requests. */
export const WS_PATH = '/ws';

/**
 * Most bytes of headers in one request, which is Node's default. A token of 12,000 characters fits, one of 16,384 does
 * not.
 */
export const HEADER_BYTES_MAX = 16 * 1024;

/** Longest request body, whatever its path allows. */
export const BODY_BYTES_MAX = 1024 * 1024;

/**
 * Returns the text of a request body.
 * @throws {BodyNotUtf8Error} when it is not UTF-8
 */
export function bodyText(chunks: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw new BodyNotUtf8Error();
  return bytes.toString();
}

/** Reply to a request whose handler threw. */
export const FAILED_REPLY: HttpReply = plainProblem(500, 'Internal Server Error');

/** Returns a status with its words, such as `503 Service Unavailable`. */
export function statusLine(status: number): string {
  return `${String(status)} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** Returns whether a reply of this status may have a body, and so a length. */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

/**
 * Headers of every reply of both engines, also of those that refuse a request: nothing of it is run, framed or taken for
 * another type, and no address leaks to other sites. A page has a policy of its own that lets it load its files.
 */
const SAFETY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer'
};

/** Browsers that came over TLS come over TLS only, for a year. */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=31536000' };

/**
 * Returns the headers of the reply to a request, without its length, which the engine adds. `trustProxy`: whether a
 * proxy says truly how the request came to it.
 */
export function headersOf(
  reply: { readonly headers: Readonly<Record<string, string>> },
  request: Pick<TransportRequest, 'header'>,
  trustProxy: boolean
): [string, string][] {
  const strict: Readonly<Record<string, string>> = cameOverTls(request, trustProxy)
    ? STRICT_TRANSPORT
    : {};
  return Object.entries({ ...SAFETY_HEADERS, ...strict, ...reply.headers }).filter(
    ([name]) => name.toLowerCase() !== 'content-length'
  );
}

const LISTEN_CODES: readonly string[] = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'];

/** Makes a {@link ListenError} of an error of `node:net`; codes outside the contract become `ELISTEN`. */
export function listenError(cause: unknown, host: string, port: number): ListenError {
  const code = codeOf(cause);
  return new ListenError(LISTEN_CODES.includes(code) ? code : 'ELISTEN', host, port);
}
