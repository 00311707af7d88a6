/** What the specs of both transports share: the engines, a recorder of events, and clients that can misbehave. */
import { randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Server, type Socket as TcpSocket } from 'node:net';
import * as uws from 'uWebSockets.js';
import { ByteBudget } from '../../../actors/memory/byte-budget.js';
import type {
  Endpoint,
  HttpReply,
  HttpSide,
  HttpStream,
  HttpStreamReply,
  RequestHandler,
  SocketEvents,
  Socket,
  Transport,
  TransportLimits,
  TransportRequest,
  UpgradeDecision
} from '../../../server/transport/transport.js';
import { FanOut } from '../../../server/transport/fan-out.js';
import { OutFrame } from '../../../server/transport/out-frame.js';
import { createUwsTransport } from '../../../server/transport/uws/uws-transport.js';
import { createWsTransport } from '../../../server/transport/ws-transport.js';

/** Limits of the transports under test: small, so that they are soon reached. */
export const LIMITS: TransportLimits = { messageBytes: 1024, lagBytes: 64 * 1024 };

/** Bytes that the bodies of all requests may hold: a few thousand more than one of them. */
export const BODIES_BYTES = 256 * 1024;

/** State of a socket in the specs. */
export interface State {
  readonly name: string;
}

/** A recorded event of a transport. */
type Seen =
  | { readonly kind: 'open' | 'drain'; readonly socket: Socket<State> }
  | { readonly kind: 'message'; readonly socket: Socket<State>; readonly text: string | null }
  | { readonly kind: 'dropped'; readonly socket: Socket<State>; readonly frame: string }
  | { readonly kind: 'close'; readonly socket: Socket<State>; readonly code: number };

/** Records every event of a transport and lets a spec wait for one. */
export class Recorder implements SocketEvents<State> {
  readonly seen: Seen[] = [];
  onRequest: RequestHandler = () => text(200, 'ok');
  onUpgrade: (r: TransportRequest) => UpgradeDecision<State> = (r) => ({
    accept: true,
    protocol: null,
    state: { name: r.query }
  });
  /** Whether a TCP connection may stay. */
  admits = true;
  onSeen: (seen: Seen) => void = () => undefined;
  private readonly waiting = new Set<() => void>();

  upgrade(r: TransportRequest): UpgradeDecision<State> {
    return this.onUpgrade(r);
  }
  open(socket: Socket<State>): void {
    this.note({ kind: 'open', socket });
  }
  message(socket: Socket<State>, frame: string | null): void {
    this.note({ kind: 'message', socket, text: frame });
  }
  dropped(socket: Socket<State>, { text: frame }: OutFrame): void {
    this.note({ kind: 'dropped', socket, frame });
  }
  drain(socket: Socket<State>): void {
    this.note({ kind: 'drain', socket });
  }
  close(socket: Socket<State>, code: number): void {
    this.note({ kind: 'close', socket, code });
  }

  /** Resolves when `find` returns a value, now or after a later event. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }
  socket(name: string): Promise<Socket<State>> {
    return this.until(
      () => this.seen.find((s) => s.kind === 'open' && s.socket.state.name === name)?.socket
    );
  }
  closeOf(socket: Socket<State>): Promise<number> {
    return this.until(() => this.closesOf(socket)[0]);
  }
  closesOf(socket: Socket<State>): number[] {
    return this.seen.flatMap((s) => (s.kind === 'close' && s.socket === socket ? [s.code] : []));
  }
  droppedOf(socket: Socket<State>): string[] {
    return this.seen.flatMap((s) => (s.kind === 'dropped' && s.socket === socket ? [s.frame] : []));
  }
  messages(): (string | null)[] {
    return this.seen.flatMap((s) => (s.kind === 'message' ? [s.text] : []));
  }
  private note(seen: Seen): void {
    this.seen.push(seen);
    this.onSeen(seen);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** A WebSocket client on a bare TCP socket: it can stop reading, send broken frames, and record the frames on the wire. */
export class RawClient {
  readonly tcp: TcpSocket;
  readonly frames: { opcode: number; payload: Buffer }[] = [];
  head = '';
  private data = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();
  private hasEnded = false;

  constructor(port: number, name: string, headers: Record<string, string> = {}) {
    this.tcp = connect(port, '127.0.0.1');
    const lines = Object.entries({ ...upgradeHeaders(), ...headers });
    this.tcp.write(
      `GET /ws?${name} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`
    );
    this.tcp.on('data', (chunk) => {
      this.data = Buffer.concat([this.data, chunk]);
      this.parse();
      this.wakeAll();
    });
    this.tcp.on('error', () => undefined);
    this.tcp.on('close', () => {
      this.hasEnded = true;
      this.wakeAll();
    });
  }

  get texts(): string[] {
    return this.frames.flatMap((f) => (f.opcode === 1 ? [f.payload.toString()] : []));
  }
  /** Close code that was received; undefined when there was none. */
  get closeCode(): number | undefined {
    return this.frames.find((f) => f.opcode === 8)?.payload.readUInt16BE(0);
  }
  send(payload: string | Buffer, opcode = 1): void {
    this.tcp.write(maskedFrame(Buffer.from(payload), opcode));
  }
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.hasEnded) throw new Error('the connection ended before what was waited for');
      await this.next();
    }
  }
  async ended(): Promise<void> {
    while (!this.hasEnded) await this.next();
  }
  private next(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }
  private wakeAll(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
  private parse(): void {
    if (this.head === '') {
      const end = this.data.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.data.subarray(0, end).toString();
      this.data = this.data.subarray(end + 4);
    }
    for (let frame = readFrame(this.data); frame !== null; frame = readFrame(this.data)) {
      this.frames.push({ opcode: frame.opcode, payload: Buffer.from(frame.payload) });
      if (frame.opcode === 8) this.tcp.end(maskedFrame(Buffer.from(frame.payload), 8));
      this.data = this.data.subarray(frame.size);
    }
  }
}

