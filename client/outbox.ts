import type { ClientFrame, ServerFrame } from '../server/protocol.js';
import type { ClientClock } from './clock.js';
import type { Reply, Requests } from './requests.js';
import { RollcallError, clientError } from './rollcall-error.js';

/** The server's promise that a message is kept. */
export type Ack = ServerFrame<'ack'>;

/** How a message is sent. */
export interface SendOptions {
  /** The message's own id, at most 64 characters; a new one when not given. The same id is never stored twice. */
  readonly mid?: string;
  /** `user_message` when not given, or the application's own name. */
  readonly kind?: string;
  /** `stored` when nobody need be there to get it; `delivered` when not given. */
  readonly expect?: 'delivered' | 'stored';
}

/** Bounds and rhythm of an outbox. */
export interface OutboxSettings {
  /** Most messages waiting for their ack; past it `send` rejects with `overflow`. */
  readonly maxPending: number;
  /**
   * Messages of one thread on their way at once. With 1 the order of `send` calls is the order in the log, whatever
   * fails in between; with more, a message that the server refuses for a moment may be overtaken.
   */
  readonly window: number;
}

/** Defaults: a thousand messages are more than a person writes offline; strict order costs a round trip a message. */
export const OUTBOX_DEFAULTS: OutboxSettings = { maxPending: 1_000, window: 1 };

/** How long an ack may take on a living connection before the message is sent again, in milliseconds. */
export const ACK_TIMEOUT_MS = 10_000;

/** Wait after a passing refusal that names none, in milliseconds; jitter adds as much again. */
export const REFUSED_WAIT_MS = 1_000;

type Publish = ClientFrame<'publish'>;

interface Entry {
  readonly publish: Publish;
  readonly bodyJson: string;
  readonly promise: Promise<Ack>;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: RollcallError) => void;
  inFlight: boolean;
}

interface Lane {
  readonly entries: Entry[];
  inFlight: number;
}

