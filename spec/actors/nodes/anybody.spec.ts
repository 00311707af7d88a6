/** The promise that no message is reported as undelivered while somebody is subscribed on any node. */
import { expect } from 'chai';
import fc from 'fast-check';
import { NODE_SILENT_MS, NODES_SURE_MS } from '../../../actors/nodes/nodes.js';
import { seeded } from '../../../scripts/kill-proof/random.js';
import { VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';
import { RigNode } from './cluster-rig.js';
import { FakeNetwork } from './fake-node-bus.js';

const GRACE_MS = 10_000;

/** Longest time until every node knows of a subscriber: it is gathered, and in the worst case asked for and told anew. */
const KNOWN_MS = 1_000;

/** Nodes that have known each other for a while. */
async function open(count: number, random: () => number = () => 0.5, twice = 0) {
  const clock = new VirtualClock();
  const network = new FakeNetwork({ clock, delayMaxMs: 200, random, twice });
  const log = new MemoryLog();
  const parts = { clock, network, log, graceMs: GRACE_MS };
  const nodes = Array.from({ length: count }, (_, at) => new RigNode(`n${String(at)}`, parts));
  await clock.advance(GRACE_MS + NODES_SURE_MS);
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('two nodes at least');
  return { clock, nodes, first, second };
}

describe('a message that is published on one of several nodes', () => {
  it('is delivered when the only subscriber is on another node', async () => {
    const { clock, first, second } = await open(2);
    second.subscribe('t', 'bob');
    await clock.advance(1_000);
    first.publish('t', 'ada');
    await clock.advance(4 * GRACE_MS);
    expect(first.threads.status()).to.include({ waiting: 0, undelivered: 0 });
    expect(first.incidents).to.equal(0);
  });

  it('is held while nobody is anywhere, and reported after the grace', async () => {
    const { clock, first } = await open(3);
    first.publish('t', 'ada');
    await clock.advance(GRACE_MS - 1);
    expect(first.incidents).to.equal(0);
    await clock.advance(1_000);
    expect(first.incidents).to.equal(1);
  });

  it('is no longer held when somebody gets it on another node, and an incident then ends', async () => {
    const { clock, first, second } = await open(2);
    first.publish('t', 'ada');
    await clock.advance(2 * GRACE_MS);
    expect(first.threads.status()).to.include({ undelivered: 1 });
    second.subscribe('t', 'bob');
    await clock.advance(2_000);
    expect(first.threads.status()).to.include({ waiting: 0, undelivered: 0 });
    expect(first.logger.with('Delivery resumed')).to.have.length(1);
  });

  it('stays held when only its author is there, on whatever node', async () => {
    const { clock, first, second } = await open(2);
    first.publish('t', 'ada');
    second.subscribe('t', 'ada');
    await clock.advance(2 * GRACE_MS);
    expect(first.incidents).to.equal(1);
  });

  it('is not reported by a node that cannot ask the others', async () => {
    const { clock, first, second } = await open(2);
    first.publish('t', 'ada');
    first.end.cut(true);
    second.subscribe('t', 'bob');
    await clock.advance(6 * GRACE_MS);
    expect(first.incidents).to.equal(0);
    first.end.cut(false);
    await clock.advance(3 * GRACE_MS);
    expect(first.incidents).to.equal(0);
    expect(first.threads.status()).to.include({ waiting: 0, undelivered: 0 });
  });

  it('is reported although a node has died, once that is known to be gone', async () => {
    const { clock, first, second } = await open(3);
    const silent = clock.elapsed();
    second.kill();
    first.publish('t', 'ada');
    while (first.incidents === 0) await clock.advance(100);
    expect(clock.elapsed() - silent).to.be.within(NODE_SILENT_MS - 5_000, NODE_SILENT_MS + 2_000);
  });

  it('is reported by another node when the one that held it has died', async () => {
    const { clock, first, second } = await open(3);
    second.publish('t', 'ada');
    await clock.advance(1_000);
    second.kill();
    await clock.advance(NODE_SILENT_MS + GRACE_MS + 3_000);
    expect(first.incidents).to.equal(1);
    first.subscribe('t', 'bob');
    await clock.advance(1_000);
    expect(first.threads.status()).to.include({ waiting: 0, undelivered: 0 });
  });

  it('is not reported again by a node that takes an open incident over, which ends there', async () => {
    const { clock, first, second } = await open(2);
    second.publish('t', 'ada');
    await clock.advance(2 * GRACE_MS);
    expect(second.incidents).to.equal(1);
    second.kill();
    await clock.advance(NODE_SILENT_MS + GRACE_MS);
    expect(first.threads.status()).to.include({ undelivered: 1 });
    expect(first.incidents).to.equal(0);
    first.subscribe('t', 'bob');
    await clock.advance(1_000);
    expect(first.threads.status()).to.include({ undelivered: 0 });
  });

  it('names who is present on all nodes, once each, to the subscribers of each', async () => {
    const { clock, first, second } = await open(2);
    first.subscribe('t', 'ada');
    const leave = second.subscribe('t', 'bob');
    second.subscribe('t', 'ada');
    await clock.advance(1_000);
    expect(first.threads.peek('t')?.presence?.names()).to.have.members(['ada', 'bob']);
    expect(second.threads.peek('t')?.presence?.names()).to.have.members(['ada', 'bob']);
    first.told.length = 0;
    leave();
    await clock.advance(1_000);
    expect(first.told).to.eql([{ type: 'presence', thread: 't', leave: ['bob'] }]);
  });

  it('knows who is present elsewhere when the thread comes into memory later', async () => {
    const { clock, first, second } = await open(2);
    second.subscribe('t', 'bob');
    await clock.advance(1_000);
    expect(first.threads.get('t').presence?.names()).to.eql(['bob']);
    await clock.advance(1_000);
    expect(first.told).to.eql([]);
  });
});

describe('any order of subscriptions, messages, cuts and deaths on three nodes', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), at: fc.nat(2) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('come' as const), at: fc.nat(2) })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('go' as const), at: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), at: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mend' as const), at: fc.nat(2) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), at: fc.nat(12_000) }) }
  );

  it('reports nothing while a node that the others reach has a subscriber, and ends what it has reported', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.nat(),
        async (steps, seed) => {
          const { clock, nodes } = await open(3, seeded(seed), 0.1);
          const readers = nodes.map(() => [] as (() => void)[]);
          const cut = nodes.map(() => false);
          /** Since when a node that is not cut off has had a reader, without a pause. */
          const since = nodes.map(() => Infinity);
          const look = (): void => {
            nodes.forEach((_, at) => {
              const isThere = (readers[at]?.length ?? 0) > 0 && cut[at] === false;
              since[at] = isThere ? Math.min(since[at] ?? Infinity, clock.elapsed()) : Infinity;
            });
          };
          const before = nodes.map(() => 0);
          const pass = async (ms: number): Promise<void> => {
            const end = clock.elapsed() + ms;
            while (clock.elapsed() < end) {
              await clock.advance(Math.min(100, end - clock.elapsed()));
              nodes.forEach((node, at) => {
                if (node.incidents === before[at]) return;
                before[at] = node.incidents;
                // Who has been there for a whole grace and the time of a greeting was there when it was asked.
                const longest = Math.min(...since);
                expect(clock.elapsed() - longest, 'a reader was there').to.be.lessThan(KNOWN_MS);
              });
            }
          };
          for (const { do: what, at } of steps) {
            const node = nodes[at % 3];
            const own = readers[at % 3];
            if (what === 'wait') await pass(at);
            else if (what === 'publish') node?.publish('t', 'ada');
            else if (what === 'come' && node !== undefined) own?.push(node.subscribe('t', 'bob'));
            else if (what === 'go') own?.pop()?.();
            else {
              cut[at % 3] = what === 'cut';
              node?.end.cut(what === 'cut');
            }
            look();
          }
          // Without cuts: when all reach each other and somebody is there, nothing stays held.
          nodes.forEach(({ end }, at) => {
            cut[at] = false;
            end.cut(false);
          });
          nodes[0]?.subscribe('t', 'bob');
          await clock.advance(30_000);
          // After cuts, two nodes may hold messages of one thread, and one of them may wait longer (docs/adr/0028).
          const wasCut = steps.some((one) => one.do === 'cut');
          for (const { threads } of wasCut ? [] : nodes) {
            expect(threads.status()).to.include({ waiting: 0, undelivered: 0 });
          }
          for (const { bus, threads } of nodes) {
            threads.close();
            bus.close();
          }
        }
      ),
      { numRuns: 200 }
    );
  });
});
