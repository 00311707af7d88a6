import { expect } from 'chai';
import fc from 'fast-check';
import { openReplicatedLog, type ReplicatedLog } from '../../../actors/cluster/replicated-log.js';
import { EpochSource } from '../../../actors/cluster/sequencer.js';
import type { AppendResult } from '../../../actors/log/log-writer.js';
import { HandClock } from '../log/lmdb/log-fixture.js';
import { FakeBus, NO_FAULTS, type BusFaults, type FakeOrder } from './fake-bus.js';
import { MemoryDisk, MemoryReplica } from './memory-replica.js';

const PARTITIONS = 2;
const THREADS = ['t1', 't2', 't3'];

/** More schedules: `SCHEDULES=5000 npx mocha spec/actors/cluster/schedules.spec.ts`. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 60);

/** An acknowledged message. */
interface Ack {
  readonly thread: string;
  readonly mid: string;
  readonly offset: number;
}

/** A node of the cluster: its disk outlives its process. */
class Node {
  readonly disk = new MemoryDisk();
  log: ReplicatedLog | null = null;
  replica: MemoryReplica | null = null;
  order: FakeOrder | null = null;
  /** Offsets that this process has told, by thread. */
  told = new Map<string, number[]>();
  isStarting = false;
  life = 0;
}

class World {
  readonly clock = new HandClock();
  readonly bus: FakeBus;
  readonly nodes: Node[];
  readonly acks: Ack[] = [];
  /** Every publish, in order: which process gave it. */
  readonly given: { readonly thread: string; readonly mid: string; readonly by: string }[] = [];
  #ids = 0;

  constructor(seed: number, faults: BusFaults, nodes: number) {
    this.bus = new FakeBus(this.clock, PARTITIONS, seed, faults);
    this.nodes = Array.from({ length: nodes }, () => new Node());
  }

  start(node: Node): void {
    if (node.log !== null || node.isStarting) return;
    node.isStarting = true;
    const epochs = new EpochSource();
    const later = (commit: () => void): void => {
      this.clock.setTimeout(commit, Math.floor(this.bus.random() * 20));
    };
    const replica = new MemoryReplica(node.disk, later, (thread) => epochs.of(thread));
    const order = this.bus.connect();
    node.replica = replica;
    node.order = order;
    node.told = new Map();
    node.life += 1;
    replica.commits.listen(({ thread, offset }) => {
      const told = node.told.get(thread) ?? [];
      told.push(offset);
      node.told.set(thread, told);
    });
    openReplicatedLog({
      order,
      log: replica,
      epochs,
      clock: this.clock,
      newEpoch: () => `x${String((this.#ids += 1))}`,
      newSource: () => `s${String((this.#ids += 1))}`,
      gather: (flush) => this.clock.setTimeout(flush, 1)
    }).then(
      (log) => {
        if (node.replica !== replica) return;
        node.isStarting = false;
        node.log = log;
      },
      () => {
        if (node.replica !== replica) return;
        // The brokers did not answer: its supervisor starts it again.
        this.crash(node);
        this.clock.setTimeout(() => {
          this.start(node);
        }, 100);
      }
    );
  }

  /** The process ends between any two steps. */
  crash(node: Node): void {
    node.order?.drop();
    node.replica?.crash();
    node.log?.sequencer.abandon();
    node.log = null;
    node.replica = null;
    node.isStarting = false;
  }

