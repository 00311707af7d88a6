/**
 * A TCP proxy on loopback between a client and its server. It causes the faults of a plan in each connection. It reads
 * the WebSocket frames that it passes on, so that a plan can say "before the second ack" or "inside a publish".
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ClientClock } from '../../../client/sdk/clock.js';
import { nameOf, type ConnectionPlan, type Direction, type Fault } from './fault-plan.js';

/** Most bytes kept of an incomplete WebSocket frame: far more than server and client send. */
const FRAME_MAX_BYTES = 1_048_576;

const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** A unit that is passed on whole unless a fault cuts it: the opening handshake, or one WebSocket frame. */
interface Unit {
  readonly bytes: Buffer;
  /** Types of the protocol frames in it; null for the handshake. */
  readonly types: readonly string[] | null;
}

/** Splits a stream of bytes into the handshake and the WebSocket frames after it. */
class UnitReader {
  private rest: Buffer = Buffer.alloc(0);
  private hasHead = false;

  /** Adds bytes and returns the units that are complete now. */
  take(chunk: Buffer): Unit[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const units: Unit[] = [];
    for (let unit = this.next(); unit !== null; unit = this.next()) units.push(unit);
    if (this.rest.length > FRAME_MAX_BYTES) throw new Error('the proxy was sent too large a frame');
    return units;
  }

  private next(): Unit | null {
    if (!this.hasHead) {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) return null;
      this.hasHead = true;
      return { bytes: this.cut(end + 4), types: null };
    }
    const { rest } = this;
    if (rest.length < 2) return null;
    const isMasked = (rest[1]! & 0x80) !== 0;
    let length = rest[1]! & 0x7f;
    let at = 2;
    if (length === 126) {
      if (rest.length < 4) return null;
      length = rest.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (rest.length < 10) return null;
      length = Number(rest.readBigUInt64BE(2));
      at = 10;
    }
    const mask = isMasked ? rest.subarray(at, at + 4) : null;
    if (isMasked) at += 4;
    if (rest.length < at + length) return null;
    const bytes = this.cut(at + length);
    const payload = Buffer.from(bytes.subarray(at));
    if (mask !== null) for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i % 4]!;
    return { bytes, types: typesIn(payload.toString()) };
  }

  private cut(length: number): Buffer {
    const bytes = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return bytes;
  }
}

