import { expect } from 'chai';
import { awakeTimers } from '../../../actors/awake-timers.js';
import { ClusterBus, NODE_ANSWER_MS } from '../../../actors/bus/cluster-bus.js';
import { NODE_HELLO_MS, NODE_SILENT_MS } from '../../../actors/nodes/nodes.js';
import { VirtualClock } from '../../virtual-clock.js';
import { ABOUT } from '../nodes/cluster-rig.js';
import { FakeNetwork } from '../nodes/fake-node-bus.js';
import { describeBus, HeardNode } from './bus-contract.js';

/** Nodes that know each other, on virtual time. */
async function open(count: number) {
  const clock = new VirtualClock();
  const network = new FakeNetwork({ clock, delayMaxMs: 40, random: () => 0.7 });
  const runs = new Map<string, string>();
  const nodes = Array.from({ length: count }, (_, at) => {
    const node = new HeardNode();
    const name = `n${String(at)}`;
    const end = network.join(name);
    const bus = new ClusterBus({
      bus: end,
      clock: awakeTimers(clock),
      about: () => ABOUT,
      onFault: (reason) => expect.fail(reason),
      node: {
        tell: (frame) => {
          node.tell(frame);
        },
        isReachable: (user) => node.isReachable(user),
        fallback: (user, thread, message) => node.fallback(user, thread, message),
        cut: (user) => {
          node.cut(user);
        },
        kick: (whom) => node.kick(whom),
        given: () => null,
        changeRun: ({ run }, done) => {
          done(runs.get(run) === name ? 'done' : 'not_found');
        }
      }
    });
    return { node, bus, end, known: new Set<string>() };
  });
  const settled = async (): Promise<void> => {
    for (const { node, bus, known } of nodes) {
      const there = new Set([...node.connections.keys(), ...node.full]);
      for (const user of there) if (!known.has(user)) bus.reachable(user, true);
      for (const user of known) if (!there.has(user)) bus.reachable(user, false);
      known.clear();
      for (const user of there) known.add(user);
    }
    await clock.advance(1_000);
  };
  await settled();
  return { nodes, settled, clock, network, runs };
}

describeBus('ClusterBus of one node', () => open(1));
describeBus('ClusterBus of three nodes', () => open(3));

const cancel = (run: string) => ({ about: 'cancel', run, by: 'ada' }) as const;

describe('ClusterBus', () => {
  it('counts a node that does not answer in time as one that took no fallback', async () => {
    const { nodes, settled, clock } = await open(3);
    for (const { node } of nodes) node.connections.set('ada', 1);
    await settled();
    const answers: number[] = [];
    nodes[2]?.end.cut(true);
    nodes[0]?.bus.fallback('ada', 't', { offset: 1, frame: '{}' }, (taken) => answers.push(taken));
    await clock.advance(NODE_ANSWER_MS - 1);
    expect(answers).to.eql([]);
    await clock.advance(1);
    expect(answers).to.eql([2]);
  });

  it('cancels a run on whatever node has it, and says when none has', async () => {
    const { nodes, clock, runs } = await open(3);
    runs.set('r1', 'n2');
    const said: string[] = [];
    nodes[0]?.bus.changeRun(cancel('r1'), (outcome) => said.push(outcome));
    nodes[0]?.bus.changeRun(cancel('r2'), (outcome) => said.push(outcome));
    await clock.advance(100);
    expect(said).to.eql(['done', 'not_found']);
  });

  it('says at once that no other node has a run when there is no other node', async () => {
    const { nodes } = await open(1);
    const said: string[] = [];
    nodes[0]?.bus.changeRun(cancel('r1'), (outcome) => said.push(outcome));
    expect(said).to.eql(['not_found']);
  });

  it('knows a node until it has been silent for 15 s, and its people no longer', async () => {
    const { nodes, settled, clock } = await open(2);
    nodes[1]?.node.connections.set('ada', 1);
    nodes[1]?.bus.enter('t', 'ada');
    await settled();
    const [first, second] = nodes;
    expect([...(first?.bus.people('t') ?? [])]).to.eql(['ada']);
    second?.end.kill();
    await clock.advance(NODE_SILENT_MS - NODE_HELLO_MS);
    expect(first?.bus.isReachable('ada')).to.equal(true);
    await clock.advance(NODE_HELLO_MS + 1_000);
    expect(first?.bus.isReachable('ada')).to.equal(false);
    expect([...(first?.bus.people('t') ?? [])]).to.eql([]);
    expect(first?.bus.nodes.living()).to.eql([]);
  });

  it('knows at once that a node has left which says so', async () => {
    const { nodes, clock } = await open(2);
    nodes[1]?.bus.close();
    await clock.advance(100);
    expect(nodes[0]?.bus.nodes.living()).to.eql([]);
  });

  it('learns everything again from a node that was cut off', async () => {
    const { nodes, settled, clock } = await open(2);
    const [first, second] = nodes;
    second?.end.cut(true);
    second?.bus.enter('t', 'ada');
    await settled();
    expect(first?.bus.hasReader('t', null)).to.equal(false);
    second?.end.cut(false);
    await clock.advance(200);
    expect([...(first?.bus.people('t') ?? [])]).to.eql(['ada']);
    expect(first?.bus.hasReader('t', 'ada')).to.equal(false);
    expect(first?.bus.hasReader('t', 'bob')).to.equal(true);
  });

  it('tells a new node of everybody, in parts when they are many', async () => {
    const { nodes, network, clock } = await open(1);
    for (let user = 0; user < 4_500; user++) nodes[0]?.bus.enter('t', `u${String(user)}`);
    const late = new ClusterBus({
      bus: network.join('n9'),
      clock: awakeTimers(clock),
      about: () => ABOUT,
      onFault: (reason) => expect.fail(reason),
      node: {
        tell: () => undefined,
        isReachable: () => false,
        fallback: () => 0,
        cut: () => undefined,
        kick: () => 0,
        given: () => null,
        changeRun: () => undefined
      }
    });
    await clock.advance(200);
    expect([...late.people('t')]).to.have.length(4_500);
  });

  it('does not take others for gone when its own process was away', async () => {
    const { nodes, clock } = await open(2);
    await clock.sleep(60_000);
    expect(nodes[0]?.bus.nodes.living()).to.have.length(1);
  });
});
