/**
 * The bus between nodes over core NATS, which stores nothing. Subjects: `rollcall.<cluster>.p.<partition>.<node>` for what
 * concerns a thread, `rollcall.<cluster>.all.<node>` for all nodes, `rollcall.<cluster>.to.<receiver>.<node>` for one. Each
 * ends with its sender, so that a node passes over its own without reading them.
 */
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { partitionOf } from '../cluster/partitions.js';
import type { Nats } from '../nats/nats.js';
import type { NodeBus, NodeEar } from './node-bus.js';
import { readNodeMessage, type NodeMessage } from './node-message.js';

/** Options of {@link NatsNodeBus}. */
export interface NatsNodeBusOptions {
  readonly nats: Pick<Nats, 'onChange'>;
  /** Name of the cluster: brokers may serve several. */
  readonly cluster: string;
  /** Id of this node, new with each start; letters and digits. */
  readonly node: string;
  readonly partitions: number;
  /** Called for each message that could not be sent or read, with why. */
  readonly onLost: (reason: string) => void;
}

/** The bus of one node. */
export class NatsNodeBus implements NodeBus {
  readonly node: string;
  private readonly options: NatsNodeBusOptions;
  private connection: NatsConnection | null = null;
  /** The connection that the subscriptions belong to; NATS keeps them when it moves to another broker. */
  private listening: NatsConnection | null = null;
  private subscriptions: readonly Subscription[] = [];

  constructor(options: NatsNodeBusOptions) {
    this.node = options.node;
    this.options = options;
  }

  toAll(thread: string | null, message: NodeMessage): void {
    const place =
      thread === null ? 'all' : `p.${String(partitionOf(thread, this.options.partitions))}`;
    this.send(place, message);
  }

  toNode(node: string, message: NodeMessage): void {
    this.send(`to.${node}`, message);
  }

  listen(ear: NodeEar): () => void {
    const stop = this.options.nats.onChange((connection) => {
      this.connection = connection;
      if (connection !== null && connection !== this.listening) this.subscribe(connection, ear);
      ear.connected(connection !== null);
    });
    return () => {
      stop();
      this.connection = null;
      this.unsubscribe();
    };
  }

  private subscribe(connection: NatsConnection, ear: NodeEar): void {
    this.unsubscribe();
    this.listening = connection;
    const prefix = `rollcall.${this.options.cluster}`;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.received(message, ear);
      else this.options.onLost(error.message);
    };
    this.subscriptions = ['p.*.*', 'all.*', `to.${this.node}.*`].map((place) =>
      connection.subscribe(`${prefix}.${place}`, { callback })
    );
  }

  private received(message: Msg, ear: NodeEar): void {
    const from = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    if (from === this.node) return;
    const read = readNodeMessage(message.string());
    if (read === null) this.options.onLost(`node ${from} has sent what this version does not know`);
    else ear.heard(from, read);
  }

  private unsubscribe(): void {
    this.listening = null;
    for (const subscription of this.subscriptions) {
      try {
        subscription.unsubscribe();
      } catch {
        // Its connection is closed, and the subscription with it.
      }
    }
    this.subscriptions = [];
  }

  private send(place: string, message: NodeMessage): void {
    const { cluster, onLost } = this.options;
    // While no broker is there, NATS would keep what is sent and send it late; for what is not stored, late is wrong.
    if (this.connection === null) return;
    try {
      const subject = `rollcall.${cluster}.${place}.${this.node}`;
      this.connection.publish(subject, JSON.stringify(message));
    } catch (error) {
      onLost(error instanceof Error ? error.message : String(error));
    }
  }
}
