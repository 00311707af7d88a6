import { expect } from 'chai';
import { SAME_ORDER_MS, StopSignals } from '../../cli/stop-signals.js';

describe('StopSignals', () => {
  let nowMs = 0;
  const taking = (...signals: [string, number][]): string[] => {
    const stop = new StopSignals(() => nowMs);
    return signals.map(([signal, atMs]) => {
      nowMs = atMs;
      return stop.take(signal);
    });
  };

  it('drains on the first signal and ends on the second', () => {
    expect(taking(['SIGTERM', 0], ['SIGTERM', SAME_ORDER_MS])).to.eql(['drain', 'end']);
  });

  it('takes the same signal at once as a copy, however often', () => {
    expect(taking(['SIGTERM', 5], ['SIGTERM', 5], ['SIGTERM', 4 + SAME_ORDER_MS])).to.eql([
      'drain',
      'copy',
      'copy'
    ]);
  });

  it('ends on another signal, however soon', () => {
    expect(taking(['SIGTERM', 5], ['SIGINT', 5])).to.eql(['drain', 'end']);
  });
});
