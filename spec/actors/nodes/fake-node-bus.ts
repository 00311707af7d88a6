/**
 * A network between nodes on virtual time. Each message takes a while by chance, may come twice, and keeps the order of its
 * sender; it is lost when the receiver or the sender is cut off meanwhile. What passes is the text, as over the real bus.
 */
import { expect } from 'chai';
import type { Clock } from '../../../actors/clock.js';
import type { NodeBus, NodeEar } from '../../../actors/nodes/node-bus.js';
import { readNodeMessage, type NodeMessage } from '../../../actors/nodes/node-message.js';

/** How the network behaves; times in milliseconds. */
export interface NetworkOptions {
  readonly clock: Pick<Clock, 'elapsed' | 'setTimeout'>;
  /** Returns a number in [0, 1). */
  readonly random?: () => number;
  readonly delayMaxMs?: number;
  /** Share of the messages that come twice. */
  readonly twice?: number;
}

/** One node's end of the network. */
export class FakeNodeBus implements NodeBus {
  readonly node: string;
  ear: NodeEar | null = null;
  isConnected = true;
  /** Counts the cuts: what was on its way at one is lost. */
  life = 0;
  private readonly network: FakeNetwork;

  constructor(node: string, network: FakeNetwork) {
    this.node = node;
    this.network = network;
  }

  toAll(_thread: string | null, message: NodeMessage): void {
    for (const to of this.network.others(this)) this.network.send(this, to, message);
  }

  toNode(node: string, message: NodeMessage): void {
    for (const to of this.network.others(this)) {
      if (to.node === node) this.network.send(this, to, message);
    }
  }

  listen(ear: NodeEar): () => void {
    this.ear = ear;
    if (this.isConnected) ear.connected(true);
    return () => {
      this.ear = null;
    };
  }

  /** Cuts this node off, or lets it reach the others again. */
  cut(isCut: boolean): void {
    if (this.isConnected !== isCut) return;
    this.isConnected = !isCut;
    this.life++;
    this.ear?.connected(!isCut);
  }

  /** Ends this node as the loss of its process would: it says and hears nothing any more. */
  kill(): void {
    this.isConnected = false;
    this.life++;
    this.ear = null;
    this.network.remove(this);
  }
}

/** The network. */
export class FakeNetwork {
  /** Number of messages that were sent, one for each receiver. */
  sent = 0;
  private readonly options: Required<NetworkOptions>;
  private readonly ends = new Set<FakeNodeBus>();
  /** When the last message from one node to another arrives, so that none overtakes it. */
  private readonly lastAt = new Map<string, number>();

  constructor(options: NetworkOptions) {
    this.options = { random: () => 0, delayMaxMs: 1, twice: 0, ...options };
  }

  /** Adds a node. */
  join(node: string): FakeNodeBus {
    const end = new FakeNodeBus(node, this);
    this.ends.add(end);
    return end;
  }

  remove(end: FakeNodeBus): void {
    this.ends.delete(end);
  }

  others(own: FakeNodeBus): FakeNodeBus[] {
    return [...this.ends].filter((end) => end !== own);
  }

  send(from: FakeNodeBus, to: FakeNodeBus, message: NodeMessage): void {
    if (!from.isConnected || !to.isConnected) return;
    const { clock, random, delayMaxMs, twice } = this.options;
    const way = `${from.node} ${to.node}`;
    const lives = `${String(from.life)} ${String(to.life)}`;
    const text = JSON.stringify(message);
    for (let times = random() < twice ? 2 : 1; times > 0; times--) {
      const now = clock.elapsed();
      const at = Math.max(this.lastAt.get(way) ?? 0, now + Math.floor(random() * delayMaxMs));
      this.lastAt.set(way, at);
      this.sent++;
      clock.setTimeout(() => {
        if (lives !== `${String(from.life)} ${String(to.life)}`) return;
        const read = readNodeMessage(text);
        if (read === null) expect.fail(`a node would not understand ${text}`);
        to.ear?.heard(from.node, read);
      }, at - now);
    }
  }
}
