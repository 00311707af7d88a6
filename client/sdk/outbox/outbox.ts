import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import { reasonOf } from '../../../machines/reason.js';
import type { ClientClock } from '../clock.js';
import { isRecord, jsonText } from '../json.js';
import { storedMessage, type OutboxStorage, type StoredMessage } from './outbox-storage.js';
import { DEFAULT_FRAME_BYTES, messageSize } from './message-size.js';
import type { Outgoing } from './outgoing.js';
import { sentFields, type SentFields } from './sent-fields.js';
import { isSameBody, writtenBody } from './written-body.js';
import type { Reply, Requests } from '../connection/requests.js';
import { retryAfterMs } from '../connection/retry-after.js';
import { RollcallError, badReply, clientError } from '../rollcall-error.js';

/** The server's confirmation that a message is stored. */
export type Ack = ServerFrame<'ack'>;

/** Options of one message. */
export interface SendOptions extends SentFields {
  /** Id of the message, at most 64 characters, by default a new one. The server stores each id once. */
  readonly mid?: string;
}

/** Bounds of an outbox. */
export interface OutboxSettings {
  /** Most messages that wait for an ack; above it `send` rejects with `overflow`. */
  readonly maxPending: number;
  /**
   * Most unacknowledged messages of one thread. With 1 the order of `send` calls is the order in the log, whatever
   * fails in between; with more, a message that the server refuses temporarily may be overtaken.
   */
  readonly window: number;
}

/** Defaults: a thousand messages are more than a person writes offline; strict order costs one round trip per message. */
export const OUTBOX_DEFAULTS: OutboxSettings = { maxPending: 1_000, window: 1 };

/** Wait for an ack on an open connection before the message is sent again, in milliseconds. */
export const ACK_TIMEOUT_MS = 10_000;

/** Time for the application's storage to load its messages, in milliseconds; until then nothing is sent. */
export const LOAD_TIMEOUT_MS = 10_000;

/** Wait after a temporary refusal that names none, in milliseconds; jitter adds up to as much again. */
export const REFUSED_WAIT_MS = 1_000;

type Publish = ClientFrame<'publish'>;

interface Entry {
  readonly publish: Publish;
  readonly at: number;
  readonly bodyJson: string;
  readonly promise: Promise<Ack>;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: RollcallError) => void;
  inFlight: boolean;
}

interface Lane {
  entries: Entry[];
  inFlight: number;
}

/** Callbacks of an {@link Outbox}. */
export interface OutboxEvents {
  /** The state of a message has changed. */
  changed(outgoing: Outgoing): void;
  error(error: RollcallError): void;
}

/** Dependencies of an {@link Outbox}. */
export interface OutboxParts {
  readonly clock: ClientClock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly requests: Requests;
  /** Null when messages are kept in memory only. */
  readonly storage: OutboxStorage | null;
}

