/**
 * Judges the head of a request: one rule for both engines, whose parsers accept different things. If it is unclear where
 * the request ends, it is refused and its connection closed. Otherwise an attacker behind a proxy could smuggle in a
 * request that the proxy has not seen.
 */
import { METHODS } from 'node:http';
import { plainProblem } from './problem.js';
import type { HttpReply, TransportRequest } from './transport.js';

/** Most headers in one request; uWebSockets.js answers 431 above it. */
export const HEADERS_MAX = 98;

/** The one version of the WebSocket protocol, RFC 6455. */
export const WEBSOCKET_VERSION = '13';

/** The head of a request as received. */
export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Such as `1.1`. */
  readonly version: string;
  /** Pairs of a name in lower case and a value, in order; repeated headers are repeated. */
  readonly headers: readonly (readonly [string, string])[];
}

/** The verdict on a head. */
export interface HeadVerdict {
  /** Reply that refuses the request; null when the head is valid. */
  readonly refusal: HttpReply | null;
  /** Whether the connection is closed after the reply. */
  readonly isLast: boolean;
}

/** Methods whose requests have a body, even if it is empty. */
const BODY_METHODS = ['POST', 'PUT', 'PATCH'];

const TARGET = /^\/[!"$-~]*$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Judges the head of a request. */
export function judgeHead(head: RequestHead): HeadVerdict {
  const fault = faultOf(head);
  if (fault !== null) return { refusal: plainProblem(...fault), isLast: true };
  return { refusal: null, isLast: endsConnection(head) };
}

/** Returns whether a request asks for a WebSocket. All others are ordinary requests, also with another `Upgrade`. */
export function asksForWebSocket(request: Pick<TransportRequest, 'method' | 'header'>): boolean {
  return (
    request.method === 'GET' &&
    request.header('upgrade')?.toLowerCase() === 'websocket' &&
    listed(request.header('connection')).includes('upgrade') &&
    /^[+/0-9A-Za-z]{22}==$/.test(request.header('sec-websocket-key') ?? '')
  );
}

/** Returns the reply that refuses a request for a WebSocket; null when it is valid. */
export function webSocketRefusal(request: Pick<TransportRequest, 'header'>): HttpReply | null {
  if (request.header('sec-websocket-version') !== WEBSOCKET_VERSION) {
    const reply = plainProblem(426, `only WebSocket version ${WEBSOCKET_VERSION} is spoken here`);
    const headers = { ...reply.headers, 'sec-websocket-version': WEBSOCKET_VERSION };
    return { ...reply, headers };
  }
  const length = request.header('content-length') ?? '0';
  if (Number(length) > 0 || request.header('transfer-encoding') !== undefined) {
    return plainProblem(400, 'a request for a WebSocket has no body');
  }
  const offered = request.header('sec-websocket-protocol')?.split(',') ?? [];
  const names = offered.map((name) => name.trim());
  if (!names.every((name) => TOKEN.test(name)) || new Set(names).size < names.length) {
    return plainProblem(400, 'Sec-WebSocket-Protocol must name different protocols');
  }
  return null;
}

function faultOf({ method, target, version, headers }: RequestHead): [number, string] | null {
  if (headers.length > HEADERS_MAX) {
    return [431, `a request has at most ${String(HEADERS_MAX)} headers`];
  }
  if (version !== '1.1' && version !== '1.0') return [505, 'only HTTP/1.1 is spoken here'];
  if (!METHODS.includes(method)) return [400, 'the method is not known'];
  if (!headers.every(([name]) => TOKEN.test(name))) return [400, 'a header has no name'];
  if (!TARGET.test(target)) return [400, 'the target must be a path, in ASCII'];
  const all = (name: string): string[] => valuesOf(headers, name);
  const lengths = all('content-length');
  const codings = all('transfer-encoding');
  const [length, coding] = [lengths[0] ?? '0', codings[0] ?? 'chunked'];
  if (lengths.length > 1 || !/^\d{1,15}$/.test(length)) {
    return [400, 'Content-Length must be one number'];
  }
  if (codings.length > 1 || coding.toLowerCase() !== 'chunked') {
    return [400, 'Transfer-Encoding must be chunked, once'];
  }
  // Behind a long reply that is still on its way, uWebSockets.js takes what follows for a request.
  if (codings.length > 0 && (method === 'GET' || method === 'HEAD')) {
    return [400, `${method} has no body in chunks`];
  }
  if (codings.length > 0 && (lengths.length > 0 || version === '1.0')) {
    return [400, 'Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0'];
  }
  const hosts = all('host').length;
  if (hosts > 1 || (hosts === 0 && version === '1.1')) return [400, 'Host must be there once'];
  const [expected = '100-continue'] = all('expect');
  if (expected.toLowerCase() !== '100-continue') return [417, 'only 100-continue can be expected'];
  return null;
}

/**
 * Returns whether a request must be the last of its connection. A chunked body: the engines differ in where it ends. A
 * body without a length: uWebSockets.js drops the headers after one without a name, so the length may be among them. A
 * request for an upgrade: `node:http` reads no other request after it.
 */
function endsConnection({ method, headers }: RequestHead): boolean {
  const connection = valuesOf(headers, 'connection').flatMap((value) => listed(value));
  if (connection.includes('close')) return true;
  const has = (wanted: string): boolean => headers.some(([name]) => name === wanted);
  if (BODY_METHODS.includes(method) && !has('content-length')) return true;
  return has('transfer-encoding') || (has('upgrade') && connection.includes('upgrade'));
}

/** Returns the values of a header. Every connection comes through here several times, so this makes no other arrays. */
function valuesOf(headers: RequestHead['headers'], wanted: string): string[] {
  const values: string[] = [];
  for (const [name, value] of headers) if (name === wanted) values.push(value);
  return values;
}

/** Returns the items of a header that is a list, in lower case. */
function listed(value: string | undefined): string[] {
  return value?.split(',').map((item) => item.trim().toLowerCase()) ?? [];
}
