/**
 * The transport on uWebSockets.js. Where it differs from `ws` on the wire: a message past twice `messageBytes`, and
 * text that is not UTF-8, cut the connection without a close frame, so that the peer sees 1006.
 */
import { createServer } from 'node:net';
import type { TemplatedApp, WebSocket, us_listen_socket } from 'uWebSockets.js';
import { CLOSES } from '../../protocol/errors.js';
import { FanOut, QueuedSocket, type OutFrame } from './fan-out.js';
import { WS_PATH, listenError } from './http-reply.js';
import {
  ListenError,
  type Endpoint,
  type SocketEvents,
  type Transport,
  type TransportEvents,
  type TransportLimits
} from './transport.js';
import { UwsRequest, answer, writeReply } from './uws-http.js';

/** The module `uWebSockets.js`, as `import()` gives it. */
export type Uws = typeof import('uWebSockets.js');

/** What `send` gives when the kernel took all, and when the frame was thrown away; the typings have no names for it. */
const SENT = 1;
const DROPPED = 2;

/** Listen option: refuse a port that another process listens on, instead of sharing its connections with it. */
const EXCLUSIVE_PORT = 1;

/**
 * Seconds without a byte in either direction before the engine cuts a socket. Far above the protocol's own silence
 * limit (50 s); it is here for sockets already ended whose peer neither reads nor goes away: without it the engine
 * keeps them, and their backlog, for ever once they have read a little.
 */
const IDLE_S = 120;

interface UserData<S> {
  readonly socket: UwsSocket<S>;
}

class UwsSocket<S> extends QueuedSocket<S> {
  private ws: WebSocket<UserData<S>> | null = null;
  /** Whether the engine held bytes after the last write; asking it for each frame costs a twentieth of a delivery. */
  private hasBacklog = false;

  attach(ws: WebSocket<UserData<S>>): void {
    this.ws = ws;
  }

  override settle(code: number): void {
    this.ws = null;
    super.settle(code);
  }

  /** Told by the transport when the engine has got rid of some bytes, or has added a pong of its own. */
  recheck(): void {
    this.hasBacklog = (this.ws?.getBufferedAmount() ?? 0) > 0;
  }

  protected engineBuffered(): number {
    return this.ws?.getBufferedAmount() ?? 0;
  }

  protected override engineMayLag(): boolean {
    return this.hasBacklog;
  }

  protected engineWrite(frames: readonly OutFrame[]): void {
    const { ws } = this;
    if (ws === null) return;
    let isWhole = true;
    const [first] = frames;
    if (first !== undefined && frames.length === 1) {
      const outcome = ws.send(first.bytes, false);
      isWhole = outcome !== DROPPED;
      this.hasBacklog = outcome !== SENT;
    } else {
      ws.cork(() => {
        for (const frame of frames) if (ws.send(frame.bytes, false) === DROPPED) isWhole = false;
      });
      // What a corked send answers says nothing of the write at the end.
      this.hasBacklog = ws.getBufferedAmount() > 0;
    }
    // Only a flood of pings can fill the rest of the engine's buffer. These frames count as sent, so they may not
    // go missing in silence: cut, and the peer resumes from what it has.
    if (!isWhole) ws.close();
  }

  protected engineEnd(code: number, reason: string): void {
    this.ws?.end(code, reason);
  }

  protected engineTerminate(): void {
    this.ws?.close();
  }
}

/** Opens a path for WebSockets, and answers what fans out to them. */
function openPath<S>(
  app: TemplatedApp,
  path: string,
  events: SocketEvents<S>,
  limits: TransportLimits
): FanOut<S> {
  const fanOut = new FanOut(events, limits);
  app.ws<UserData<S>>(path, {
    maxPayloadLength: limits.messageBytes * 2,
    // past this the engine drops frames, its own pongs and close frames too; frames stop at lagBytes already
    maxBackpressure: limits.lagBytes * 2,
    closeOnBackpressureLimit: false,
    idleTimeout: IDLE_S,
    sendPingsAutomatically: false,
    upgrade(res, req, context) {
      const request = new UwsRequest(res, req);
      const decision = events.upgrade(request);
      if (!decision.accept) {
        writeReply(res, request.method, decision.reply);
        return;
      }
      res.upgrade<UserData<S>>(
        { socket: new UwsSocket(fanOut, decision.state) },
        request.header('sec-websocket-key') ?? '',
        decision.protocol ?? '',
        '',
        context
      );
    },
    open(ws) {
      const { socket } = ws.getUserData();
      socket.attach(ws);
      events.open(socket);
    },
    message(ws, message, isBinary) {
      const { socket } = ws.getUserData();
      if (message.byteLength > limits.messageBytes) socket.end(1009, CLOSES[1009].reason);
      else events.message(socket, isBinary ? null : Buffer.from(message).toString());
    },
    drain(ws) {
      const { socket } = ws.getUserData();
      socket.recheck();
      events.drain(socket);
    },
    ping(ws) {
      ws.getUserData().socket.recheck();
    },
    close(ws, code) {
      ws.getUserData().socket.settle(code);
    }
  });
  return fanOut;
}

/**
 * Makes the transport on a loaded `uWebSockets.js`; it listens only once told to. `beside` is a second path.
 * A message up to twice `messageBytes` is read whole so that it can be refused with 1009; a larger one cuts.
 */
export function createUwsTransport<S, B = never>(
  uws: Uws,
  events: TransportEvents<S>,
  limits: TransportLimits,
  beside?: Endpoint<B>
): Transport {
  const app = uws.App();
  const fanOut = openPath(app, WS_PATH, events, limits);
  if (beside !== undefined) openPath(app, beside.path, beside.events, beside.limits);
  let listening: us_listen_socket | null = null;

  app.any('/*', (res, req) => {
    void answer(events, res, req);
  });

  const stopListening = (): void => {
    if (listening === null) return;
    uws.us_listen_socket_close(listening);
    listening = null;
  };

  return {
    kind: 'uws',
    async listen(host, port) {
      listening = await new Promise<us_listen_socket | null>((resolve) => {
        // the engine takes options with a host too, its typings know only (port, options, callback)
        Reflect.apply(app.listen.bind(app), app, [
          host,
          port,
          EXCLUSIVE_PORT,
          (token: us_listen_socket | false) => {
            resolve(token === false ? null : token);
          }
        ]);
      });
      if (listening === null) throw await reasonNotListening(host, port);
      return uws.us_socket_local_port(listening);
    },
    publish: (topic, frame) => {
      fanOut.publish(topic, frame);
    },
    subscribers: (topic) => fanOut.subscribers(topic),
    stopListening,
    async close() {
      stopListening();
      app.close();
      // the engine frees what it has closed when its turn ends
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

/** The engine gives no reason, so ask `node:net` for one with the same address. */
async function reasonNotListening(host: string, port: number): Promise<ListenError> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    return listenError(error, host, port);
  }
  await new Promise((resolve) => probe.close(resolve));
  return new ListenError('ELISTEN', host, port);
}
