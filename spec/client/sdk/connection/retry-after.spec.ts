import { expect } from 'chai';
import { retryAfterMs } from '../../../../client/sdk/connection/retry-after.js';
import { RollcallError } from '../../../../client/sdk/rollcall-error.js';

describe('retryAfterMs', () => {
  const asked = (afterMs: number | null): number =>
    retryAfterMs(new RollcallError('rate_limited', '', true, afterMs), 2_000);

  it('is what the server asked for, and the fallback when it did not', () => {
    expect(asked(800)).to.equal(800);
    expect(asked(null)).to.equal(2_000);
  });

  it('is never a circle and never for ever', () => {
    expect([asked(0), asked(-5), asked(1e12)]).to.eql([100, 100, 60_000]);
  });
});