  publish(node: Node, thread: string, mid: string, user: string, body: string): void {
    const { log } = node;
    if (log === null) return;
    const by = `${String(this.nodes.indexOf(node))}/${String(node.life)}`;
    this.given.push({ thread, mid, by });
    const at = this.clock.now() + Math.floor(this.bus.random() * 7_200_000);
    const entry = { mid, user, kind: 'user_message', bodyJson: JSON.stringify(body), at };
    log.append(thread, entry, (result: AppendResult) => {
      if (result.ok) this.acks.push({ thread, mid, offset: result.offset });
    });
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.advance(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Mends everything, and waits until all nodes have everything. */
  async settle(): Promise<void> {
    this.bus.faults = NO_FAULTS;
    for (const node of this.nodes) {
      if (node.replica !== null) node.replica.failures = 0;
      node.order?.cut(false);
      this.start(node);
    }
    for (let tries = 0; tries < 60 && !this.isSettled(); tries += 1) await this.pass(1_000);
    expect(this.isSettled(), 'all nodes have everything').to.equal(true);
  }

  isSettled(): boolean {
    const places = this.nodes.map(({ log }) =>
      (log?.sequencer.progress() ?? []).map(({ sequence, hash }) => `${String(sequence)} ${hash}`)
    );
    const lasts = Array.from({ length: PARTITIONS }, (_, index) =>
      String(this.bus.of(index).messages.length)
    );
    return places.every(
      (place) =>
        place.length === PARTITIONS &&
        place.every((text, index) => text.startsWith(`${lasts[index] ?? ''} `)) &&
        place.join() === places[0]?.join()
    );
  }

  /** What every client could see of a node. */
  view(node: Node): unknown {
    const { log } = node;
    return THREADS.map((thread) => ({
      head: log?.head(thread),
      entries: log?.read(thread, 0, 1e6, Infinity),
      mark: log?.readMark(thread, 'bob'),
      record: log?.record(thread, 'note', 'n')
    }));
  }
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      node: fc.nat(2),
      thread: fc.nat(2)
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('end' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('mark' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('record' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('crash' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('start' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('disk' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('cut' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('join' as const), node: fc.nat(2), thread: fc.nat(2) })
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), node: fc.nat(60), thread: fc.nat(2) })
  }
);

async function run(
  seed: number,
  faults: BusFaults,
  steps: readonly { do: string; node: number; thread: number }[]
) {
  const world = new World(seed, faults, 3);
  for (const node of world.nodes) world.start(node);
  await world.pass(200);
  let count = 0;
  for (const { do: what, node: index, thread: at } of steps) {
    const node = world.nodes[index % 3];
    const thread = THREADS[at] ?? '';
    if (node === undefined) continue;
    count += 1;
    const ignore = (): void => undefined;
    if (what === 'publish') world.publish(node, thread, `m${String(count)}`, 'ada', 'hi');
    else if (what === 'repeat') world.publish(node, thread, `m${String(count - 1)}`, 'ada', 'hi');
    else if (what === 'end') world.publish(node, thread, 'run:end', 'echo', `by ${String(index)}`);
    else if (what === 'mark') node.log?.setReadMark(thread, 'bob', count).catch(ignore);
    else if (what === 'record')
      node.log?.setRecord(thread, 'note', 'n', String(count)).catch(ignore);
    else if (what === 'crash') world.crash(node);
    else if (what === 'start') world.start(node);
    else if (what === 'disk' && node.replica !== null) node.replica.failures += 1;
    else if (what === 'cut') node.order?.cut(true);
    else if (what === 'join') node.order?.cut(false);
    else if (what === 'wait') await world.pass(index * 20);
  }
  await world.settle();
  return world;
}

describe('nodes over an order that fails', function () {
  this.timeout(600_000);

  it('come to the same threads, with every ack at its offset, whatever happened', async () => {
    const chance = fc.double({ min: 0, max: 0.3, noNaN: true });
    const faults = fc.record({
      delayMs: fc.integer({ min: 1, max: 300 }),
      lostRequest: chance,
      lostAnswer: chance,
      repeat: chance,
      stall: fc.double({ min: 0, max: 0.1, noNaN: true })
    });
    let acks = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        faults,
        fc.array(step, { minLength: 10, maxLength: 60 }),
        async (seed, wrong, steps) => {
          const world = await run(seed, wrong, steps);
          const [first, ...others] = world.nodes.map((node) => world.view(node));
          for (const other of others) expect(other).to.deep.equal(first);
          const log = world.nodes[0]?.log;
          for (const thread of THREADS) {
            const entries = log?.read(thread, 0, 1e6, Infinity) ?? [];
            expect(entries.map(({ offset }) => offset)).to.deep.equal(
              entries.map((_, index) => index + 1)
            );
            const mids = entries.map(({ frame }) => (JSON.parse(frame) as { mid: string }).mid);
            expect(new Set(mids).size, 'no mid stands twice').to.equal(mids.length);
            const times = entries.map(({ frame }) => (JSON.parse(frame) as { at: number }).at);
            expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
            const here = world.given.filter((publish) => publish.thread === thread);
            const isOnce = (mid: string) => here.filter((other) => other.mid === mid).length === 1;
            for (const by of new Set(here.map((publish) => publish.by))) {
              const own = here.filter((publish) => publish.by === by && isOnce(publish.mid));
              const places = own.map(({ mid }) => mids.indexOf(mid)).filter((place) => place >= 0);
              expect(places, 'the order of a node').to.deep.equal(places.toSorted((a, b) => a - b));
            }
            for (const { told } of world.nodes) {
              const heard = told.get(thread) ?? [];
              expect(heard).to.deep.equal(heard.map((_, index) => (heard[0] ?? 0) + index));
            }
          }
          for (const { thread, mid, offset } of world.acks) {
            const [entry] = log?.read(thread, offset - 1, 1, Infinity) ?? [];
            expect(entry?.frame).to.include(`"mid":"${mid}"`);
          }
          acks += world.acks.length;
          for (const node of world.nodes) world.crash(node);
        }
      ),
      { numRuns: SCHEDULES }
    );
    expect(acks, 'messages that were acknowledged').to.be.greaterThan(SCHEDULES);
  });
});
