/** The transport on `ws` and `node:http`, which runs wherever Node runs. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { codeOf } from '../../machines/error-code.js';
import {
  CHECK_MS,
  END_WITHIN_MS,
  HEAD_WITHIN_MS,
  KEEP_ALIVE_MS,
  REQUEST_WITHIN_MS
} from './deadlines.js';
import { FanOut, QueuedSocket } from './fan-out.js';
import { HEADER_BYTES_MAX, WS_PATH, listenError } from './http-reply.js';
import { NodeRequest, answer, replyOn, writeReply } from './node-http.js';
import type { OutFrame } from './out-frame.js';
import { asksForWebSocket, webSocketRefusal } from './request-head.js';
import type { Endpoint, HttpSide, Transport, UpgradeDecision } from './transport.js';

const TEXT_FRAME = { binary: false } as const;

/**
 * A TCP socket reports "drain" only below its high-water mark. This is the mark, or `lagBytes` when that is lower,
 * since a lagging socket would otherwise get no drain event.
 */
const HIGH_WATER_BYTES = 16 * 1024;

class WsSocket<S> extends QueuedSocket<S> {
  private readonly ws: WebSocket;
  private readonly tcp: TcpSocket;

  constructor(fanOut: FanOut<S>, state: S, ws: WebSocket, tcp: TcpSocket) {
    super(fanOut, state);
    this.ws = ws;
    this.tcp = tcp;
  }

  protected engineBuffered(): number {
    return this.ws.bufferedAmount;
  }

  protected engineWrite(frames: readonly OutFrame[]): void {
    this.tcp.cork();
    for (const frame of frames) this.ws.send(frame.bytes, TEXT_FRAME);
    this.tcp.uncork();
  }

  protected engineEnd(code: number, reason: string): void {
    this.ws.close(code, reason);
    this.settle(code);
  }

  protected engineTerminate(): void {
    this.ws.terminate();
    this.settle(1006);
  }
}

/** How long a socket is not read after a message that came while the budget of received messages was used up, in milliseconds. */
export const REST_MS = 50;

/** Time between two protocol pings, in milliseconds, on paths that have them. */
export const PROTOCOL_PING_MS = 25_000;

/** The WebSockets of one path. */
class SocketPath<S> {
  private readonly fanOut: FanOut<S>;
  private readonly open = new Set<WsSocket<S>>();
  private readonly sockets: WebSocketServer;
  // handleUpgrade reads the protocol before it returns
  private protocol: string | null = null;
  private readonly trustProxy: boolean;

  private readonly pinger: NodeJS.Timeout | null = null;
  /** Sockets that have not answered the last ping. */
  private readonly silent = new Set<WebSocket>();
  private readonly live = new Set<WebSocket>();

  constructor(fanOut: FanOut<S>, trustProxy: boolean, pings = false) {
    this.fanOut = fanOut;
    this.trustProxy = trustProxy;
    if (pings) {
      this.pinger = setInterval(() => {
        this.pingAll();
      }, PROTOCOL_PING_MS).unref();
    }
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: fanOut.limits.messageBytes,
      autoPong: false,
      closeTimeout: END_WITHIN_MS,
      handleProtocols: () => this.protocol ?? false
    };
    // The typings do not have `closeTimeout`.
    this.sockets = new WebSocketServer(options);
  }

  upgrade(req: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const request = new NodeRequest(req, null);
    const refusal = webSocketRefusal(request);
    const decision: UpgradeDecision<S> =
      refusal === null ? this.fanOut.events.upgrade(request) : { accept: false, reply: refusal };
    if (!decision.accept) {
      writeReply(replyOn(req, req.socket), request, decision.reply, this.trustProxy);
      return;
    }
    this.protocol = decision.protocol;
    this.sockets.handleUpgrade(req, duplex, head, (ws) => {
      this.accept(ws, req.socket, decision.state);
    });
  }

  terminate(): void {
    if (this.pinger !== null) clearInterval(this.pinger);
    for (const socket of this.open) socket.terminate();
  }

  private pingAll(): void {
    for (const ws of this.live) {
      if (this.silent.has(ws)) ws.terminate();
      else {
        this.silent.add(ws);
        ws.ping();
      }
    }
  }

  private watch(ws: WebSocket): void {
    this.live.add(ws);
    ws.on('pong', () => {
      this.silent.delete(ws);
    });
    ws.on('close', () => {
      this.live.delete(ws);
      this.silent.delete(ws);
    });
  }

  private accept(ws: WebSocket, tcp: TcpSocket, state: S): void {
    const { events, limits } = this.fanOut;
    const socket = new WsSocket(this.fanOut, state, ws, tcp);
    this.open.add(socket);
    if (this.pinger !== null) this.watch(ws);
    ws.on('message', (data, isBinary) => {
      if (!socket.closed) events.message(socket, isBinary ? null : textOf(data));
      if (this.fanOut.intake.isFull) rest(ws);
    });
    ws.on('ping', (data) => {
      // a peer that pings and does not read would fill the buffer with pongs
      if (!socket.closed && socket.buffered() <= limits.lagBytes) ws.pong(data);
    });
    ws.on('error', (error) => {
      socket.settle(closeCodeOf(error));
    });
    ws.on('close', (code) => {
      this.open.delete(socket);
      socket.settle(code);
    });
    tcp.on('drain', () => {
      socket.drained();
    });
    events.open(socket);
  }
}

