import { expect } from 'chai';
import type { Runs, RunsOptions } from '../../../actors/agents/runs.js';
import type { RunChange } from '../../../actors/nodes/node-message.js';
import type { MemoryLog } from '../log/memory-log.js';
import { RunRig, type Script } from './run-rig.js';

const hangs: Script = async function* () {
  yield 'so far';
  await new Promise(() => undefined);
};

/** What a node knows of the others, as a spec tells it. */
class Others {
  readonly node: string;
  readonly living: Set<string>;
  /** Null: not sure yet. */
  isFirst: boolean | null = null;
  /** The runs of the node that is asked. */
  peer: Runs | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(node: string, living: string[]) {
    this.node = node;
    this.living = new Set(living);
  }

  owns(node: string | undefined): boolean | null {
    if (node === this.node) return true;
    return node !== undefined && this.living.has(node) ? false : this.isFirst;
  }

  onOrphans(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changeRun(change: RunChange, done: (outcome: string) => void): void {
    if (this.peer === null) done('not_found');
    else this.peer.changeHere(change, done);
  }

  settled(isFirst: boolean): void {
    this.isFirst = isFirst;
    for (const listener of this.#listeners) listener();
  }
}

describe('runs of several nodes', () => {
  const node = (elsewhere: RunsOptions['elsewhere'], log?: MemoryLog): RunRig =>
    new RunRig({ hangs }, undefined, log, {}, null, elsewhere);

  it('are left alone by a node that starts while theirs is there', async () => {
    const one = node(new Others('n1', ['n2']));
    await one.say('hi', { agent: 'hangs' });
    await one.pass(2_000);
    const others = new Others('n2', ['n1']);
    const two = node(others, one.log);
    two.runs.restore();
    await two.turns();
    others.settled(true);
    await two.turns();
    expect(one.told()).to.deep.equal(['agent_started']);
    expect(two.runs.of('t')).to.deep.equal([]);
    one.runs.cancel(one.runs.of('t')[0]?.run ?? '', 'ada');
    await one.turns();
    expect(one.told().at(-1)).to.equal('agent_cancelled so far ada');
  });

  it('are cancelled and withdrawn from another node, and nobody there changes others', async () => {
    const one = node(new Others('n1', ['n2']));
    const mid = await one.say('hi', { agent: 'hangs' });
    await one.say('two');
    await one.pass(2_000);
    const [first = '', second = ''] = one.runs.of('t').map(({ run }) => run);
    const others = new Others('n2', ['n1']);
    others.peer = one.runs;
    const { runs } = node(others, one.log);
    expect(runs.runOf('t', mid, 'ada')).to.equal(first);
    expect([runs.threadOf(first), runs.userOf(first)]).to.deep.equal(['t', 'ada']);
    expect(await runs.withdrawElsewhere(first, 'ada')).to.equal('conflict');
    expect(await runs.withdrawElsewhere(second, 'ada')).to.equal(null);
    expect(await runs.answer(first, 'a1', 'ada', 'yes')).to.equal('not_found');
    runs.cancel(first, 'ada');
    await one.turns();
    expect(one.runs.of('t')).to.deep.equal([]);
    expect(one.told().at(-1)).to.equal('agent_cancelled so far ada');
    expect(runs.threadOf(first)).to.equal(null);
  });

  it('end as interrupted, once, when their node is gone: by the first of those that are left', async () => {
    const one = node(new Others('n1', ['n2', 'n3']));
    await one.say('hi', { agent: 'hangs' });
    await one.say('two');
    await one.pass(2_000);
    const second = new Others('n2', ['n1', 'n3']);
    const third = new Others('n3', ['n1', 'n2']);
    const two = node(second, one.log);
    const three = node(third, one.log);
    for (const rig of [two, three]) rig.runs.restore();
    for (const others of [second, third]) others.living.delete('n1');
    third.settled(false);
    second.settled(true);
    await two.pass(2_000);
    expect(two.told().slice(2)).to.deep.equal([
      'agent_failed so far interrupted',
      'agent_started',
      'agent_completed two'
    ]);
    expect([two.left(), three.runs.of('t')]).to.deep.equal([[], []]);
  });

  it('wait until it is sure who is there', async () => {
    const one = node(new Others('n1', []));
    await one.say('hi', { agent: 'hangs' });
    await one.pass(2_000);
    const others = new Others('n2', []);
    const two = node(others, one.log);
    two.runs.restore();
    await two.turns();
    expect(two.told()).to.deep.equal(['agent_started']);
    others.settled(true);
    await two.turns();
    expect(two.told().at(-1)).to.equal('agent_failed so far interrupted');
  });

  it('of this node are not taken up twice when another one is gone', async () => {
    const others = new Others('n1', ['n2']);
    const one = node(others);
    one.runs.restore();
    await one.say('hi', { agent: 'hangs' });
    await one.pass(2_000);
    others.living.delete('n2');
    others.settled(true);
    await one.turns();
    expect(one.told()).to.deep.equal(['agent_started']);
    expect(one.runs.of('t')).to.have.length(1);
  });
});
