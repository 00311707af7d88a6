import { expect } from 'chai';
import { createActor, setup } from 'xstate';
import type { Fact } from '../../../actors/facts/fact.js';
import { EARLY_FACTS_MAX, stateText, Transitions } from '../../../actors/facts/transitions.js';
import { VirtualClock } from '../../virtual-clock.js';

describe('stateText', () => {
  it('joins nested states with dots and parallel ones with commas', () => {
    expect(stateText('idle')).to.equal('idle');
    expect(stateText({ serving: { ready: 'well' } })).to.equal('serving.ready.well');
    expect(stateText({ a: 'x', b: { c: 'y' } })).to.equal('a.x,b.c.y');
  });
});

describe('Transitions', () => {
  const start = () => {
    const clock = new VirtualClock();
    const facts: Fact[] = [];
    const log = { isOpen: true };
    const transitions = new Transitions({
      clock,
      record: () => (log.isOpen ? (fact) => facts.push(fact) : null)
    });
    return { clock, facts, log, transitions };
  };
  const lamp = setup({
    types: { events: {} as { type: 'flip' } | { type: 'look' } | { type: 'break' } }
  }).createMachine({
    id: 'lamp',
    initial: 'off',
    states: {
      off: { on: { flip: 'on', look: {} } },
      on: { on: { flip: 'off', break: 'broken' } },
      broken: { type: 'final' }
    }
  });

  it('records which state a chart left, for which event, and how long it was there', async () => {
    const { clock, facts, transitions } = start();
    const actor = createActor(lamp, { id: 'hall', inspect: transitions.observe, clock }).start();
    await clock.advance(40);
    const at = clock.now();
    actor.send({ type: 'flip' });
    expect(facts).to.deep.equal([
      {
        kind: 'transition',
        chart: 'lamp',
        actor: 'hall',
        from: 'off',
        to: 'on',
        event: 'flip',
        at,
        spentMs: 40
      }
    ]);
  });

  it('records nothing when an event has moved nothing', () => {
    const { facts, transitions } = start();
    const actor = createActor(lamp, { inspect: transitions.observe }).start();
    actor.send({ type: 'look' });
    expect(facts).to.deep.equal([]);
  });

  it('records the end of an actor, and takes one of the same name for a new one', () => {
    const { facts, transitions } = start();
    for (let life = 0; life < 2; life += 1) {
      const actor = createActor(lamp, { id: 'hall', inspect: transitions.observe }).start();
      actor.send({ type: 'flip' });
      actor.send({ type: 'break' });
    }
    const moves = facts.map((fact) => (fact.kind === 'transition' ? [fact.from, fact.to] : []));
    const life = [
      ['off', 'on'],
      ['on', 'broken'],
      ['broken', 'gone']
    ];
    expect(moves).to.deep.equal([...life, ...life]);
  });

  it('keeps what comes before there is a log, within a bound', () => {
    const { facts, log, transitions } = start();
    log.isOpen = false;
    for (let n = 0; n < EARLY_FACTS_MAX + 10; n += 1) {
      transitions.note('lamp', 'hall', n % 2 === 0 ? 'on' : 'off', 'flip');
    }
    log.isOpen = true;
    transitions.note('lamp', 'hall', 'broken', 'break');
    expect(facts).to.have.length(EARLY_FACTS_MAX + 1);
  });
});
