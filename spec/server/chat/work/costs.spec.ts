import { expect } from 'chai';
import { queueingPoints } from '../../../../server/chat/work/costs.js';
import { TURN_POINTS } from '../../../../server/chat/work/turn-budget.js';

describe('queueingPoints', () => {
  it('leaves room in one turn for a burst of 32 messages to 1,000, so that each socket is written once', () => {
    expect(32 * queueingPoints(1_000)).to.be.below(TURN_POINTS / 2);
  });

  it('grows with the subscriptions, so that a large audience cannot hold up others', () => {
    expect(queueingPoints(200_000)).to.be.above(TURN_POINTS);
  });
});
