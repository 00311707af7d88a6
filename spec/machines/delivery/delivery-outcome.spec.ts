import { expect } from 'chai';
import { DELIVERY_OUTCOMES, judgeUnwatched } from '../../../machines/delivery/delivery-outcome.js';

// isTestThread, expectStored, isOwnerConnected → outcome: every combination there is.
const TABLE = [
  [false, false, false, 'held'],
  [false, false, true, 'delivered_to_user'],
  [false, true, false, 'stored'],
  [false, true, true, 'stored'],
  [true, false, false, 'skipped_test_thread'],
  [true, false, true, 'skipped_test_thread'],
  [true, true, false, 'skipped_test_thread'],
  [true, true, true, 'skipped_test_thread']
] as const;

describe('judgeUnwatched', () => {
  for (const [test, stored, owner, outcome] of TABLE) {
    const when = [
      test ? 'a test thread' : 'a real thread',
      ...(stored ? ['storing is enough'] : []),
      ...(owner ? ['its owner is connected'] : [])
    ].join(' and ');
    it(`says ${outcome} when it is ${when}`, () => {
      expect(
        judgeUnwatched({ isTestThread: test, expectStored: stored, isOwnerConnected: owner })
      ).to.equal(outcome);
      expect(DELIVERY_OUTCOMES).to.include(outcome);
    });
  }
});

describe('DELIVERY_OUTCOMES', () => {
  it('names each outcome once', () => {
    expect([...new Set(DELIVERY_OUTCOMES)]).to.deep.equal([
      'delivered',
      'stored',
      'delivered_to_user',
      'held',
      'undelivered',
      'skipped_test_thread',
      'refused'
    ]);
  });
});
