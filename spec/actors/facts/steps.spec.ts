import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import type { Fact } from '../../../actors/facts/fact.js';
import { Steps } from '../../../actors/facts/steps.js';
import { VirtualClock } from '../../virtual-clock.js';

const BOB = { id: 'c1', user: 'bob' };

describe('Steps', () => {
  const start = (isTestThread = false) => {
    const clock = new VirtualClock();
    const facts: Fact[] = [];
    const steps = new Steps({ clock, record: (fact) => facts.push(fact) });
    const thread = new ActiveThread('t', isTestThread, 'e1', 9, clock.now());
    const spans = () =>
      facts.map((fact) => (fact.kind === 'step' ? [fact.step, fact.from, fact.upTo] : fact));
    return { clock, facts, steps, thread, spans };
  };

  it('tells of a subscription that was given a span out of the log, and how long that took', async () => {
    const { clock, facts, steps, thread } = start();
    const behind = steps.opened(3, 9) ?? expect.fail('there was something to read');
    const since = clock.now();
    await clock.advance(40);
    steps.given(thread, BOB, behind, 9);
    expect(facts).to.deep.equal([
      {
        kind: 'step',
        step: 'replayed',
        thread: 't',
        epoch: 'e1',
        user: 'bob',
        connection: 'c1',
        from: 4,
        upTo: 9,
        since,
        at: since + 40
      }
    ]);
  });

  it('tells of no span without a message', () => {
    const { steps, thread, spans } = start();
    expect(steps.opened(9, 9)).to.equal(null);
    steps.given(thread, BOB, { why: 'lagged', from: 10, since: 1 }, 9);
    steps.read(thread, BOB, 5, 5);
    steps.left(thread, BOB, { why: 'lagged', from: 10, since: 1 }, 9);
    expect(spans()).to.deep.equal([]);
  });

  it('tells of one who leaves what it had been given late and what it had not', () => {
    const { steps, thread, spans } = start();
    steps.left(thread, BOB, { why: 'lagged', from: 4, since: 1 }, 6);
    steps.left(thread, BOB, { why: 'replayed', from: 4, since: 1 }, 3);
    expect(spans()).to.deep.equal([
      ['lagged', 4, 6],
      ['left', 7, 9],
      ['left', 4, 9]
    ]);
  });

  it('tells what a mark has moved over, and a late ack', () => {
    const { facts, steps, thread, spans } = start();
    steps.read(thread, { id: 'e1', user: null }, 2, 5);
    steps.acked(thread, 7, 'ada');
    expect(spans()).to.deep.equal([
      ['read', 3, 5],
      ['acked', 7, 7]
    ]);
    expect(facts.map((fact) => 'user' in fact && fact.user)).to.deep.equal(['', 'ada']);
  });

  it('tells nothing of test threads', () => {
    const { steps, thread, spans } = start(true);
    steps.acked(thread, 1, 'ada');
    steps.left(thread, BOB, { why: 'lagged', from: 1, since: 1 }, 0);
    expect(spans()).to.deep.equal([]);
  });
});
