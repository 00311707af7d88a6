/** Requests and replies of `node:http`, for the transport on `ws`. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { BODY_BYTES_MAX, bodyText, FAILED_REPLY, headersOf, mayHaveBody } from './http-reply.js';
import {
  BodyTooLargeError,
  type HttpReply,
  type HttpStream,
  type HttpStreamReply,
  type RequestHandler,
  type TransportRequest
} from './transport.js';

/** A request or an upgrade of `node:http`; its body can be read once. */
export class NodeRequest implements TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly address: string;
  private readonly req: IncomingMessage;

  constructor(req: IncomingMessage) {
    const url = req.url ?? '/';
    const mark = url.indexOf('?');
    this.req = req;
    this.method = req.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
    this.address = addressText(req.socket.remoteAddress ?? '');
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  body(limitBytes: number): Promise<string> {
    return readBody(this.req, Math.min(limitBytes, BODY_BYTES_MAX));
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

/** Passes a request to the server and writes its reply; when the handler throws, the reply is 500. */
export async function answer(
  handler: RequestHandler,
  req: IncomingMessage,
  res: ServerResponse
): Promise<void> {
  let reply: HttpReply | HttpStreamReply;
  try {
    reply = await handler(new NodeRequest(req));
  } catch {
    reply = FAILED_REPLY;
  }
  if (res.destroyed) return;
  if (!('stream' in reply) || req.method === 'HEAD') {
    writeReply(res, 'stream' in reply ? { ...reply, body: '' } : reply);
    return;
  }
  res.writeHead(reply.status, Object.fromEntries(headersOf(reply)));
  res.flushHeaders();
  reply.stream(new NodeStream(res));
}

/** Writes a complete reply. */
export function writeReply(res: ServerResponse, reply: HttpReply): void {
  const headers = Object.fromEntries(headersOf(reply));
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
  res.once('finish', () => {
    tcp.end();
  });
  return res;
}

function readBody(req: IncomingMessage, limitBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const lost = (): void => {
      reject(new Error('the peer went away before its whole body had come'));
    };
    if (req.destroyed) {
      lost();
      return;
    }
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(new BodyTooLargeError(limitBytes));
    });
    req.once('end', () => {
      try {
        resolve(bodyText(chunks));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    req.once('error', lost);
    req.once('close', lost);
  });
}

function addressText(raw: string): string {
  return raw.startsWith('::ffff:') ? raw.slice('::ffff:'.length) : raw;
}