/** Queue of sent messages, each kept until the server has stored or refused it. Each thread has an ordered lane. */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #parts: OutboxParts;
  readonly #events: OutboxEvents;
  readonly #lanes = new Map<string, Lane>();
  #size = 0;
  #lastAt = 0;
  #frameBytes = DEFAULT_FRAME_BYTES;
  #isConnected = false;
  #isLoading = false;
  #cancelLoad: () => void = () => undefined;
  /** Chain of running writes to the storage; null when there are none. */
  #writing: Promise<void> | null = null;
  #cancelHold: (() => void) | null = null;
  #closed: RollcallError | null = null;

  constructor(settings: OutboxSettings, parts: OutboxParts, events: OutboxEvents) {
    this.#settings = settings;
    this.#parts = parts;
    this.#events = events;
  }

  /** Loads the messages of an earlier session. Nothing is sent until they are loaded, so that the order is kept. */
  load(): void {
    const { storage } = this.#parts;
    if (storage === null) return;
    this.#isLoading = true;
    const end = (messages: readonly StoredMessage[]): void => {
      this.#cancelLoad();
      this.#isLoading = false;
      if (this.#closed !== null) return;
      this.#restore(messages);
      this.#release();
    };
    const failed = (cause: unknown): void => {
      if (!this.#isLoading) return;
      this.#storageFailed('read', cause);
      end([]);
    };
    const done = (kept: unknown): void => {
      if (!this.#isLoading) return;
      if (!Array.isArray(kept)) failed(new Error('no list'));
      else end(kept.flatMap((one) => storedMessage(one) ?? []));
    };
    this.#cancelLoad = this.#parts.clock.after(LOAD_TIMEOUT_MS, () => {
      failed(new Error('no end within 10 s'));
    });
    try {
      const messages = storage.load();
      if (isThenable(messages)) Promise.resolve(messages).then(done, failed);
      else done(messages);
    } catch (cause) {
      failed(cause);
    }
  }

  /** Number of messages without an ack. */
  get size(): number {
    return this.#size;
  }

  /** Most bytes that the server accepts in a frame, as it said last; before that its default. */
  get frameBytes(): number {
    return this.#frameBytes;
  }

  /** Messages of a thread without an ack, in the order of sending. */
  pendingOf(thread: string): readonly Outgoing[] {
    return (this.#lanes.get(thread)?.entries ?? []).map((entry) => outgoing(entry, 'pending'));
  }

  /**
   * Sends a message until it is stored or refused. A second call with the same `mid` and content during that time
   * returns the promise of the first.
   * @throws {RollcallError} (as rejection) the server's refusal; `too_large`, `conflict`, `bad_frame`, `overflow`, `closed`
   */
  send(thread: string, mid: string, body: unknown, options: SendOptions): Promise<Ack> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    // Serialized now, so that later changes to the caller's object do not change what is sent again.
    const text = writtenBody(body);
    if (typeof text !== 'string') return Promise.reject(text);
    const same = this.#lanes.get(thread)?.entries.find((entry) => entry.publish.mid === mid);
    if (same !== undefined) {
      if (isSameBody(same.bodyJson, text) && same.publish.kind === options.kind)
        return same.promise;
      const message = `mid ${mid} is under way with another message`;
      return Promise.reject(new RollcallError('conflict', message));
    }
    if (this.#size >= this.#settings.maxPending) {
      const message = `${String(this.#size)} messages wait for their ack`;
      return Promise.reject(clientError('overflow', message, true));
    }
    // Strictly increasing, so that stored messages can be sorted.
    this.#lastAt = Math.max(this.#parts.clock.now(), this.#lastAt + 1);
    const message: StoredMessage = {
      thread,
      mid,
      at: this.#lastAt,
      ...sentFields(options),
      body: JSON.parse(text)
    };
    const entry = entryOf(message, text);
    this.#store((storage) => storage.put(message));
    const lane = this.#laneOf(thread);
    lane.entries.push(entry);
    this.#size += 1;
    this.#events.changed(outgoing(entry, 'pending'));
    this.#pump(lane);
    return entry.promise;
  }

  /** Handles a new connection: sends every message (again), in order. `frameBytes` is the connection's frame limit. */
  opened(frameBytes: number): void {
    this.#frameBytes = frameBytes;
    this.#isConnected = true;
    this.#release();
  }

  /** Handles a lost connection; messages are kept. */
  lost(): void {
    this.#isConnected = false;
    this.#cancelHold?.();
    this.#cancelHold = null;
  }

  /** Ends all messages with this error. Whether an open one was stored is then unknown; the storage keeps its messages. */
  close(error: RollcallError): void {
    this.lost();
    this.#cancelLoad();
    this.#closed = error;
    for (const lane of this.#lanes.values()) {
      for (const entry of lane.entries) entry.reject(error);
    }
    this.#lanes.clear();
    this.#size = 0;
  }

  #laneOf(thread: string): Lane {
    const lane = this.#lanes.get(thread) ?? { entries: [], inFlight: 0 };
    this.#lanes.set(thread, lane);
    return lane;
  }

  /** Puts loaded messages before those that were sent in the meantime. */
  #restore(messages: readonly StoredMessage[]): void {
    const restored = new Map<string, Entry[]>();
    const known = new Set<string>();
    for (const [thread, { entries }] of this.#lanes) {
      for (const { publish } of entries) known.add(`${thread} ${publish.mid}`);
    }
    for (const message of messages.toSorted((a, b) => a.at - b.at)) {
      const { thread, mid, body, at } = message;
      this.#lastAt = Math.max(this.#lastAt, at);
      const text = jsonText(body);
      if (text === null || known.has(`${thread} ${mid}`)) continue;
      known.add(`${thread} ${mid}`);
      const entry = entryOf(message, text);
      // Nobody awaits this promise; `changed` reports the outcome.
      entry.promise.catch(() => undefined);
      const entries = restored.get(thread) ?? [];
      entries.push(entry);
      restored.set(thread, entries);
    }
    for (const [thread, entries] of restored) {
      const lane = this.#laneOf(thread);
      lane.entries = entries.concat(lane.entries);
      this.#size += entries.length;
      for (const entry of entries) this.#events.changed(outgoing(entry, 'pending'));
    }
  }

  /** Runs writes one after the other, in the order of calls. */
  #store(work: (storage: OutboxStorage) => void | Promise<void>): void {
    const { storage } = this.#parts;
    if (storage === null) return;
    const failed = (cause: unknown): void => {
      this.#storageFailed('written', cause);
    };
    let done: unknown;
    if (this.#writing === null) {
      try {
        done = work(storage);
      } catch (cause) {
        failed(cause);
      }
      if (!isThenable(done)) return;
    }
    const writing = (this.#writing ?? Promise.resolve(done))
      .then(() => (isThenable(done) ? undefined : work(storage)))
      .catch(failed)
      .then(() => {
        if (this.#writing === writing) this.#writing = null;
      });
    this.#writing = writing;
  }

  #storageFailed(how: 'read' | 'written', cause: unknown): void {
    const message = `waiting messages could not be ${how}: ${reasonOf(cause)}`;
    this.#events.error(clientError('storage', message));
  }

  #pump(lane: Lane): void {
    for (const entry of [...lane.entries]) {
      if (!this.#isConnected || this.#isLoading || this.#cancelHold !== null) return;
      if (lane.inFlight >= this.#settings.window) return;
      if (!entry.inFlight) this.#attempt(lane, entry);
    }
  }

  #attempt(lane: Lane, entry: Entry): void {
    // The server closes the connection on an oversized frame, so sending one again would repeat that for ever.
    const { bytes, limit, over } = messageSize(entry.publish, this.#frameBytes);
    if (over > 0) {
      const message = `${String(over)} bytes too long: the frame is ${String(bytes)} bytes, the server takes ${String(limit)}`;
      this.#refuse(lane, entry, new RollcallError('too_large', message));
      return;
    }
    entry.inFlight = true;
    lane.inFlight += 1;
    const options = { timeoutMs: ACK_TIMEOUT_MS, late: 'again', keep: false } as const;
    this.#parts.requests.start(entry.publish, options, (reply) => {
      entry.inFlight = false;
      lane.inFlight -= 1;
      if (this.#closed === null) this.#ended(lane, entry, reply);
    });
  }

  #ended(lane: Lane, entry: Entry, reply: Reply): void {
    if (reply.ok && isAckOf(entry, reply.frame)) {
      this.#settle(lane, entry);
      this.#events.changed(outgoing(entry, 'sent', { offset: reply.frame.offset }));
      entry.resolve(reply.frame);
    } else if (reply.ok) {
      this.#refuse(lane, entry, badReply('publish', reply.frame));
    } else if (reply.error.code === 'disconnected') {
      return;
    } else if (!reply.error.retry) {
      this.#refuse(lane, entry, reply.error);
    } else {
      this.#hold(retryAfterMs(reply.error, REFUSED_WAIT_MS * (1 + this.#parts.random())));
    }
    this.#pump(lane);
  }

  /** Delays all lanes: the rate limit or log that refused one message would refuse the others too. */
  #hold(waitMs: number): void {
    this.#cancelHold ??= this.#parts.clock.after(waitMs, () => {
      this.#release();
    });
  }

  #release(): void {
    this.#cancelHold = null;
    for (const lane of [...this.#lanes.values()]) this.#pump(lane);
  }

  #refuse(lane: Lane, entry: Entry, error: RollcallError): void {
    this.#settle(lane, entry);
    this.#events.changed(outgoing(entry, 'failed', { error }));
    entry.reject(error);
  }

  #settle(lane: Lane, entry: Entry): void {
    const { thread, mid } = entry.publish;
    this.#store((storage) => storage.remove(thread, mid));
    lane.entries.splice(lane.entries.indexOf(entry), 1);
    this.#size -= 1;
    if (lane.entries.length === 0) this.#lanes.delete(thread);
  }
}

function entryOf({ at, ...message }: StoredMessage, bodyJson: string): Entry {
  return { publish: { type: 'publish', ...message }, at, bodyJson, ...deferred(), inFlight: false };
}

function outgoing(
  { publish, at }: Entry,
  state: Outgoing['state'],
  { error = null, offset = null }: Partial<Pick<Outgoing, 'error' | 'offset'>> = {}
): Outgoing {
  const { type: _, ...message } = publish;
  return { kind: undefined, expect: undefined, ...message, at, state, error, offset };
}

function isAckOf({ publish }: Entry, frame: ServerFrame): frame is Ack {
  return frame.type === 'ack' && frame.thread === publish.thread && frame.mid === publish.mid;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isRecord(value) && typeof value['then'] === 'function';
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
