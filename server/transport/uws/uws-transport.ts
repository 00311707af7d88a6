/**
 * The transport on uWebSockets.js. `scripts/docs/engine-differences.ts` lists its differences from `ws` on the wire.
 * Most violations of the WebSocket protocol cut the connection without a close frame, so that the peer sees 1006.
 */
import { createServer } from 'node:net';
import type { TemplatedApp, WebSocket, us_listen_socket } from 'uWebSockets.js';
import { CLOSES } from '../../../protocol/errors.js';
import { FanOut, QueuedSocket } from '../fan-out.js';
import { WS_PATH, listenError } from '../http-reply.js';
import { END_WITHIN_MS } from '../deadlines.js';
import type { OutFrame } from '../out-frame.js';
import { asksForWebSocket, webSocketRefusal } from '../request-head.js';
import {
  ListenError,
  type Endpoint,
  type HttpSide,
  type Transport,
  type UpgradeDecision
} from '../transport.js';
import { UwsRequest, answer } from './uws-http.js';

/** The module `uWebSockets.js`, as `import()` returns it. */
export type Uws = typeof import('uWebSockets.js');

/**
 * Results of the engine's `send`: the kernel accepted everything, the frame was dropped. The typings have no names for
 * them.
 */
const SENT = 1;
const DROPPED = 2;

/** First byte of every frame of ours. */
const FRAME_START = 0x7b; // {

/** Listen option: refuse a port on which another process listens, instead of sharing its connections. */
const EXCLUSIVE_PORT = 1;

/**
 * The engine cuts no WebSocket for silence: the server does, by the protocol. It still cuts one that has been ended and
 * that holds no bytes after 4 to 8 s, but one with bytes never, once its peer has read a few of them.
 */
const IDLE_S = 0;

/** The end of a WebSocket whose peer has not read everything yet. */
interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly deadline: NodeJS.Timeout;
}

interface UserData<S> {
  readonly socket: UwsSocket<S>;
}

class UwsSocket<S> extends QueuedSocket<S> {
  private ws: WebSocket<UserData<S>> | null = null;
  /** Whether the engine held bytes after the last write; asking it for each frame costs a twentieth of a delivery. */
  private hasBacklog = false;
  private ending: Ending | null = null;

  attach(ws: WebSocket<UserData<S>>): void {
    this.ws = ws;
  }

  /** Called by the transport when the engine has closed it. */
  gone(code: number): void {
    this.ws = null;
    if (this.ending !== null) clearTimeout(this.ending.deadline);
    this.ending = null;
    this.settle(code);
  }

  /** Called by the transport when the engine has sent some bytes, or has added a pong of its own. */
  recheck(): void {
    this.hasBacklog = (this.ws?.getBufferedAmount() ?? 0) > 0;
    const { ending } = this;
    if (ending !== null && !this.hasBacklog) this.ws?.end(ending.code, ending.reason);
  }

  protected engineBuffered(): number {
    return this.ws?.getBufferedAmount() ?? 0;
  }

  protected override engineMayLag(): boolean {
    return this.hasBacklog;
  }

  protected override engineAsk(): void {
    this.recheck();
  }

  override engineJoin(topic: string): void {
    this.ws?.subscribe(topic);
  }

  override engineLeave(topic: string): void {
    this.ws?.unsubscribe(topic);
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
      // The result of a corked send does not include the write at its end.
      this.hasBacklog = ws.getBufferedAmount() > 0;
    }
    // Only a flood of pings can fill the rest of the engine's buffer. These frames count as sent and must not be lost
    // silently, so cut the connection; the peer resumes from its last offset.
    if (!isWhole) ws.close();
  }

  protected engineEnd(code: number, reason: string): void {
    const { ws } = this;
    if (ws === null) return;
    if (ws.getBufferedAmount() === 0 && !this.isBehindTopics) {
      ws.end(code, reason);
      return;
    }
    // The engine forgets its deadline when the peer reads a little, so the close frame waits here.
    const deadline = setTimeout(() => this.ws?.close(), END_WITHIN_MS);
    this.ending = { code, reason, deadline };
    this.settle(code);
    // No event comes when the engine sends a topic's frames and the kernel takes them at once.
    setImmediate(() => {
      setImmediate(() => {
        this.recheck();
      });
    });
  }

  protected engineTerminate(): void {
    this.ws?.close();
  }
}

