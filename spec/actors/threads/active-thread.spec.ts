import { expect } from 'chai';
import { ActiveThread, type Held } from '../../../actors/threads/active-thread.js';

const HELD: Held = {
  from: 1,
  newest: 1,
  since: 0,
  heldAt: 0,
  dueAt: 10_000,
  state: 'waiting',
  messages: 1
};

function idle(): ActiveThread {
  return new ActiveThread('t', false, 'e1', 1, 0);
}

describe('ActiveThread', () => {
  it('is passive when nobody uses it and nothing is under way', () => {
    expect(idle().isPassive).to.equal(true);
  });

  it('is passive, too, when its messages were not delivered: the log knows', () => {
    expect(Object.assign(idle(), { held: { ...HELD, state: 'undelivered' } }).isPassive).to.equal(
      true
    );
  });

  const uses: readonly (readonly [string, Partial<ActiveThread>])[] = [
    ['it has a subscriber', { subscribers: 1 }],
    ['an append is under way', { pending: 1 }],
    ['its messages wait', { held: HELD }],
    ['its mark is being written', { marking: 1 }],
    ['its mark was refused', { isMarkLost: true }],
    ['somebody may still be typing', { signalTimer: 1 }]
  ];
  for (const [what, change] of uses) {
    it(`is not passive when ${what}`, () => {
      expect(Object.assign(idle(), change).isPassive).to.equal(false);
    });
  }
});
