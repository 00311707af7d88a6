import { expect } from 'chai';
import fc from 'fast-check';
import { mayReconnect, reconnectDelayMs } from '../../../../client/sdk/connection/reconnect.js';
import { CLOSES } from '../../../../protocol/errors.js';

describe('mayReconnect', () => {
  for (const [code, { reconnect }] of Object.entries(CLOSES)) {
    it(`agrees with the table of close codes when the code is ${code}`, () => {
      expect(mayReconnect(Number(code))).to.equal(reconnect);
    });
  }
});

describe('reconnectDelayMs', () => {
  const advice = { firstJitterMs: 5_000, minMs: 500, maxMs: 20_000 };

  it('stays between minMs and a bound that doubles up to maxMs', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, at) => {
        const lost = { advice, failures, wasConnected: false, afterMs: null, random: () => at };
        const delayMs = reconnectDelayMs(lost);
        expect(delayMs).to.be.at.least(500);
        expect(delayMs).to.be.at.most(Math.min(20_000, 500 * 2 ** (failures + 1)));
      })
    );
  });

  it('is what the server asked for when it asked', () => {
    const lost = { advice, failures: 3, wasConnected: true, afterMs: 2_140, random: () => 0.9 };
    expect(reconnectDelayMs(lost)).to.equal(2_140);
  });

  it('is not nothing again and again when the server, or the application, asks for no wait', () => {
    const none = { firstJitterMs: 0, minMs: 0, maxMs: 20_000 };
    const lost = { advice: none, failures: 5, wasConnected: false, random: () => 0.5 };
    expect(reconnectDelayMs({ ...lost, afterMs: 0 })).to.equal(100);
    expect(reconnectDelayMs({ ...lost, afterMs: null })).to.equal(3_200);
  });

  it('is between nothing and a day whatever the server says', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    const lost = fc.record({
      advice: fc.record({ firstJitterMs: any, minMs: any, maxMs: any }),
      failures: fc.nat(),
      wasConnected: fc.boolean(),
      afterMs: fc.option(any),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }).map((at) => () => at)
    });
    fc.assert(
      fc.property(lost, (one) => {
        expect(reconnectDelayMs(one)).to.be.within(0, 86_400_000);
      })
    );
  });

  it('is a number of use when the advice is nonsense', () => {
    const nonsense = { firstJitterMs: -1, minMs: -5, maxMs: -9 };
    for (const wasConnected of [true, false]) {
      const lost = {
        advice: nonsense,
        failures: 0,
        wasConnected,
        afterMs: null,
        random: () => 0.5
      };
      expect(reconnectDelayMs(lost)).to.equal(0);
    }
  });
});