/** Opens a path for WebSockets. */
function openPath<S>(
  app: TemplatedApp,
  path: string,
  fanOut: FanOut<S>,
  http: HttpSide,
  pings = false
): void {
  const { events, limits } = fanOut;
  app.ws<UserData<S>>(path, {
    maxPayloadLength: limits.messageBytes * 2,
    // above this the engine drops frames, also its own pongs and close frames; our frames stop at lagBytes already
    maxBackpressure: limits.lagBytes * 2,
    closeOnBackpressureLimit: false,
    idleTimeout: IDLE_S,
    sendPingsAutomatically: pings,
    upgrade(res, req, context) {
      const asked = new UwsRequest(res, req, null);
      if (asked.verdict.refusal !== null || !asksForWebSocket(asked)) {
        void answer(http, res, asked);
        return;
      }
      const refusal = webSocketRefusal(asked);
      const decision: UpgradeDecision<S> =
        refusal === null ? events.upgrade(asked) : { accept: false, reply: refusal };
      if (!decision.accept) {
        void answer({ ...http, handler: () => decision.reply }, res, asked);
        return;
      }
      res.upgrade<UserData<S>>(
        { socket: new UwsSocket(fanOut, decision.state) },
        asked.header('sec-websocket-key') ?? '',
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
      if (socket.closed) return;
      if (message.byteLength > limits.messageBytes) socket.end(1009, CLOSES[1009].reason);
      else events.message(socket, isBinary ? null : Buffer.from(message).toString());
    },
    drain(ws) {
      const { socket } = ws.getUserData();
      socket.recheck();
      socket.drained();
    },
    dropped(ws, message) {
      // A flood of pings has filled the engine's buffer in the turn in which a topic's frame was published. The engine
      // also tells this of its own pongs. It may not be changed in this call.
      const { socket } = ws.getUserData();
      if (Buffer.from(message)[0] === FRAME_START) {
        setImmediate(() => {
          socket.terminate();
        });
      }
    },
    ping(ws) {
      ws.getUserData().socket.recheck();
    },
    close(ws, code) {
      ws.getUserData().socket.gone(code);
    }
  });
}

/**
 * Makes the transport on a loaded `uWebSockets.js`; it does not listen before `listen`. `fanOut` has the WebSockets of
 * `/ws`, `beside` are further paths. A message up to twice `messageBytes` is read completely, to be refused with 1009; a
 * longer one cuts the connection.
 */
export function createUwsTransport<S>(
  uws: Uws,
  fanOut: FanOut<S>,
  http: HttpSide,
  beside: readonly Endpoint<unknown>[] = []
): Transport {
  const app = uws.App();
  // Of the first path only: the topics of an app are shared by its paths.
  fanOut.useTopics({
    publish: (topic, frame) => {
      app.publish(topic, frame.bytes, false, false);
    }
  });
  openPath(app, WS_PATH, fanOut, http);
  for (const { path, events, limits, pings } of beside) {
    openPath(app, path, new FanOut(events, limits), http, pings);
  }
  let listening: us_listen_socket | null = null;

  // Called with 1 for each TCP connection that opens, and -1 for each that closes.
  app.filter((res, change) => {
    if (change === 1 && !http.admits()) res.close();
  });
  app.any('/*', (res, req) => {
    void answer(http, res, new UwsRequest(res, req, http.bodies));
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
        // the engine accepts options with a host too, but its typings have only (port, options, callback)
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
    stopListening,
    async close() {
      stopListening();
      app.close();
      // the engine frees closed sockets at the end of its turn
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

/** The engine gives no reason, so get one from `node:net` with the same address. */
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
