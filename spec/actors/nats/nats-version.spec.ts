import { expect } from 'chai';
import { isTooOld, NATS_SERVER_MIN, tooOld } from '../../../actors/nats/nats-version.js';

describe('isTooOld', () => {
  for (const version of ['2.9.10', '2.10.22', '1.99.99', '2.10.23-RC.1', '2.10', 'unknown', '']) {
    it(`says so of "${version}"`, () => {
      expect(isTooOld(version)).to.equal(true);
    });
  }

  for (const version of [NATS_SERVER_MIN, 'v2.10.23', '2.10.24', '2.12.1-dev', '3.0.0']) {
    it(`accepts ${version}`, () => {
      expect(isTooOld(version)).to.equal(false);
    });
  }
});

describe('tooOld', () => {
  it('names the version, why it matters, and what to use', () => {
    expect(tooOld('2.9.10')).to.match(/2\.9\.10 can lose whole streams .* use 2\.10\.23 or newer/);
  });
});