/** Messages on their way, kept until the server has stored or refused them; one lane a thread, each in order. */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #clock: ClientClock;
  readonly #random: () => number;
  readonly #requests: Requests;
  readonly #lanes = new Map<string, Lane>();
  #size = 0;
  #frameBytes = 0;
  #connected = false;
  #cancelHold: (() => void) | null = null;
  #closed: RollcallError | null = null;

  constructor(
    settings: OutboxSettings,
    clock: ClientClock,
    random: () => number,
    requests: Requests
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    this.#requests = requests;
  }

  /** Messages without an ack. */
  get size(): number {
    return this.#size;
  }

  /**
   * Sends a message until it is stored or refused. The same `mid` with the same content while the first is under way
   * answers the first one's promise.
   * @throws {RollcallError} (as rejection) the server's refusal; `too_large`, `conflict`, `bad_frame`, `overflow`, `closed`
   */
  send(thread: string, mid: string, body: unknown, options: SendOptions): Promise<Ack> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    // Taken as text now: what the caller does to the object later does not change what is sent again.
    const text = jsonText(body);
    if (text === null) {
      return Promise.reject(new RollcallError('bad_frame', 'body: give a JSON value'));
    }
    const lane = this.#lanes.get(thread) ?? { entries: [], inFlight: 0 };
    const same = lane.entries.find((entry) => entry.publish.mid === mid);
    if (same !== undefined) {
      if (same.bodyJson === text && same.publish.kind === options.kind) return same.promise;
      const message = `mid ${mid} is under way with another message: give each its own`;
      return Promise.reject(new RollcallError('conflict', message));
    }
    if (this.#size >= this.#settings.maxPending) {
      const message = `${String(this.#size)} messages wait for their ack already: wait for some`;
      return Promise.reject(clientError('overflow', message, true));
    }
    const { promise, resolve, reject } = deferred();
    const publish: Publish = {
      type: 'publish',
      thread,
      mid,
      ...(options.kind === undefined ? {} : { kind: options.kind }),
      ...(options.expect === undefined ? {} : { expect: options.expect }),
      body: JSON.parse(text)
    };
    lane.entries.push({ publish, bodyJson: text, promise, resolve, reject, inFlight: false });
    this.#lanes.set(thread, lane);
    this.#size += 1;
    this.#pump(thread, lane);
    return promise;
  }

  /** A connection is there: everything goes out (again), in order. `frameBytes` is its largest frame. */
  opened(frameBytes: number): void {
    this.#frameBytes = frameBytes;
    this.#connected = true;
    this.#release();
  }

  /** The connection is gone; messages stay. */
  lost(): void {
    this.#connected = false;
    this.#cancelHold?.();
    this.#cancelHold = null;
  }

  /** Ends all messages with this error. Whether one under way was stored is then unknown. */
  close(error: RollcallError): void {
    this.lost();
    this.#closed = error;
    for (const lane of this.#lanes.values()) {
      for (const entry of lane.entries) entry.reject(error);
    }
    this.#lanes.clear();
    this.#size = 0;
  }

  #pump(thread: string, lane: Lane): void {
    for (const entry of [...lane.entries]) {
      if (!this.#connected || this.#cancelHold !== null) return;
      if (lane.inFlight >= this.#settings.window) return;
      if (!entry.inFlight) this.#attempt(thread, lane, entry);
    }
  }

  #attempt(thread: string, lane: Lane, entry: Entry): void {
    // The server answers an oversized frame by closing the connection: sent again and again, it would never end.
    const bytes = new TextEncoder().encode(JSON.stringify(entry.publish)).length + ID_BYTES;
    if (this.#frameBytes > 0 && bytes > this.#frameBytes) {
      const limit = String(this.#frameBytes);
      const message = `the frame is ${String(bytes)} bytes, the server takes ${limit}: send less in one message`;
      this.#settle(thread, lane, entry);
      entry.reject(new RollcallError('too_large', message));
      return;
    }
    entry.inFlight = true;
    lane.inFlight += 1;
    this.#requests.start(entry.publish, { timeoutMs: ACK_TIMEOUT_MS, keep: false }, (reply) => {
      entry.inFlight = false;
      lane.inFlight -= 1;
      if (this.#closed === null) this.#ended(thread, lane, entry, reply);
    });
  }

  #ended(thread: string, lane: Lane, entry: Entry, reply: Reply): void {
    if (reply.ok && reply.frame.type === 'ack') {
      this.#settle(thread, lane, entry);
      entry.resolve(reply.frame);
    } else if (reply.ok) {
      this.#settle(thread, lane, entry);
      entry.reject(clientError('bad_reply', `publish was answered by ${reply.frame.type}`));
    } else if (reply.error.code === 'disconnected') {
      return;
    } else if (!reply.error.retry) {
      this.#settle(thread, lane, entry);
      entry.reject(reply.error);
    } else if (reply.error.code !== 'timeout') {
      this.#hold(reply.error.afterMs ?? REFUSED_WAIT_MS * (1 + this.#random()));
    }
    this.#pump(thread, lane);
  }

  /** All lanes wait: the rate and the log that refuse one message are those of all. */
  #hold(waitMs: number): void {
    this.#cancelHold ??= this.#clock.after(waitMs, () => {
      this.#release();
    });
  }

  #release(): void {
    this.#cancelHold = null;
    for (const [thread, lane] of [...this.#lanes]) this.#pump(thread, lane);
  }

  #settle(thread: string, lane: Lane, entry: Entry): void {
    lane.entries.splice(lane.entries.indexOf(entry), 1);
    this.#size -= 1;
    if (lane.entries.length === 0) this.#lanes.delete(thread);
  }
}

/** Room for `,"id":` and a safe integer, which a request adds to the frame. */
const ID_BYTES = 24;

/** JSON of a value; null when it has none (undefined, a function, a circle, a BigInt). */
function jsonText(value: unknown): string | null {
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

function deferred(): Pick<Entry, 'promise' | 'resolve' | 'reject'> {
  let resolve: Entry['resolve'] = () => undefined;
  let reject: Entry['reject'] = () => undefined;
  const promise = new Promise<Ack>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
