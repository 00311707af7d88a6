/** Requests and replies of `node:http`, for the transport on `ws`. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';

import type { ByteBudget } from '../../actors/memory/byte-budget.js';
import { STALLED_MS } from './deadlines.js';
import { FAILED_REPLY, headersOf, mayHaveBody } from './http-reply.js';
import { RequestBody } from './request-body.js';
import { judgeHead, type HeadVerdict } from './request-head.js';
import type {
  HttpReply,
  HttpSide,
  HttpStream,
  HttpStreamReply,
  TransportRequest
} from './transport.js';

/** A request or an upgrade of `node:http`; its body can be read once. */
export class NodeRequest implements TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly address: string;
  private readonly req: IncomingMessage;
  private readonly content: RequestBody | null;

  /** `bodies` is null for an upgrade, which has no body. */
  constructor(req: IncomingMessage, bodies: ByteBudget | null) {
    const url = req.url ?? '/';
    const mark = url.indexOf('?');
    this.req = req;
    this.method = req.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
    this.address = addressText(req.socket.remoteAddress ?? '');
    const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
    const hasBody = (length ?? '0') !== '0' || coding !== undefined;
    this.content = hasBody && bodies !== null ? bodyOf(req, bodies, length) : null;
  }

  /** Whether a part of the body has not arrived. */
  get hasMore(): boolean {
    return this.content !== null && !this.content.isOver;
  }

  /** Drops the rest of the body for a short time, see `RequestBody`; null when there is no body. */
  linger(): Promise<void> | null {
    return this.content?.linger() ?? null;
  }

  /** Returns the verdict on the head. */
  verdict(): HeadVerdict {
    const { rawHeaders, httpVersion: version, url: target = '/' } = this.req;
    const headers: [string, string][] = [];
    for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
      headers.push([rawHeaders[n]?.toLowerCase() ?? '', rawHeaders[n + 1] ?? '']);
    }
    return judgeHead({ method: this.method, target, version, headers });
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  body(limitBytes: number): Promise<string> {
    return this.content === null ? Promise.resolve('') : this.content.text(limitBytes);
  }
}

class NodeStream implements HttpStream {
  private readonly res: ServerResponse;
  private drained: (() => void) | null = null;
  private closed: (() => void) | null = null;
  private isOpen = true;

  constructor(res: ServerResponse) {
    this.res = res;
    res.on('drain', () => this.drained?.());
    res.once('close', () => {
      this.close();
    });
  }

  write(chunk: string | Uint8Array): boolean {
    return this.isOpen && this.res.write(chunk);
  }

  buffered(): number {
    return this.isOpen ? this.res.writableLength : 0;
  }

  end(): void {
    if (!this.isOpen) return;
    this.res.end();
    this.close();
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
    if (!this.isOpen) listener();
  }

  private close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed?.();
  }
}

/** Connections that end with the reply being sent. Node still delivers requests after it, which are ignored. */
const ENDED = new WeakSet<TcpSocket>();

/** Passes a request to the server and writes its reply; when the handler throws, the reply is 500. */
export async function answer(
  { handler, bodies, trustProxy }: HttpSide,
  req: IncomingMessage,
  res: ServerResponse
): Promise<void> {
  if (ENDED.has(req.socket)) return;
  const request = new NodeRequest(req, bodies);
  const { refusal, isLast } = request.verdict();
  if (isLast) {
    ENDED.add(req.socket);
    res.shouldKeepAlive = false;
  }
  if (refusal !== null) {
    writeReply(res, request, refusal, trustProxy);
    return;
  }
  let reply: HttpReply | HttpStreamReply;
  try {
    reply = await handler(request);
  } catch {
    reply = FAILED_REPLY;
  }
  // The body has not ended, and most peers read a reply only after they have sent everything.
  const rest = request.linger();
  if (rest !== null) await rest;
  if (request.hasMore) res.shouldKeepAlive = false;
  if (res.destroyed) return;
  if (!('stream' in reply) || req.method === 'HEAD') {
    writeReply(res, request, 'stream' in reply ? { ...reply, body: '' } : reply, trustProxy);
    return;
  }
  // How long the reader of a stream may lag is for the rule of lag.
  req.socket.setTimeout(0);
  res.writeHead(reply.status, Object.fromEntries(headersOf(reply, request, trustProxy)));
  res.flushHeaders();
  reply.stream(new NodeStream(res));
}

/** Writes a complete reply. A peer that reads nothing of it is cut after a while. */
export function writeReply(
  res: ServerResponse,
  request: NodeRequest,
  reply: HttpReply,
  trustProxy: boolean
): void {
  res.socket?.setTimeout(STALLED_MS);
  const headers = Object.fromEntries(headersOf(reply, request, trustProxy));
  if (!mayHaveBody(reply.status)) {
    res.writeHead(reply.status, headers).end();
    return;
  }
  const length = String(Buffer.byteLength(reply.body));
  res.writeHead(reply.status, { ...headers, 'content-length': length }).end(reply.body);
}

/**
 * Returns a response for an upgrade, for which Node gives only a TCP socket. It is the last response on that socket.
 */
export function replyOn(req: IncomingMessage, tcp: TcpSocket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(tcp);
  tcp.on('error', () => tcp.destroy());
  // Destroy, not only end: a peer that never ends its side would keep the socket for ever.
  res.once('finish', () => {
    tcp.destroySoon();
  });
  return res;
}

/** Reads the body of a request from the first listener on; reading pauses after the first piece. */
function bodyOf(
  req: IncomingMessage,
  budget: ByteBudget,
  declared: string | undefined
): RequestBody {
  // Whoever waits for a piece of it does not wait for ever; while nobody reads, it need not come.
  const source = {
    pause: (): void => {
      req.socket.setTimeout(0);
      req.pause();
    },
    resume: (): void => {
      req.socket.setTimeout(STALLED_MS);
      req.resume();
    }
  };
  req.socket.setTimeout(STALLED_MS);
  const body = new RequestBody(source, budget, declared);
  req.on('data', (chunk: Buffer) => {
    body.add(chunk, false, false);
  });
  req.once('end', () => {
    req.socket.setTimeout(0);
    body.add(Buffer.alloc(0), true, false);
  });
  const lost = (): void => {
    body.lose();
  };
  req.once('error', lost);
  req.once('close', lost);
  return body;
}

function addressText(raw: string): string {
  return raw.startsWith('::ffff:') ? raw.slice('::ffff:'.length) : raw;
}
