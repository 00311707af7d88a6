import { expect } from 'chai';
import type { Bus, BusNode, Ephemeral, Kicked } from '../../../actors/bus/bus.js';

/** A node on a bus under test that records what its connections get. */
export class HeardNode implements BusNode {
  readonly told: Ephemeral[] = [];
  readonly fellBack: string[] = [];
  readonly cutOff: string[] = [];
  /** Number of connections of each user; they take every frame. */
  readonly connections = new Map<string, number>();
  /** Users who count as reachable although their connections take no frame. */
  readonly full = new Set<string>();

  tell(frame: Ephemeral): void {
    this.told.push(frame);
  }

  cut(user: string): void {
    this.cutOff.push(user);
  }

  kick(whom: Kicked): number {
    const user = 'user' in whom ? whom.user : whom.connection;
    const closed = this.connections.get(user) ?? 0;
    this.connections.delete(user);
    return closed;
  }

  isReachable(user: string): boolean {
    return this.connections.has(user) || this.full.has(user);
  }

  fallback(user: string, thread: string, { offset }: { readonly offset: number }): number {
    const taken = this.connections.get(user) ?? 0;
    if (taken > 0) this.fellBack.push(`${user} ${thread} ${String(offset)}`);
    return taken;
  }
}

/** A bus with one or several nodes on it. */
export interface BusUnderTest {
  /** The nodes, each with the bus as it uses it. */
  readonly nodes: readonly { readonly node: HeardNode; readonly bus: Bus }[];
  /** Resolves when everything that was sent has arrived, and every node knows who is connected to the others. */
  readonly settled: () => Promise<void>;
}

const TYPING = { type: 'typing', thread: 't', user: 'ada', on: true, forMs: 6_000 } as const;
const MESSAGE = { offset: 7, frame: '{"type":"message","thread":"t","offset":7}' };

/** The contract of every bus, whatever its implementation. */
export function describeBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`${name} as a bus`, () => {
    let under: BusUnderTest;
    const first = (): BusUnderTest['nodes'][number] => {
      const [found] = under.nodes;
      return found ?? expect.fail('there is no node');
    };
    const last = (): BusUnderTest['nodes'][number] => under.nodes.at(-1) ?? first();
    const fallback = async (user: string): Promise<number[]> => {
      const answers: number[] = [];
      first().bus.fallback(user, 't', MESSAGE, (taken) => answers.push(taken));
      await under.settled();
      return answers;
    };

    beforeEach(async () => {
      under = await open();
    });

    it('gives a frame to its own node before it returns', () => {
      first().bus.tell(TYPING);
      expect(first().node.told).to.deep.equal([TYPING]);
    });

    it('gives every kind of frame to every node, once, as it is and in order', async () => {
      const frames: Ephemeral[] = [
        TYPING,
        { type: 'presence', thread: 't', join: ['bob'], leave: ['eve'] },
        { type: 'presence', thread: 't', count: 201 },
        { type: 'mark', thread: 't', user: 'ada', read: 7 },
        { type: 'chunk', thread: 't', run: 'r1', at: 0, text: 'so far\n"…"' },
        { type: 'chunk', thread: 'u', run: 'r2', at: 3, text: '' },
        { ...TYPING, on: false }
      ];
      for (const frame of frames) first().bus.tell(frame);
      await under.settled();
      for (const { node } of under.nodes) expect(node.told).to.deep.equal(frames);
    });

    it('knows who is connected to any node, and who is no more', async () => {
      expect(first().bus.isReachable('ada')).to.equal(false);
      last().node.connections.set('ada', 1);
      await under.settled();
      for (const { bus } of under.nodes) expect(bus.isReachable('ada')).to.equal(true);
      last().node.connections.delete('ada');
      await under.settled();
      for (const { bus } of under.nodes) expect(bus.isReachable('ada')).to.equal(false);
    });

    it('cuts the connections of a user on every node, on its own before it returns', async () => {
      const { nodes, settled } = await open();
      nodes[0]!.bus.cut('ada');
      expect(nodes[0]!.node.cutOff).to.eql(['ada']);
      await settled();
      for (const { node } of nodes) expect(node.cutOff).to.eql(['ada']);
    });

    it('closes connections on every node and says once how many', async () => {
      for (const { node } of under.nodes) node.connections.set('ada', 2);
      last().node.connections.set('c1', 1);
      await under.settled();
      const closed: number[] = [];
      for (const whom of [{ user: 'ada' }, { connection: 'c1' }, { connection: 'c1' }]) {
        first().bus.kick(whom, (count) => closed.push(count));
        await under.settled();
      }
      expect(closed).to.eql([2 * under.nodes.length, 1, 0]);
    });

    it('gives a fallback to all connections of the user and says once how many took it', async () => {
      for (const { node } of under.nodes) node.connections.set('ada', 2).set('bob', 1);
      await under.settled();
      expect(await fallback('ada')).to.deep.equal([2 * under.nodes.length]);
      for (const { node } of under.nodes) expect(node.fellBack).to.deep.equal(['ada t 7']);
    });

    it('says that nobody took a fallback when nobody is there, or takes it after all', async () => {
      last().node.full.add('bob');
      await under.settled();
      expect(await fallback('ada')).to.deep.equal([0]);
      expect(await fallback('bob')).to.deep.equal([0]);
    });
  });
}
