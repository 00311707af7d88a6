/**
 * The servers to compare with, each with the least code that does the job. Run as a process, `peers.ts <kind>`, it
 * sends its port to its parent. `/ws?thread=<id>` subscribes to a thread. With `relay` in the path each frame is passed
 * on unchanged; otherwise it is parsed, acknowledged and published.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer, type WebSocket } from 'ws';
import { isPeerKind, type PeerKind } from '../target.js';
import { startJsonUws } from './json-uws.js';
import { startJsonWs } from './json-ws.js';
import { startNatsServer } from './nats-server.js';

/** What a peer reads from a publish. */
interface Publish {
  readonly thread: string;
  readonly mid: string;
  readonly body: unknown;
}

const offsets = new Map<string, number>();

function nextOffset(thread: string): number {
  const offset = (offsets.get(thread) ?? 0) + 1;
  offsets.set(thread, offset);
  return offset;
}

function isPublish(value: unknown): value is Publish {
  return typeof value === 'object' && value !== null && 'thread' in value && 'mid' in value;
}

function parsePublish(text: string): Publish {
  const value: unknown = JSON.parse(text);
  if (!isPublish(value)) throw new Error('not a publish');
  return value;
}

/** The answers to a publish as objects, as socket.io needs them. */
function answers({ thread, mid, body }: Publish): { ack: object; message: object } {
  const offset = nextOffset(thread);
  const at = Date.now();
  return {
    ack: { type: 'ack', thread, mid, offset, at },
    message: { type: 'message', thread, offset, mid, from: { user: 'u' }, at, kind: 'm', body }
  };
}

async function startUws(tell: (port: number) => void): Promise<void> {
  const uws = await import('uWebSockets.js');
  const app = uws.App();
  app.ws<{ thread: string | undefined; isRelay: boolean }>('/*', {
    maxBackpressure: 64 * 1_048_576,
    // The generator does not answer its pings.
    idleTimeout: 0,
    upgrade(res, req, context) {
      res.upgrade(
        { thread: req.getQuery('thread'), isRelay: req.getUrl() === '/relay' },
        req.getHeader('sec-websocket-key'),
        '',
        '',
        context
      );
    },
    open(ws) {
      const { thread } = ws.getUserData();
      if (thread !== undefined) ws.subscribe(thread);
    },
    message(ws, data) {
      if (ws.getUserData().isRelay) {
        app.publish('t', data, false);
        return;
      }
      const publish = parsePublish(Buffer.from(data).toString());
      const { ack, message } = answers(publish);
      ws.send(JSON.stringify(ack), false);
      app.publish(publish.thread, JSON.stringify(message), false);
    }
  });
  app.listen('127.0.0.1', 0, (token) => {
    if (token === false) throw new Error('no port');
    tell(uws.us_socket_local_port(token));
  });
}

function startWs(tell: (port: number) => void): void {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
  const threads = new Map<string, Set<WebSocket>>();
  const publishTo = (thread: string, data: string | Buffer): void => {
    for (const member of threads.get(thread) ?? []) member.send(data, { binary: false });
  };
  wss.on('connection', (ws, request) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const thread = url.searchParams.get('thread');
    if (thread !== null) {
      const members = threads.get(thread) ?? new Set();
      threads.set(thread, members.add(ws));
      ws.on('close', () => members.delete(ws));
    }
    const isRelay = url.pathname === '/relay';
    ws.on('message', (data) => {
      if (!Buffer.isBuffer(data)) return;
      if (isRelay) {
        publishTo('t', data);
        return;
      }
      const publish = parsePublish(data.toString());
      const { ack, message } = answers(publish);
      ws.send(JSON.stringify(ack));
      publishTo(publish.thread, JSON.stringify(message));
    });
  });
  http.listen(0, '127.0.0.1', () => {
    tell(portOf(http.address()));
  });
}

function startSocketIo(tell: (port: number) => void): void {
  const http = createServer();
  talk(new SocketIo(http, { transports: ['websocket'], perMessageDeflate: false }));
  http.listen(0, '127.0.0.1', () => {
    tell(portOf(http.address()));
  });
}

async function startSocketIoUws(tell: (port: number) => void): Promise<void> {
  const uws = await import('uWebSockets.js');
  const app = uws.App();
  const io = new SocketIo({ transports: ['websocket'], perMessageDeflate: false });
  io.attachApp(app);
  talk(io);
  app.listen('127.0.0.1', 0, (token) => {
    if (token === false) throw new Error('no port');
    tell(uws.us_socket_local_port(token));
  });
}

function talk(io: SocketIo): void {
  io.on('connection', (socket) => {
    const { thread } = socket.handshake.query;
    if (typeof thread === 'string') void socket.join(thread);
    socket.on('relay', (message: unknown) => {
      io.to('t').emit('message', message);
    });
    socket.on('publish', (value: unknown) => {
      if (!isPublish(value)) return;
      const { ack, message } = answers(value);
      socket.emit('message', ack);
      io.to(value.thread).emit('message', message);
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const STARTS: Readonly<Record<PeerKind, (tell: (port: number) => void) => void | Promise<void>>> = {
  uws: startUws,
  'json-uws': startJsonUws,
  ws: startWs,
  'json-ws': startJsonWs,
  'socket.io': startSocketIo,
  'socket.io-uws': startSocketIoUws,
  'nats-server': startNatsServer
};

process.on('disconnect', () => process.exit(0));
const [kind = ''] = process.argv.slice(2);
if (!isPeerKind(kind)) throw new Error(`no such peer: ${kind}`);
await STARTS[kind]((port) => process.send?.({ port }));
