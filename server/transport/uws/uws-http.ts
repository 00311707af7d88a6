/**
 * Requests and replies of uWebSockets.js. The engine's objects are valid only during its callback, so the needed parts
 * are copied at once. A reply without progress for 10 s ends the connection, and so does a body of which less than
 * 160 kB come in 10 s (the engine's own limits).
 */
import { isIP } from 'node:net';
import type { ByteBudget } from '../../../actors/memory/byte-budget.js';
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';

import { FAILED_REPLY, headersOf, mayHaveBody, statusLine } from '../http-reply.js';
import { RequestBody } from '../request-body.js';
import { judgeHead, type HeadVerdict } from '../request-head.js';
import type { HttpReply, HttpSide, HttpStreamReply, TransportRequest } from '../transport.js';
import { writeBody, writeLastBody } from './uws-reply.js';
import { PROBE, UwsStream } from './uws-stream.js';

/** A request or an upgrade, copied from the engine; create it before the engine's handler returns. */
export class UwsRequest implements TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly address: string;
  /** The verdict on the head. */
  readonly verdict: HeadVerdict;
  /** Whether the peer has disconnected; then the engine's objects must not be used. */
  isLost = false;
  private readonly headers = new Map<string, string>();
  private readonly content: RequestBody | null;

  /** `bodies` is null for an upgrade, which has no body. */
  constructor(res: HttpResponse, req: HttpRequest, bodies: ByteBudget | null) {
    this.method = req.getCaseSensitiveMethod();
    this.path = req.getUrl();
    this.query = req.getQuery();
    this.address = addressText(res.getRemoteAddressAsText());
    const lines: [string, string][] = [];
    req.forEach((name, value) => {
      lines.push([name, value]);
      const earlier = this.headers.get(name);
      const separator = name === 'cookie' ? '; ' : ', ';
      this.headers.set(name, earlier === undefined ? value : `${earlier}${separator}${value}`);
    });
    const target = this.query === '' ? this.path : `${this.path}?${this.query}`;
    // The engine handles HTTP/1.1 only and refuses every other version.
    this.verdict = judgeHead({ method: this.method, target, version: '1.1', headers: lines });
    const length = this.headers.get('content-length');
    const hasBody = (length ?? '0') !== '0' || this.headers.has('transfer-encoding');
    this.content = hasBody && bodies !== null ? new RequestBody(res, bodies, length) : null;
    if (this.content !== null) {
      const { content } = this;
      res.onData((chunk, isLast) => {
        content.add(new Uint8Array(chunk), isLast, true);
      });
    }
  }

  /** Whether a part of the body has not arrived. */
  get hasMore(): boolean {
    return this.content !== null && !this.content.isOver;
  }

  /** Drops the rest of the body for a short time, see `RequestBody`; null when there is no body. */
  linger(): Promise<void> | null {
    return this.content?.linger() ?? null;
  }

  header(name: string): string | undefined {
    return this.headers.get(name);
  }

  body(limitBytes: number): Promise<string> {
    return this.content === null ? Promise.resolve('') : this.content.text(limitBytes);
  }

  /** Called by the transport when the peer has disconnected. */
  lose(): void {
    this.isLost = true;
    this.content?.lose();
  }
}

/** Passes a request to the server and writes its reply; when the handler throws, the reply is 500. */
export async function answer(
  { handler, trustProxy }: Pick<HttpSide, 'handler' | 'trustProxy'>,
  res: HttpResponse,
  request: UwsRequest
): Promise<void> {
  const { refusal } = request.verdict;
  let stream: UwsStream | null = null;
  res.onAborted(() => {
    request.lose();
    stream?.close();
  });
  let reply: HttpReply | HttpStreamReply;
  try {
    reply = refusal ?? (await handler(request));
  } catch {
    reply = FAILED_REPLY;
  }
  // The body has not ended, and most peers read a reply only after they have sent everything. For a refused head it is
  // unknown where the body ends.
  const rest = refusal === null ? request.linger() : null;
  if (rest !== null) await rest;
  const isLast = request.verdict.isLast || request.hasMore;
  // Until the reply is written, the engine cuts a connection that sends another request. So no request after the last
  // one is handled, even if it came in the same read.
  if (isLast) await new Promise((resolve) => setImmediate(resolve));
  if (request.isLost) return;
  if (!('stream' in reply) || request.method === 'HEAD') {
    const whole = 'stream' in reply ? { ...reply, body: '' } : reply;
    writeReply(res, request, whole, headersOf(reply, request, trustProxy), isLast);
    return;
  }
  const { status, filler = PROBE } = reply;
  stream = new UwsStream(res, filler);
  const headers = headersOf(reply, request, trustProxy);
  res.cork(() => {
    res.writeStatus(statusLine(status));
    for (const [name, value] of headers) res.writeHeader(name, value);
    // `end(…, true)` would write this header behind the last chunk. Most peers close when they read it; the engine does
    // so by itself only for `Connection: close` alone.
    if (isLast) res.writeHeader('connection', 'close');
    // the engine keeps the headers back until the first chunk
    res.write(filler);
  });
  reply.stream(stream);
}

/** Writes a complete reply. A reply to HEAD has a length and no body. With `isLast` the connection is closed after it. */
function writeReply(
  res: HttpResponse,
  request: UwsRequest,
  reply: HttpReply,
  headers: readonly (readonly [string, string])[],
  isLast: boolean
): void {
  const hasLength = mayHaveBody(reply.status);
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  const hasBody = hasLength && body.length > 0 && request.method !== 'HEAD';
  // The engine understands only this spelling, and then closes the connection after any reply.
  const endsItself = request.header('connection')?.toLowerCase() === 'close';
  const isCut = isLast && !endsItself;
  res.cork(() => {
    res.writeStatus(statusLine(reply.status));
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (endsItself) res.writeHeader('connection', 'close');
    if (hasBody) {
      if (!isCut) writeBody(res, body);
    } else if (isCut) {
      res.end('', true);
    } else {
      // `endWithoutBody(length)` would leave the engine waiting for a body, and it would take no further request.
      if (hasLength) res.writeHeader('content-length', String(body.length));
      res.endWithoutBody();
    }
  });
  if (hasBody && isCut) writeLastBody(res, body);
}

/** The engine writes IPv6 in full, and IPv4 inside IPv6; this returns the usual short form. */
function addressText(raw: ArrayBuffer): string {
  const text = Buffer.from(raw).toString();
  if (isIP(text) !== 6) return text;
  const mapped = /^(?:0000:){5}ffff:(..)(..):(..)(..)$/.exec(text);
  if (mapped !== null) {
    return mapped
      .slice(1)
      .map((pair) => String(parseInt(pair, 16)))
      .join('.');
  }
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
