/**
 * The order kept by JetStream: one stream for each partition, with one subject. The client of NATS is loaded here, with
 * the first connection.
 */
import type { ConsumerMessages, JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '../../../machines/reason.js';
import type { CommandOrder, Consumption, Ordered, Stored } from '../order.js';

/** Name of the stream of a partition, before its number. */
export const STREAM = 'RC_LOG_';

/** Limit of one question to the brokers, in milliseconds. */
const REQUEST_MS = 2_000;

/** Time in which an id is not stored again: longer than a batch is tried for with one id before nodes look at its number. */
const DUPLICATE_WINDOW_NS = 120_000_000_000;

/** Bytes of messages that a reader asks for in advance. */
const READ_AHEAD_BYTES = 8_388_608;

/** The brokers say that a stream is not empty, or that there is no such message or stream. */
const CODES = { wrongLastSequence: 10_071, noMessage: 10_037, noStream: 10_059 } as const;

/** Options of {@link openJetStreamOrder}. */
export interface JetStreamOrderOptions {
  /**
   * Calls a listener with the connection while a broker is connected, and with null while none is: at once, and then on
   * every change. Returns a function that removes it.
   */
  readonly onChange: (listener: (connection: NatsConnection | null) => void) => () => void;
  readonly partitions: number;
  /** Copies of each stream; 0 for three, or one where there is a single broker. */
  readonly replicas: number;
  /** Whether streams that are not there are made. Default: true. */
  readonly makes?: boolean;
}

/** Opens the order; the streams are made when there are none. Rejects when no broker is connected or they refuse. */
export async function openJetStreamOrder(options: JetStreamOrderOptions): Promise<CommandOrder> {
  const order = new JetStreamOrder(options);
  try {
    await order.open();
    return order;
  } catch (error) {
    await order.close();
    throw error;
  }
}

interface Clients {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

class JetStreamOrder implements CommandOrder {
  readonly partitions: number;
  readonly isSynced = false;
  readonly #options: JetStreamOrderOptions;
  readonly #readers = new Set<Reader>();
  #connection: NatsConnection | null = null;
  #clients: Promise<Clients> | null = null;
  #listener: (isReached: boolean) => void = () => undefined;
  #stopListening: () => void;

  constructor(options: JetStreamOrderOptions) {
    this.#options = options;
    this.partitions = options.partitions;
    this.#stopListening = () => undefined;
    this.#stopListening = options.onChange((connection) => {
      if (connection !== null && connection !== this.#connection) this.#clients = null;
      this.#connection = connection;
      this.#listener(connection !== null);
    });
  }

  get maxBytes(): number {
    return this.#connection?.info?.max_payload ?? 1_048_576;
  }

  /** Makes the streams, or checks that they are as they must be. */
  async open(): Promise<void> {
    const { manager, connection } = await this.#use();
    const replicas = this.#options.replicas || (connection.info?.cluster === undefined ? 1 : 3);
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const name = nameOf(partition);
      const info = await orNull(manager.streams.info(name), CODES.noStream);
      if (info === null) {
        if (this.#options.makes === false) throw new Error(`the brokers have no stream ${name}`);
        await this.#make(manager, partition, replicas);
      } else if (!info.config.deny_delete || !info.config.deny_purge) {
        throw new Error(
          `the stream ${name} of the brokers is not one of Rollcall: it may lose messages`
        );
      }
    }
  }

  async #make(manager: JetStreamManager, partition: number, replicas: number): Promise<void> {
    const name = nameOf(partition);
    try {
      await manager.streams.add({
        name,
        subjects: [subjectOf(partition)],
        num_replicas: replicas,
        duplicate_window: DUPLICATE_WINDOW_NS,
        deny_delete: true,
        deny_purge: true
      });
    } catch (error) {
      // Another node may make it at this moment.
      if ((await orNull(manager.streams.info(name), CODES.noStream)) !== null) return;
      throw new Error(
        `the brokers cannot keep ${String(replicas)} copies of the stream ${name} (${reasonOf(error)}): start as many brokers, or set NATS_REPLICAS`,
        { cause: error }
      );
    }
  }

  async publish(partition: number, id: string, bytes: Uint8Array): Promise<Stored> {
    const { client } = await this.#use();
    const ack = await client.publish(subjectOf(partition), bytes, {
      msgID: id,
      timeout: REQUEST_MS,
      retries: 0
    });
    return { sequence: ack.seq, isDuplicate: ack.duplicate };
  }

  async found(partition: number, bytes: Uint8Array): Promise<void> {
    if ((await this.last(partition)) > 0) return;
    const { client } = await this.#use();
    const expect = { lastSequence: 0 };
    const id = `genesis:${Buffer.from(bytes).toString('base64url').slice(-24)}`;
    const options = { msgID: id, expect, timeout: REQUEST_MS };
    await orNull(client.publish(subjectOf(partition), bytes, options), CODES.wrongLastSequence);
  }

  async message(partition: number, sequence: number): Promise<Ordered | null> {
    const { manager } = await this.#use();
    const query = { seq: sequence };
    const found = await orNull(
      manager.streams.getMessage(nameOf(partition), query),
      CODES.noMessage
    );
    return found === null
      ? null
      : { sequence: found.seq, stamp: found.header.get(ID_HEADER), bytes: found.data };
  }

  async last(partition: number): Promise<number> {
    const { manager } = await this.#use();
    return (await manager.streams.info(nameOf(partition))).state.last_seq;
  }

  consume(partition: number, from: number, told: (message: Ordered) => void): Consumption {
    const clients = this.#use();
    const reader = new Reader(clients, nameOf(partition), from, told, () => {
      this.#readers.delete(reader);
    });
    this.#readers.add(reader);
    return reader;
  }

  onReach(listener: (isReached: boolean) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#listener = () => undefined;
    for (const reader of this.#readers) reader.stop();
    await Promise.resolve();
  }

  #use(): Promise<Clients> {
    const connection = this.#connection;
    if (connection === null) return Promise.reject(new Error('no broker is connected'));
    this.#clients ??= clientsOf(connection);
    // A manager that could not be made is tried again with the next question.
    this.#clients.catch(() => {
      this.#clients = null;
    });
    return this.#clients;
  }
}

