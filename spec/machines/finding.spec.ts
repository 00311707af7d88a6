import { expect } from 'chai';
import { isWorse, MONITOR_LEVELS, worstOf } from '../../machines/finding.js';

describe('levels of the monitor', () => {
  it('are ordered, the worst first', () => {
    MONITOR_LEVELS.forEach((one, index) => {
      const worse = MONITOR_LEVELS.filter((other) => isWorse(one, other));
      expect(worse).to.deep.equal(MONITOR_LEVELS.slice(index + 1));
    });
  });

  it('have a worst one, and are healthy when there is none', () => {
    expect(worstOf([])).to.equal('healthy');
    expect(worstOf(['healthy', 'warning'])).to.equal('warning');
    expect(worstOf(['warning', 'failed', 'critical'])).to.equal('failed');
  });
});
