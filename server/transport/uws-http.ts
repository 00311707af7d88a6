/**
 * Requests and replies of uWebSockets.js. The engine's objects are valid only during its callback, so the needed parts
 * are copied at once. A reply without progress for 10 s ends the connection, and so does a body of which less than
 * 160 kB come in 10 s (the engine's own limits).
 */
import { isIP } from 'node:net';
import type { ByteBudget } from '../../actors/memory/byte-budget.js';
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';

import { FAILED_REPLY, headersOf, mayHaveBody, statusLine } from './http-reply.js';
import { RequestBody } from './request-body.js';
import { judgeHead, type HeadVerdict } from './request-head.js';
import type {
  HttpReply,
  HttpSide,
  HttpStream,
  HttpStreamReply,
  TransportRequest
} from './transport.js';

/** An empty comment of an event stream. */
const PROBE = ':\n';

/**
 * How often a stream is asked whether the kernel has room, until it has: from 8 s after a write that found none, the
 * engine would cut it, even when it holds nothing any more.
 */
export const STALLED_PROBE_MS = 4_000;

/**
 * Most bytes of a chunk. The engine has a cork buffer of 16 kB, of which the length of the chunk and line ends need 12.
 * When the kernel takes nothing of that buffer, the engine of this version forgets the bytes that did not fit in there,
 * and the peer reads the next chunk in place of them. Fixed in the engine's source in April 2026.
 *
 * @see https://github.com/uNetworking/uWebSockets/commit/6b7f3540cec801a7f1cb01141eae8ab989dd4e70
 */
export const CHUNK_BYTES = 16_000;

/** What a stream needs of the engine's response. */
export interface StreamResponse {
  cork(work: () => void): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  onWritable(listener: () => boolean): unknown;
  pause(): unknown;
  resume(): unknown;
}

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

/**
 * A reply that is sent in parts.
 *
 * The engine reports a full buffer only in the write after the one that filled it, but gives the reader 10 s from that
 * one on. Only the event that the kernel has room ends them: not a write, not even one that empties the buffer. So each
 * write is followed by asking for that event, which gives the reader its time again until it comes.
 *
 * The engine empties the buffer by itself only for replies without an `onWritable` listener, and ends those after 10 s
 * without a write. So this writes an empty comment, which readers of event streams skip, to ask whether the buffer is
 * empty and to send the rest.
 */
export class UwsStream implements HttpStream {
  private readonly res: StreamResponse;
  private isOpen = true;
  /** Bytes written since the engine last had none left: what it holds at the most. */
  private heldBytes = 0;
  /** Runs while the engine may count the reader's time: how long a reader may lag is not the engine's to say. */
  private stalled: NodeJS.Timeout | null = null;
  private drained: (() => void) | null = null;
  private closed: (() => void) | null = null;

  constructor(res: StreamResponse) {
    this.res = res;
    res.onWritable(() => {
      this.notStalled();
      if (!this.isOpen) return true;
      this.put(PROBE);
      // The kernel may have taken the rest of the buffer and not the comment.
      this.watch();
      return true;
    });
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.isOpen) return false;
    const isWhole = this.put(chunk);
    this.watch();
    return isWhole;
  }

  buffered(): number {
    return this.isOpen ? this.heldBytes : 0;
  }

  private put(chunk: string | Uint8Array): boolean {
    const wasHolding = this.heldBytes > 0;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
      const part = bytes.subarray(from, from + CHUNK_BYTES);
      // Each part is corked alone: two in one cork could be too long for the cork buffer.
      this.res.cork(() => {
        this.heldBytes = this.res.write(part) ? 0 : this.heldBytes + part.length;
      });
    }
    const isHolding = this.heldBytes > 0;
    // Any write may be the one that finds room again; whoever writes is not to be called back from within.
    if (wasHolding && !isHolding) queueMicrotask(() => this.drained?.());
    return !isHolding;
  }

  private watch(): void {
    this.stalled ??= setInterval(() => {
      if (this.heldBytes > 0) this.put(PROBE);
      // The first ends the engine's time. The second begins it again, and asks for the event.
      this.res.pause();
      this.res.resume();
    }, STALLED_PROBE_MS).unref();
  }

  private notStalled(): void {
    if (this.stalled === null) return;
    clearInterval(this.stalled);
    this.stalled = null;
  }

  end(): void {
    if (!this.isOpen) return;
    this.res.cork(() => {
      this.res.end();
    });
    this.close();
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
    if (!this.isOpen) listener();
  }

  /** Called by the transport when the peer has disconnected. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.notStalled();
    this.closed?.();
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
  stream = new UwsStream(res);
  const { status } = reply;
  const headers = headersOf(reply, request, trustProxy);
  res.cork(() => {
    res.writeStatus(statusLine(status));
    for (const [name, value] of headers) res.writeHeader(name, value);
    // `end(…, true)` would write this header behind the last chunk. Most peers close when they read it; the engine does
    // so by itself only for `Connection: close` alone.
    if (isLast) res.writeHeader('connection', 'close');
    // the engine keeps the headers back until the first chunk
    res.write(PROBE);
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
  const hasBody = hasLength && request.method !== 'HEAD';
  // The engine understands only this spelling, and then closes the connection after any reply.
  const endsItself = request.header('connection')?.toLowerCase() === 'close';
  res.cork(() => {
    res.writeStatus(statusLine(reply.status));
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (endsItself) res.writeHeader('connection', 'close');
    if (hasBody) {
      res.end(reply.body, isLast);
    } else if (isLast && !endsItself) {
      res.end('', true);
    } else {
      // `endWithoutBody(length)` would leave the engine waiting for a body, and it would take no further request.
      if (hasLength) res.writeHeader('content-length', String(Buffer.byteLength(reply.body)));
      res.endWithoutBody();
    }
  });
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