async function clientsOf(connection: NatsConnection): Promise<Clients> {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection, { timeout: REQUEST_MS });
  return { connection, client: jetstream(connection, { timeout: REQUEST_MS }), manager };
}

const ID_HEADER = 'Nats-Msg-Id';

/** Reads one stream with an ordered consumer, which may stall for good: whoever reads watches over it. */
class Reader implements Consumption {
  readonly #onStop: () => void;
  #messages: ConsumerMessages | null = null;
  #isStopped = false;

  constructor(
    clients: Promise<Clients>,
    stream: string,
    from: number,
    told: (message: Ordered) => void,
    onStop: () => void
  ) {
    this.#onStop = onStop;
    // What fails shows as no progress.
    this.#begin(clients, stream, from, told).catch(() => undefined);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#onStop();
    this.#end();
  }

  async #begin(
    clients: Promise<Clients>,
    stream: string,
    from: number,
    told: (message: Ordered) => void
  ): Promise<void> {
    const { client } = await clients;
    const consumer = await client.consumers.get(stream, { opt_start_seq: from });
    this.#messages = await consumer.consume({
      max_bytes: READ_AHEAD_BYTES,
      callback: ({ seq, headers, data }) => {
        if (this.#isStopped) return;
        told({ sequence: seq, stamp: headers?.get(ID_HEADER) ?? '', bytes: data });
      }
    });
    if (this.#isStopped) this.#end();
  }

  #end(): void {
    this.#messages?.close().catch(() => undefined);
    this.#messages = null;
  }
}

function nameOf(partition: number): string {
  return `${STREAM}${String(partition)}`;
}

function subjectOf(partition: number): string {
  return `rc.log.${String(partition)}`;
}

/** The answer, or null when the brokers refuse with this code. */
async function orNull<T>(answer: Promise<T>, code: number): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return null;
    throw error;
  }
}