/** Returns the types of the protocol frames in a payload; each protocol frame begins with its type. */
function typesIn(payload: string): string[] {
  return [...payload.matchAll(/^\{"type":"(\w+)"/gm)].map((match) => match[1]!);
}

/** Bytes to pass on, or work to do once all earlier bytes are passed on. */
type Item =
  | { readonly bytes: Buffer; readonly dueAt: number; readonly isDribbled: boolean }
  | { readonly then: () => void };

/** One direction of one connection. */
class Lane {
  /** Whether the bytes that arrive are dropped. */
  isHole = false;
  private readonly target: Socket;
  private readonly link: Link;
  private readonly reader = new UnitReader();
  /** Faults that have not happened yet. `left` counts down the matching frames; the fault happens at 0. */
  private faults: { fault: Fault; left: number }[];
  private taken = 0;
  private delayMs = 0;
  private dribbleBytes = 0;
  private readonly queue: Item[] = [];
  private readonly clock: ClientClock;
  private cancelWait: (() => void) | null = null;

  constructor(
    direction: Direction,
    target: Socket,
    link: Link,
    faults: readonly Fault[],
    clock: ClientClock
  ) {
    this.target = target;
    this.link = link;
    this.clock = clock;
    this.faults = faults
      .filter(({ on }) => on === direction)
      .map((fault) => ({ fault, left: 'nth' in fault.place ? fault.place.nth : 0 }));
  }

  /** Ends all faults except a hole, which goes on to drop bytes. */
  heal(): void {
    this.faults = [];
    this.delayMs = 0;
    this.dribbleBytes = 0;
  }

  /** Takes bytes from the source. */
  take(chunk: Buffer): void {
    if (this.isHole) return;
    for (const unit of this.reader.take(chunk)) this.pass(unit);
    this.pump();
  }

  /** Ends the target after the queued bytes, because the source has ended. */
  end(): void {
    if (this.isHole) return;
    this.queue.push({ then: () => this.target.end() });
    this.pump();
  }

  /** Stops passing on bytes, and drops the queue. */
  stop(): void {
    this.isHole = true;
    this.queue.length = 0;
    this.cancelWait?.();
    this.cancelWait = null;
  }

  private pass(unit: Unit): void {
    const { bytes } = unit;
    const due: { at: number; fault: Fault }[] = [];
    this.faults = this.faults.filter((waiting) => {
      const at = this.placeIn(unit, waiting);
      if (at !== null) due.push({ at, fault: waiting.fault });
      return at === null;
    });
    this.taken += bytes.length;
    let from = 0;
    for (const { at, fault } of due.sort((one, other) => one.at - other.at)) {
      this.enqueue(bytes.subarray(from, at));
      from = at;
      if (!this.isHole) this.act(fault);
    }
    this.enqueue(bytes.subarray(from));
  }

  /** Returns the byte of the unit at which a fault happens; null when it is not in this unit. */
  private placeIn({ bytes, types }: Unit, waiting: { fault: Fault; left: number }): number | null {
    const { place } = waiting.fault;
    if ('byte' in place) {
      const at = place.byte - this.taken;
      return at >= 0 && at < bytes.length ? at : null;
    }
    if (types === null || !(place.frame === 'any' || types.includes(place.frame))) return null;
    waiting.left -= 1;
    if (waiting.left > 0) return null;
    if (place.at === 'before') return 0;
    // A unit has at least two bytes, so that a cut inside leaves bytes on both sides.
    return place.at === 'after' ? bytes.length : Math.ceil(bytes.length / 2);
  }

  private act(fault: Fault): void {
    const { does } = fault;
    this.link.fired(nameOf(fault));
    if (does.act === 'delay') this.delayMs = does.ms;
    else if (does.act === 'dribble') this.dribbleBytes = does.bytes;
    else if (does.act === 'hole') {
      if (does.both) this.link.swallow();
      this.isHole = true;
    } else {
      this.queue.push({
        then: () => {
          this.link.cut(does.client, does.server);
        }
      });
      this.isHole = true;
    }
  }

  private enqueue(bytes: Buffer): void {
    if (this.isHole || bytes.length === 0) return;
    const dueAt = this.clock.now() + this.delayMs;
    const dribbled = Math.min(this.dribbleBytes, bytes.length);
    this.dribbleBytes -= dribbled;
    for (let i = 0; i < dribbled; i++) {
      this.queue.push({ bytes: bytes.subarray(i, i + 1), dueAt, isDribbled: true });
    }
    if (dribbled < bytes.length) {
      this.queue.push({ bytes: bytes.subarray(dribbled), dueAt, isDribbled: false });
    }
  }

  private pump(): void {
    while (this.cancelWait === null) {
      const item = this.queue[0];
      if (item === undefined) return;
      if ('then' in item) {
        this.queue.shift();
        item.then();
        continue;
      }
      const waitMs = item.dueAt - this.clock.now();
      if (waitMs > 0) {
        this.cancelWait = this.clock.after(waitMs, () => {
          this.cancelWait = null;
          this.pump();
        });
        return;
      }
      this.queue.shift();
      this.target.write(item.bytes);
      if (item.isDribbled) {
        const next = setImmediate(() => {
          this.cancelWait = null;
          this.pump();
        });
        this.cancelWait = () => {
          clearImmediate(next);
        };
      }
    }
  }
}

/** One connection through the proxy. */
class Link {
  readonly fired: (fault: string) => void;
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly up: Lane;
  private readonly down: Lane;
  private readonly gone: (link: Link) => void;

  constructor(
    client: Socket,
    target: URL,
    faults: readonly Fault[],
    clock: ClientClock,
    fired: (fault: string) => void,
    gone: (link: Link) => void
  ) {
    this.client = client;
    this.server = connect({
      port: Number(target.port),
      host: target.hostname,
      allowHalfOpen: true,
      noDelay: true
    });
    this.fired = fired;
    this.gone = gone;
    this.up = new Lane('up', this.server, this, faults, clock);
    this.down = new Lane('down', client, this, faults, clock);
    for (const [source, lane, target] of [
      [client, this.up, this.server],
      [this.server, this.down, client]
    ] as const) {
      source.on('data', (chunk: Buffer) => {
        lane.take(chunk);
      });
      source.on('end', () => {
        lane.end();
      });
      source.on('error', () => {
        if (!lane.isHole) target.destroy();
      });
      source.on('close', () => {
        if (client.destroyed && this.server.destroyed) this.gone(this);
      });
    }
  }

  heal(): void {
    this.up.heal();
    this.down.heal();
  }

  /** Drops everything that either side sends from now on. */
  swallow(): void {
    this.up.isHole = true;
    this.down.isHole = true;
  }

  /** Ends the connection. */
  cut(client: 'reset' | 'finish', server: 'reset' | 'finish' | 'ghost'): void {
    this.up.stop();
    this.down.stop();
    if (client === 'reset') this.client.resetAndDestroy();
    else this.client.end();
    if (server === 'reset') this.server.resetAndDestroy();
    else if (server === 'finish') this.server.end();
  }

  destroy(): void {
    this.up.stop();
    this.down.stop();
    this.client.destroy();
    this.server.destroy();
  }
}

/** A running proxy. The nth connection gets the faults of the nth plan; connections after the last plan have none. */
export class FaultProxy {
  /** Address for clients. */
  readonly url: string;
  private plans: readonly ConnectionPlan[];
  private readonly listener: Server;
  private readonly target: URL;
  private readonly clock: ClientClock;
  private readonly fired: (fault: string) => void;
  private readonly links = new Set<Link>();
  private readonly refused = new Set<Socket>();

  private constructor(
    listener: Server,
    target: string,
    plans: readonly ConnectionPlan[],
    clock: ClientClock,
    fired: (fault: string) => void
  ) {
    this.listener = listener;
    this.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    this.target = new URL(target);
    this.plans = plans;
    this.clock = clock;
    this.fired = fired;
    listener.on('connection', (client: Socket) => {
      this.accept(client);
    });
  }

  /**
   * Starts a proxy in front of the server at `target`. It uses the client's clock, so that a plan can say "longer than
   * the client waits". It calls `fired` with the name of each fault when the fault happens.
   */
  static async start(
    target: string,
    plans: readonly ConnectionPlan[],
    clock: ClientClock,
    fired: (fault: string) => void
  ): Promise<FaultProxy> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(0, '127.0.0.1', resolve);
    });
    return new FaultProxy(listener, target, plans, clock, fired);
  }

  /** Ends the faults of all connections. Lost bytes stay lost and holes stay: the client must notice both itself. */
  heal(): void {
    this.plans = [];
    for (const link of this.links) link.heal();
    for (const socket of this.refused) socket.destroy();
  }

  /** Closes the proxy and all its connections. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.listener.close(() => {
        resolve();
      });
    });
    for (const link of this.links) link.destroy();
    for (const socket of this.refused) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    const [plan = { faults: [] }, ...rest] = this.plans;
    this.plans = rest;
    if ('refused' in plan) {
      this.fired(`refused: ${plan.refused}`);
      this.refuse(client, plan.refused);
      return;
    }
    const link = new Link(client, this.target, plan.faults, this.clock, this.fired, (gone) => {
      this.links.delete(gone);
    });
    this.links.add(link);
  }

  private refuse(client: Socket, how: 'reset' | 'unavailable' | 'silent'): void {
    this.refused.add(client);
    client.on('error', () => undefined);
    client.on('close', () => {
      this.refused.delete(client);
    });
    client.resume();
    if (how === 'reset') client.resetAndDestroy();
    else if (how === 'unavailable') client.end(UNAVAILABLE);
  }
}
