/**
 * What both engines do alike with HTTP: the reply of a request that failed, and how a reply is written.
 */
import { STATUS_CODES } from 'node:http';
import { plainProblem } from './problem.js';
import { ListenError, type HttpReply } from './transport.js';

/** Path that a WebSocket upgrade must have; upgrades elsewhere are ordinary requests. */
export const WS_PATH = '/ws';

/** Most bytes of headers in one request: a token of 16,384 characters does not fit, one of 12,000 does. Node's default. */
export const HEADER_BYTES_MAX = 16 * 1024;

/** Most bytes of a request body that are ever kept; what comes beyond is read and thrown away. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** Answer to a request whose handler threw. */
export const FAILED_REPLY: HttpReply = plainProblem(500, 'Internal Server Error');

/** Status with its words, as in `503 Service Unavailable`. */
export function statusLine(status: number): string {
  return `${String(status)} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** Says whether a reply of this status may have a body, and so a length. */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

/** Headers of a reply but for its length, which the engine knows better. */
export function headersOf(reply: {
  readonly headers: Readonly<Record<string, string>>;
}): [string, string][] {
  return Object.entries(reply.headers).filter(([name]) => name.toLowerCase() !== 'content-length');
}

const LISTEN_CODES: readonly unknown[] = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'];

/** Makes a {@link ListenError} of what `node:net` said; codes outside the contract become `ELISTEN`. */
export function listenError(cause: unknown, host: string, port: number): ListenError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return new ListenError(LISTEN_CODES.includes(code) ? String(code) : 'ELISTEN', host, port);
}
