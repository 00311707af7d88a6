/**
 * The nodes of the cluster as this one knows them. Each says every few seconds that it is there; who is silent for longer
 * is gone. Whatever is heard of a node counts.
 */
import type { AwakeClock } from '../awake-timers.js';
import { Listeners } from '../listeners.js';
import type { NodeBus } from './node-bus.js';
import type { NodeAbout, NodeMessage } from './node-message.js';

/** Time between two greetings of a node, in milliseconds. */
export const NODE_HELLO_MS = 5_000;

/** A node that was silent this long is gone: three greetings were missed. Its people leave at once. */
export const NODE_SILENT_MS = 15_000;

/** How often silences are judged, in milliseconds. */
const NODE_CHECK_MS = 1_000;

/**
 * After this time with the brokers, in milliseconds, this node has heard every other one: each has greeted in between. What
 * is not known before then is no absence.
 */
export const NODES_SURE_MS = NODE_HELLO_MS + 1_000;

/** A node that is there, this one left out. */
export interface LivingNode {
  readonly node: string;
  /** What it has said of itself; null until its first greeting. */
  readonly about: NodeAbout | null;
  /** For how long it has been silent, in milliseconds. */
  readonly silentMs: number;
}

/** What becomes of a node. */
export interface NodeNews {
  readonly node: string;
  readonly what: 'came' | 'gone';
}

/** Options of {@link Nodes}. */
export interface NodesOptions {
  readonly bus: NodeBus;
  readonly clock: AwakeClock;
  /** Returns what this node says of itself. */
  readonly about: () => NodeAbout;
  /** Returns the number of the last `people` of this node. */
  readonly number: () => number;
  /** Gets the error of a listener that has thrown. */
  readonly onFault: (reason: string) => void;
}

/** The other nodes, and the greetings of this one. */
export class Nodes {
  /** Called when a node comes, and when it is gone. */
  readonly news: Listeners<NodeNews>;
  /** Called when this node has become sure of who is there, and when one is gone after that. */
  readonly settled: Listeners<null>;
  private readonly options: NodesOptions;
  private readonly known = new Map<string, { heardAt: number; about: NodeAbout | null }>();
  private connectedAt: number | null = null;
  private greetedAt = 0;
  private wasSure = false;
  private timer: unknown = null;

  constructor(options: NodesOptions) {
    this.options = options;
    this.news = new Listeners(options.onFault);
    this.settled = new Listeners(options.onFault);
  }

  /** The other nodes that are there. */
  living(): LivingNode[] {
    const now = this.options.clock.awake();
    return [...this.known].map(([node, { heardAt, about }]) => ({
      node,
      about,
      silentMs: now - heardAt
    }));
  }

  /** Ids of the other nodes that are there. */
  ids(): Iterable<string> {
    return this.known.keys();
  }

  /** Returns whether another node is there. */
  has(node: string): boolean {
    return this.known.has(node);
  }

  /** Whether this node reaches the brokers and has done so for long enough to have heard every other node. */
  get isSure(): boolean {
    const { clock } = this.options;
    return this.connectedAt !== null && clock.awake() - this.connectedAt >= NODES_SURE_MS;
  }

  /** Whether this node has the smallest id of those that are there: it does what one of them must do. */
  get isFirst(): boolean {
    for (const node of this.known.keys()) if (node < this.options.bus.node) return false;
    return true;
  }

  /** Notes whether this node reaches the brokers; greets when it does again. */
  connected(isConnected: boolean): void {
    this.connectedAt = isConnected ? this.options.clock.awake() : null;
    if (isConnected) this.greet(true);
    this.timer ??= this.check();
  }

  /** Notes that a node was heard; greets it back when it asks for that. */
  heard(node: string, message: NodeMessage): void {
    const { clock, bus } = this.options;
    if (message.type === 'bye') {
      this.gone(node);
      return;
    }
    const known = this.known.get(node) ?? { heardAt: 0, about: null };
    known.heardAt = clock.awake();
    if (message.type === 'hello') known.about = message.about;
    const isNew = !this.known.has(node);
    this.known.set(node, known);
    if (message.type === 'hello' && message.isNew) bus.toNode(node, this.hello(false));
    if (isNew) this.news.tell({ node, what: 'came' });
  }

  /** Says goodbye and stops. */
  close(): void {
    this.options.clock.clearTimeout(this.timer);
    this.timer = null;
    this.options.bus.toAll(null, { type: 'bye' });
    this.connectedAt = null;
  }

  private check(): unknown {
    return this.options.clock.setTimeout(() => {
      const now = this.options.clock.awake();
      if (this.connectedAt !== null && now - this.greetedAt >= NODE_HELLO_MS) this.greet(false);
      for (const [node, { heardAt }] of [...this.known]) {
        if (now - heardAt >= NODE_SILENT_MS) this.gone(node);
      }
      if (this.isSure !== this.wasSure) {
        this.wasSure = this.isSure;
        if (this.wasSure) this.settled.tell(null);
      }
      this.timer = this.check();
    }, NODE_CHECK_MS);
  }

  private greet(isNew: boolean): void {
    this.greetedAt = this.options.clock.awake();
    this.options.bus.toAll(null, this.hello(isNew));
  }

  private hello(isNew: boolean): NodeMessage {
    const { about, number } = this.options;
    return { type: 'hello', isNew, number: number(), about: about() };
  }

  private gone(node: string): void {
    if (!this.known.delete(node)) return;
    this.news.tell({ node, what: 'gone' });
    if (this.isSure) this.settled.tell(null);
  }
}
