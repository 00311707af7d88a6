import { expect } from 'chai';
import fc from 'fast-check';
import { BUCKET_SECONDS, TokenBucket } from '../../../server/chat/token-bucket.js';

describe('TokenBucket', () => {
  it('lets a burst of twice the rate through, then says when the next may come', () => {
    const bucket = new TokenBucket(10, 0);
    for (let n = 0; n < 10 * BUCKET_SECONDS; n++) expect(bucket.take(0)).to.equal(0);
    expect(bucket.take(0)).to.equal(100);
    expect(bucket.take(50)).to.equal(50);
    expect(bucket.take(100)).to.equal(0);
  });

  it('limits nothing when the rate is 0', () => {
    const bucket = new TokenBucket(0, 0);
    for (let n = 0; n < 1_000; n++) expect(bucket.take(0)).to.equal(0);
  });

  it('is not emptied or filled by a clock that goes back', () => {
    const bucket = new TokenBucket(1, 10_000);
    expect(bucket.take(0)).to.equal(0);
    expect(bucket.take(0)).to.equal(0);
    expect(bucket.take(0)).to.be.greaterThan(0);
  });

  it('keeps its word: after the time that it says there is a token, and never more than the rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
        (perSecond, pauses) => {
          const bucket = new TokenBucket(perSecond, 0);
          let now = 0;
          let taken = 0;
          for (const pause of pauses) {
            now += pause;
            const afterMs = bucket.take(now);
            if (afterMs > 0) {
              now += afterMs;
              expect(bucket.take(now)).to.equal(0);
            }
            taken++;
            expect(taken).to.be.at.most(perSecond * BUCKET_SECONDS + (now / 1_000) * perSecond + 1);
          }
        }
      ),
      // Found with seed -1655111090: 1 - 0.307 - 0.004 of a token took 689 ms, after which 0.9999999 of one was there.
      { examples: [[1, [0, 307, 4]]] }
    );
  });
});
