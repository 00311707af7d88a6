import { expect } from 'chai';
import { createActor } from 'xstate';
import { systemClock } from '../../../actors/clock.js';
import { createNats, type Nats } from '../../../actors/nats/nats.js';
import { NatsNodeBus } from '../../../actors/nodes/nats-node-bus.js';
import type { NodeMessage } from '../../../actors/nodes/node-message.js';
import { serviceParent } from '../nats/nats-parent.js';
import { NatsServers, requireNatsServer } from '../../nats-servers.js';
import { RecordedLogger } from '../recorded-logger.js';

/** A node on the real bus. What it hears can be waited for. */
class Listener {
  readonly heard: { from: string; message: NodeMessage }[] = [];
  readonly connected: boolean[] = [];
  readonly lost: string[] = [];
  readonly bus: NatsNodeBus;
  readonly nats: Nats;
  private readonly parent: { stop(): void };
  private wake: () => void = () => undefined;

  constructor(node: string, urls: readonly string[]) {
    this.nats = createNats({
      urls,
      credentials: null,
      node,
      refusesOld: false,
      clock: systemClock,
      random: () => 0.1,
      logger: new RecordedLogger()
    });
    this.bus = new NatsNodeBus({
      nats: this.nats,
      cluster: 'c1',
      node,
      partitions: 4,
      onLost: (reason) => this.lost.push(reason)
    });
    this.bus.listen({
      heard: (from, message) => {
        this.heard.push({ from, message });
        this.wake();
      },
      connected: (isConnected) => {
        this.connected.push(isConnected);
        this.wake();
      }
    });
    this.parent = createActor(serviceParent(this.nats.logic)).start();
  }

  /** Resolves when something holds, which is looked at whenever it hears something. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  async close(): Promise<void> {
    await this.nats.connection?.close();
    this.parent.stop();
  }
}

const TYPING = { type: 'typing', thread: 't', user: 'ada', on: true, forMs: 6_000 } as const;
const FRAME: NodeMessage = { type: 'frame', frame: TYPING };

describe('NatsNodeBus', () => {
  let servers: NatsServers;
  let nodes: Listener[];
  let [one, two, three]: Listener[] = [];

  before(async function () {
    servers = await NatsServers.start(requireNatsServer(this), { count: 3 });
  });
  after(async () => {
    await servers.stop();
  });
  beforeEach(async () => {
    // Each at a broker of its own, so that everything goes between brokers.
    nodes = servers.urls.map((url, at) => new Listener(`n${String(at)}`, [url]));
    [one, two, three] = nodes;
    for (const node of nodes) {
      await node.until(() => node.connected.at(-1) === true);
      await node.nats.connection?.flush();
    }
    // Until the brokers know of the subscriptions of each other, messages are lost, as at every start.
    for (const node of nodes) {
      while (
        !nodes.every((to) => to === node || to.heard.some(({ from }) => from === node.bus.node))
      ) {
        node.bus.toAll(null, { type: 'bye' });
        await node.nats.connection?.flush();
      }
    }
    for (const node of nodes) node.heard.length = 0;
  });
  afterEach(async () => {
    for (const node of nodes) await node.close();
  });

  const heardBy = (node: Listener | undefined): NodeMessage[] =>
    (node?.heard ?? [])
      .filter(({ message }) => message.type !== 'bye')
      .map(({ message }) => message);

  it('gives what concerns a thread, or all, to every other node in order, and none back', async () => {
    const sent: NodeMessage[] = [FRAME, { type: 'cut', user: 'ada' }, { type: 'missing' }];
    one?.bus.toAll('t', FRAME);
    one?.bus.toAll(null, { type: 'cut', user: 'ada' });
    one?.bus.toAll('u', { type: 'missing' });
    for (const node of [two, three]) await node?.until(() => heardBy(node).length === 3);
    expect(heardBy(two)).to.have.deep.members(sent);
    expect(heardBy(three)).to.have.deep.members(sent);
    expect(heardBy(one)).to.eql([]);
  });

  it('gives what is for one node to that one only', async () => {
    one?.bus.toNode('n1', FRAME);
    one?.bus.toAll(null, { type: 'missing' });
    for (const node of [two, three]) await node?.until(() => heardBy(node).length > 0);
    await two?.until(() => heardBy(two).length === 2);
    expect(heardBy(three)).to.eql([{ type: 'missing' }]);
  });

  it('passes over what it does not know, and says so', async () => {
    one?.nats.connection?.publish('rollcall.c1.all.n0', '{"type":"later"}');
    one?.bus.toAll(null, FRAME);
    await two?.until(() => heardBy(two).length > 0);
    expect(heardBy(two)).to.eql([FRAME]);
    expect(two?.lost).to.have.length(1);
  });

  it('says when no broker is there, sends nothing late, and goes on afterwards', async () => {
    await servers.kill(0);
    await one?.until(() => one?.connected.at(-1) === false);
    one?.bus.toAll(null, FRAME);
    await servers.restart(0);
    await one?.until(() => one?.connected.at(-1) === true);
    const said: NodeMessage = { type: 'cut', user: 'bob' };
    while (heardBy(two).length === 0) {
      one?.bus.toAll(null, said);
      await one?.nats.connection?.flush();
      await two?.nats.connection?.flush();
    }
    expect(heardBy(two)).not.to.deep.include(FRAME);
    expect(heardBy(two)[0]).to.eql(said);
  });
});
