import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import { Held } from '../../../actors/threads/held.js';

function held(state: Held['state']): Held {
  return Object.assign(new Held(10_000), { state });
}

function idle(): ActiveThread {
  return new ActiveThread('t', false, 'e1', 1, 0);
}

describe('ActiveThread', () => {
  it('is passive when nobody uses it and nothing is under way', () => {
    expect(idle().isPassive).to.equal(true);
  });

  it('is passive, too, when its messages were not delivered: the log knows', () => {
    expect(Object.assign(idle(), { held: held('undelivered') }).isPassive).to.equal(true);
  });

  const uses: readonly (readonly [string, Partial<ActiveThread>])[] = [
    ['it has a subscriber', { subscribers: 1 }],
    ['an append is under way', { pending: 1 }],
    ['its messages wait', { held: held('waiting') }],
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
