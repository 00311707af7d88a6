import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import type { Fact } from '../../../actors/facts/fact.js';
import { Outcomes } from '../../../actors/facts/outcomes.js';
import { VirtualClock } from '../../virtual-clock.js';

describe('Outcomes', () => {
  const start = (isTestThread = false) => {
    const clock = new VirtualClock();
    const counts = new DeliveryCounts();
    const facts: Fact[] = [];
    const outcomes = new Outcomes({ clock, counts, record: (fact) => facts.push(fact) });
    const thread = new ActiveThread('t', isTestThread, 'e1', 0, clock.now());
    thread.subscribers = 3;
    return { clock, counts, facts, outcomes, thread };
  };

  it('counts a message and tells the store of it', () => {
    const { clock, counts, facts, outcomes, thread } = start();
    outcomes.message(thread, 7, 'delivered', 1.25, 1.00049);
    expect(counts.of('delivered')).to.equal(1);
    expect(facts).to.deep.equal([
      {
        kind: 'delivery',
        thread: 't',
        epoch: 'e1',
        offset: 7,
        messages: 1,
        outcome: 'delivered',
        subscribers: 3,
        at: clock.now(),
        tookMs: 1.25,
        appendedMs: 1
      }
    ]);
  });

  it('tells of all that was held as of one, with how long the first has waited', async () => {
    const { clock, counts, facts, outcomes, thread } = start();
    const heldAt = clock.elapsed();
    await clock.advance(40);
    clock.jump(-172_800_000);
    outcomes.held(thread, { from: 5, heldAt, messages: 4 }, 'undelivered');
    expect(counts.of('undelivered')).to.equal(4);
    expect(facts[0]).to.deep.include({ offset: 5, messages: 4, tookMs: 40 });
    expect(facts[0]).not.to.have.property('appendedMs');
  });

  it('counts what becomes of test threads, and tells the store nothing of it', () => {
    const { counts, facts, outcomes, thread } = start(true);
    outcomes.message(thread, 1, 'skipped_test_thread', 1, 1);
    expect([counts.of('skipped_test_thread'), facts]).to.deep.equal([1, []]);
  });

  it('counts what was turned away, which has no place in the log', () => {
    const { counts, facts, outcomes } = start();
    outcomes.refused();
    expect([counts.of('refused'), facts]).to.deep.equal([1, []]);
  });
});
