/**
 * Subscribers that remember what they receive: three kinds of clients, each with its own code to resume where it was.
 */
import { WebSocket } from 'ws';
import { connect } from '../../client/sdk/client.js';
import { openEvents, type EventReader } from './event-reader.js';
import { Farewells, type Farewell } from './farewells.js';
import { isFrame, Link } from './link.js';
import { between, type Random } from './random.js';
import { Seen } from './seen.js';

/** Wait before an event stream is opened again. */
const STREAM_RETRY_LEAST_MS = 20;
const STREAM_RETRY_MOST_MS = 120;

/** Kinds of subscribers. */
export const WITNESS_KINDS = ['raw', 'sdk', 'sse'] as const;

/** One of {@link WITNESS_KINDS}. */
export type WitnessKind = (typeof WITNESS_KINDS)[number];

/** What a subscriber needs from outside. */
export interface WitnessOptions {
  readonly url: string;
  readonly name: string;
  readonly threads: readonly string[];
  readonly random: Random;
}

/** A subscriber of all threads. */
export interface Witness {
  readonly name: string;
  readonly kind: WitnessKind;
  readonly seen: Seen;
  /** Connections it has had. */
  readonly connections: number;
  /** How they ended. */
  readonly farewells: Farewells;
  /** Cuts its connection; it reconnects. */
  cut(): void;
  /** Says that the server may be back. */
  nudge(): void;
  close(): void;
}

/** Starts a subscriber. */
export function startWitness(kind: WitnessKind, options: WitnessOptions): Witness {
  if (kind === 'raw') return new RawWitness(options);
  return kind === 'sdk' ? new SdkWitness(options) : new EventsWitness(options);
}

class RawWitness implements Witness {
  readonly kind = 'raw';
  readonly name: string;
  readonly seen: Seen;
  readonly #link: Link;

  constructor({ url, name, threads, random }: WitnessOptions) {
    this.name = name;
    this.seen = new Seen(threads);
    this.#link = new Link({
      url,
      user: name,
      random,
      connected: () => {
        for (const thread of threads) this.#subscribe(thread);
      },
      frame: (frame) => {
        if (frame.type === 'message') this.seen.message(frame.thread, frame.offset, frame.mid);
        else if (frame.type === 'subscribed') this.seen.subscribed(frame);
        // An error with `retry` is no fault: the next connection subscribes again.
        else if (frame.type === 'error' && frame.retry !== true)
          this.seen.faults.add(JSON.stringify(frame));
      }
    });
  }

  get connections(): number {
    return this.#link.connections;
  }

  get farewells(): Farewells {
    return this.#link.farewells;
  }

  cut(): void {
    this.#link.cut();
  }

  nudge(): void {
    // Nothing to do: it tries to reconnect all the time.
  }

  close(): void {
    this.#link.close();
  }

  #subscribe(thread: string): void {
    const epoch = this.seen.epoch(thread);
    const since = epoch === null ? 'start' : { offset: this.seen.offset(thread), epoch };
    this.#link.send({ type: 'subscribe', thread, since });
  }
}

/** Factor for the SDK's waits: they spread clients over seconds, which is longer than a server lives here. */
const SDK_PATIENCE = 0.02;

/** The SDK as an application uses it. */
class SdkWitness implements Witness {
  readonly kind = 'sdk';
  readonly name: string;
  readonly seen: Seen;
  readonly farewells: Farewells;
  connections = 0;
  readonly #client: ReturnType<typeof connect>;
  #socket: WebSocket | null = null;
  #farewell: Farewell | null = null;
  #isOver = false;

  constructor({ url, name, threads, random }: WitnessOptions) {
    this.name = name;
    this.seen = new Seen(threads);
    this.farewells = new Farewells(name);
    const opened = (socket: WebSocket): void => {
      this.#socket = socket;
      this.#farewell = this.farewells.watch(socket);
    };
    this.#client = connect(url, {
      user: name,
      random: () => random() * SDK_PATIENCE,
      WebSocket: class extends WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols);
          opened(this);
        }
      }
    });
    this.#client.on('state', (state) => {
      if (state.name === 'connected') this.connections += 1;
      else if (state.name === 'closed' && !this.#isOver) {
        this.seen.faults.add(`closed: ${state.error.message}`);
      }
    });
    this.#client.on('error', (error) => {
      this.seen.faults.add(error.message);
    });
    for (const id of threads) {
      const thread = this.#client.thread(id, { since: 'start' });
      thread.on('message', ({ offset, mid }) => {
        this.seen.message(id, offset, mid);
      });
      thread.on('gap', (gap) => {
        this.seen.faults.add(`a gap in ${id}: ${JSON.stringify(gap)}`);
      });
      thread.on('refused', (error) => {
        this.seen.faults.add(`refused ${id}: ${error.message}`);
      });
    }
  }

  cut(): void {
    this.#farewell?.ours();
    this.#socket?.terminate();
  }

  nudge(): void {
    this.#client.reconnectNow();
  }

  close(): void {
    this.#isOver = true;
    this.#farewell?.ours();
    this.#client.close();
  }
}

/** Server-sent events, one stream a thread, resumed by `Last-Event-ID` as a browser does. */
class EventsWitness implements Witness {
  readonly kind = 'sse';
  readonly name: string;
  readonly seen: Seen;
  readonly farewells: Farewells;
  connections = 0;
  readonly #options: WitnessOptions;
  readonly #streams = new Map<string, { reader: EventReader; farewell: Farewell }>();
  #isOver = false;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.name = options.name;
    this.seen = new Seen(options.threads);
    this.farewells = new Farewells(options.name);
    for (const thread of options.threads) this.#open(thread);
  }

  cut(): void {
    const { random, threads } = this.#options;
    this.#cut(threads[between(random, 0, threads.length - 1)] ?? '');
  }

  nudge(): void {
    // Nothing to do: it tries to reconnect all the time.
  }

  close(): void {
    this.#isOver = true;
    for (const thread of this.#streams.keys()) this.#cut(thread);
  }

  #cut(thread: string): void {
    const stream = this.#streams.get(thread);
    stream?.farewell.ours();
    stream?.reader.close();
  }

  #open(thread: string): void {
    if (this.#isOver) return;
    const { url, random } = this.#options;
    const farewell = this.farewells.begin();
    const reader = openEvents(`${url}/api/threads/${thread}/events`, {
      lastEventId: String(this.seen.offset(thread)),
      event: ({ event, id, data }) => {
        const frame: unknown = JSON.parse(data);
        farewell.frame(frame);
        if (!isFrame(frame)) this.seen.faults.add(`no frame: ${data}`);
        else if (event === 'subscribed') this.seen.subscribed(frame);
        else if (event === 'message') {
          if (id?.endsWith(`:${String(frame.offset)}`) !== true)
            this.seen.faults.add(`event id ${String(id)}: ${data}`);
          this.seen.message(thread, frame.offset, frame.mid);
        }
      }
    });
    this.#streams.set(thread, { reader, farewell });
    reader.status.then(
      (status) => {
        if (status === 200) this.connections += 1;
      },
      () => undefined
    );
    void reader.ended.then((isWhole) => {
      farewell.end(isWhole ? 'in good order' : 'in the middle');
      setTimeout(
        () => {
          this.#open(thread);
        },
        between(random, STREAM_RETRY_LEAST_MS, STREAM_RETRY_MOST_MS)
      ).unref();
    });
  }
}