/** Returns the headers of a valid upgrade. */
export function upgradeHeaders(): Record<string, string> {
  return {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64')
  };
}

/** Returns a masked frame, as clients send it. */
export function maskedFrame(payload: Buffer, opcode: number): Buffer {
  const mask = randomBytes(4);
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, masked]);
}

function readFrame(data: Buffer): { opcode: number; payload: Buffer; size: number } | null {
  if (data.length < 2) return null;
  const short = data.readUInt8(1) & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < start) return null;
  const length =
    short === 126 ? data.readUInt16BE(2) : short === 127 ? data.readUInt32BE(6) : short;
  if (data.length < start + length) return null;
  return {
    opcode: data.readUInt8(0) & 0x0f,
    payload: data.subarray(start, start + length),
    size: start + length
  };
}

/** Makes a reply of plain text. */
export function text(
  status: number,
  body: string,
  headers: Record<string, string> = {}
): HttpReply {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body };
}

/** Makes a reply that is an event stream. */
export function streamed(stream: (out: HttpStream) => void): HttpStreamReply {
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, stream };
}

/** The reply to an HTTP request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Makes one HTTP request on a connection of its own. */
export async function call(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | null = null
): Promise<Answer> {
  const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const req = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { ...headers, ...length },
    agent: false
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    req.once('error', reject);
    req.once('response', (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('error', reject);
      res.once('end', () => {
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: Buffer.concat(chunks).toString()
        });
      });
    });
  });
  req.end(body ?? undefined);
  return answered;
}

/** Returns the port on which a server of `node:net` listens. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  return address.port;
}

/** Returns the text of an event stream without the comments that an engine may add. */
export function withoutComments(body: string): string {
  return body
    .split('\n')
    .filter((line) => !line.startsWith(':'))
    .join('\n');
}

/** Makes a frame of a text. */
export function out(text: string): OutFrame {
  return new OutFrame(text, 'said');
}

/** A transport with the sockets of its `/ws`. */
export interface ServedTransport extends Transport {
  readonly fanOut: FanOut<State>;
  readonly bodies: ByteBudget;
}

type Create = (
  events: Recorder,
  limits: TransportLimits,
  beside?: Endpoint<State>
) => ServedTransport;

function over(
  create: (fanOut: FanOut<State>, http: HttpSide, beside?: Endpoint<State>) => Transport
): Create {
  return (events, limits, beside) => {
    const fanOut = new FanOut(events, limits);
    const bodies = new ByteBudget(BODIES_BYTES);
    const http = {
      handler: (r: TransportRequest) => events.onRequest(r),
      bodies,
      admits: () => events.admits,
      trustProxy: true
    };
    return { ...create(fanOut, http, beside), fanOut, bodies };
  };
}

/** Both engines, by the name of the function that creates them. */
export const ENGINES = {
  createUwsTransport: over((fanOut, http, beside) =>
    createUwsTransport(uws, fanOut, http, beside === undefined ? [] : [beside])
  ),
  createWsTransport: over((fanOut, http, beside) =>
    createWsTransport(fanOut, http, beside === undefined ? [] : [beside])
  )
};

/** Both engines, and uWebSockets.js a second time, where it publishes to every topic itself. */
export const TOPIC_ENGINES = {
  ...ENGINES,
  "createUwsTransport, by the engine's topics": (
    events: Recorder,
    limits: TransportLimits,
    beside?: Endpoint<State>
  ) => ENGINES.createUwsTransport(events, { ...limits, nativeMin: 1 }, beside)
};

/** A listening transport with its recorder and its clients. */
export class Rig {
  readonly events = new Recorder();
  readonly clients: RawClient[] = [];
  readonly transport: ServedTransport;
  port = 0;

  constructor(create: Create, limits = LIMITS) {
    this.transport = create(this.events, limits);
  }
  async start(): Promise<void> {
    this.port = await this.transport.listen('127.0.0.1', 0);
  }
  async stop(): Promise<void> {
    for (const client of this.clients) client.tcp.destroy();
    await this.transport.close();
  }

  /** Sends a text to every socket in a topic. */
  publish(topic: string, text: string): void {
    this.transport.fanOut.publish(topic, out(text));
  }

  /** Opens a client and waits until both sides are connected. */
  async open(
    name: string,
    headers: Record<string, string> = {}
  ): Promise<[RawClient, Socket<State>]> {
    const client = new RawClient(this.port, name, headers);
    this.clients.push(client);
    const socket = await this.events.socket(name);
    await client.until(() => client.head !== '');
    return [client, socket];
  }

  /** Opens a client that reads nothing, and publishes until its socket lags; returns the accepted frames. */
  async lag(
    name: string,
    topic: string,
    frameLength: number
  ): Promise<{ client: RawClient; socket: Socket<State>; taken: string[] }> {
    const [client, socket] = await this.open(name);
    client.tcp.pause();
    socket.join(topic);
    const taken: string[] = [];
    for (let n = 0; this.events.droppedOf(socket).length === 0; n++) {
      const frame = `${String(n)} ${'x'.repeat(frameLength)}`;
      this.publish(topic, frame);
      if (this.events.droppedOf(socket).length === 0) taken.push(frame);
      // Give the kernel time to take bytes, or only the queue of this turn would be measured.
      if (n % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
    }
    return { client, socket, taken };
  }
}
