/**
 * A client as an outsider would write it, with `ws` and the protocol document. Of our code it uses only the schema,
 * which every frame must fit exactly. Frames are kept in order until a spec takes them.
 */
import { WebSocket } from 'ws';
import { misfit } from './frame-check.js';

/** Longest wait for a frame, in milliseconds; the error then contains the last frames. */
const PATIENCE_MS = 25_000;

/** A frame of the server: it may have any field of the protocol. */
export interface Frame {
  readonly type: string;
  readonly id?: number | string;
  readonly thread: string;
  readonly offset: number;
  readonly epoch: string;
  readonly mid: string;
  readonly user: string;
  readonly at: number;
  readonly kind: string;
  readonly body: unknown;
  readonly from: { readonly user: string };
  readonly replay?: boolean | number;
  readonly code: string | number;
  readonly message: string;
  readonly retry: boolean;
  readonly afterMs?: number;
  readonly [field: string]: unknown;
}

/** How a connection ended. */
export interface Ended {
  readonly code: number;
  readonly reason: string;
}

/** How to connect. */
export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly origin?: string;
}

/** Thrown when the server answers the upgrade with plain HTTP. */
export class UpgradeRefused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  constructor(
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: string
  ) {
    super(`the upgrade was answered ${String(status)}: ${body}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

function isFrame(value: unknown): value is Frame {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  );
}

/** One connection. */
export class WireClient {
  /** All frames so far, taken or not. */
  readonly all: Frame[] = [];
  /** Resolves when either side has ended the connection. */
  readonly ended: Promise<Ended>;
  readonly socket: WebSocket;
  private readonly untaken: Frame[] = [];
  private readonly waiters = new Set<() => void>();
  private end: Ended | null = null;
  private nextId = 1_000;
  /** The fault of the first frame that does not fit the schema; every wait fails with it. */
  private misfit: string | null = null;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) {
        const frame: unknown = JSON.parse(line);
        if (!isFrame(frame)) throw new Error(`not a frame: ${line}`);
        this.misfit ??= misfit(frame);
        this.all.push(frame);
        this.untaken.push(frame);
      }
      this.wake();
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.end = { code, reason: reason.toString() };
        resolve(this.end);
        this.wake();
      });
    });
  }

  /**
   * Opens a WebSocket to the server at an `http:` address and sends nothing.
   * @throws {UpgradeRefused} when the server answers with plain HTTP
   */
  static async open(url: string, options: OpenOptions = {}): Promise<WireClient> {
    const { headers, protocols = ['rollcall.v1'], origin } = options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, [...protocols], {
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(origin === undefined ? {} : { origin })
    });
    const client = new WireClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          reject(new UpgradeRefused(response.statusCode ?? 0, response.headers, body));
          socket.terminate();
        });
      });
    });
    return client;
  }

  /** Opens, connects as a user (where authentication is off) and waits for `connected`. */
  static async connect(url: string, user: string, options: OpenOptions = {}): Promise<WireClient> {
    const client = await WireClient.open(url, options);
    client.send({ type: 'connect', user });
    await client.next('connected');
    return client;
  }

  /** Sends frames, all in one text message. */
  send(...frames: readonly object[]): void {
    this.sendText(frames.map((frame) => JSON.stringify(frame)).join('\n'));
  }

  /** Sends a text message unchanged. */
  sendText(text: string): void {
    this.socket.send(text);
  }

  /** Sends a request with a new id and takes the reply. */
  async ask(request: object): Promise<Frame> {
    const id = this.nextId++;
    this.send({ ...request, id });
    return await this.next((frame) => frame.id === id);
  }

  /** Subscribes and takes `subscribed`, the replays and `caught_up`. */
  async subscribe(thread: string, since: unknown = 'live'): Promise<Subscribed> {
    const subscribed = await this.ask({ type: 'subscribe', thread, since });
    if (subscribed.type !== 'subscribed') throw new Error(JSON.stringify(subscribed));
    const replays: Frame[] = [];
    for (;;) {
      const frame = await this.next(
        ({ type, thread: of, replay }) =>
          of === thread && ((type === 'message' && replay === true) || type === 'caught_up')
      );
      if (frame.type === 'caught_up') return { subscribed, replays, caughtUp: frame };
      replays.push(frame);
    }
  }

  /** Publishes a text and takes the ack, or the error. */
  async publish(thread: string, mid: string, text = mid): Promise<Frame> {
    return await this.ask({ type: 'publish', thread, mid, body: { text } });
  }

  /** Publishes once for each mid, packed into few WebSocket messages, and resolves once all are acknowledged. */
  async publishAll(thread: string, mids: readonly string[], inFlight = 100): Promise<void> {
    for (let from = 0; from < mids.length; from += inFlight) {
      const part = mids.slice(from, from + inFlight);
      this.send(...part.map((mid) => ({ type: 'publish', thread, mid, body: { text: mid } })));
      for (const mid of part) await this.next((frame) => frame.type === 'ack' && frame.mid === mid);
    }
  }

  /**
   * Takes the first frame, past or future, that has the type or fits the function. Other frames stay for later.
   * @throws when the connection ends first, or after a while; the error has the frames that came instead
   */
  async next(wanted: string | ((frame: Frame) => boolean)): Promise<Frame> {
    const fits = typeof wanted === 'string' ? (frame: Frame) => frame.type === wanted : wanted;
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      if (this.misfit !== null) throw new Error(this.misfit);
      const at = this.untaken.findIndex(fits);
      if (at >= 0) {
        const [frame] = this.untaken.splice(at, 1);
        if (frame !== undefined) return frame;
      }
      if (this.end !== null || Date.now() >= until) {
        const why = this.end === null ? 'did not come' : `did not come before ${this.end.code}`;
        const last = this.all.slice(-5).map((frame) => JSON.stringify(frame).slice(0, 300));
        throw new Error(`${String(wanted)} ${why}; the last frames: ${last.join(' ')}`);
      }
      await this.changed(until - Date.now());
    }
  }

  /** Returns the frames of a type that no spec has taken yet. */
  pending(type: string): readonly Frame[] {
    return this.untaken.filter((frame) => frame.type === type);
  }

  /** Makes a round trip: when it resolves, everything that the server sent before has arrived. */
  async settle(): Promise<void> {
    const pong = await this.ask({ type: 'ping' });
    if (pong.type !== 'pong') throw new Error(JSON.stringify(pong));
  }

  /** Closes with a close frame and waits for the end. */
  async close(): Promise<Ended> {
    this.socket.close();
    const ended = await this.ended;
    if (this.misfit !== null) throw new Error(this.misfit);
    return ended;
  }

  private changed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.waiters.add(done);
    });
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }
}

/** The frames at the start of a subscription. */
export interface Subscribed {
  readonly subscribed: Frame;
  readonly replays: readonly Frame[];
  readonly caughtUp: Frame;
}