/**
 * Makes the transport on `ws`; it does not listen before `listen`. `fanOut` has the WebSockets of `/ws`, `beside` are
 * further paths.
 */
export function createWsTransport<S>(
  fanOut: FanOut<S>,
  http: HttpSide,
  beside: readonly Endpoint<unknown>[] = []
): Transport {
  const chat = new SocketPath(fanOut, http.trustProxy);
  const others = new Map(
    beside.map(({ path, events, limits, pings }) => [
      path,
      new SocketPath(new FanOut(events, limits), http.trustProxy, pings)
    ])
  );
  const connections = new Set<TcpSocket>();
  const server = createServer({
    highWaterMark: Math.min(HIGH_WATER_BYTES, fanOut.limits.lagBytes),
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEAD_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionsCheckingInterval: CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS
  });
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  let hasListened = false;
  // a failed accept (EMFILE) harms only the peer; without a listener it would end the process
  server.on('error', () => undefined);

  server.on('connection', (tcp) => {
    if (!http.admits()) {
      tcp.destroy();
      return;
    }
    connections.add(tcp);
    tcp.once('close', () => connections.delete(tcp));
  });
  server.on('request', (req, res) => {
    void answer(http, req, res);
  });
  // The rule of request heads refuses all other values than 100-continue.
  server.on('checkExpectation', (req, res) => {
    void answer(http, req, res);
  });
  server.on('connect', (req) => {
    void answer(http, req, replyOn(req, req.socket));
  });
  server.on('upgrade', (req, duplex, head) => {
    const tcp = req.socket;
    const asked = new NodeRequest(req, null);
    const isRight = asked.verdict().refusal === null && req.httpVersion === '1.1';
    const path = isRight && asksForWebSocket(asked) ? asked.path : null;
    if (path === WS_PATH) chat.upgrade(req, duplex, head);
    else {
      const other = others.get(path ?? '');
      if (other !== undefined) other.upgrade(req, duplex, head);
      else void answer(http, req, replyOn(req, tcp));
    }
  });

  return {
    kind: 'ws',
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', (error) => {
          reject(listenError(error, host, port));
        });
        server.listen({ host, port, exclusive: true }, () => {
          hasListened = true;
          resolve(portOf(server.address(), port));
        });
      }),
    stopListening: () => {
      if (server.listening) server.close();
    },
    async close() {
      if (server.listening) server.close();
      // the end of the server does not wait for close frames of WebSockets
      chat.terminate();
      for (const other of others.values()) other.terminate();
      const ends = Array.from(
        connections,
        (tcp) => new Promise((resolve) => tcp.once('close', resolve))
      );
      for (const tcp of connections) tcp.destroy();
      await Promise.all(ends);
      if (hasListened) await closed;
    }
  };
}

/** Stops reading a socket for {@link REST_MS}. */
function rest(ws: WebSocket): void {
  if (ws.isPaused) return;
  ws.pause();
  setTimeout(() => {
    ws.resume();
  }, REST_MS);
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

/** Returns the close code with which `ws` answers a broken frame; 1006 for an error of the connection itself. */
function closeCodeOf(error: Error): number {
  const code = codeOf(error);
  if (!code.startsWith('WS_ERR_')) return 1006;
  if (code === 'WS_ERR_INVALID_UTF8') return 1007;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 1009;
  return code.startsWith('WS_ERR_TOO_MANY_') ? 1008 : 1002;
}

function portOf(address: AddressInfo | string | null, asked: number): number {
  return address !== null && typeof address === 'object' ? address.port : asked;
}
