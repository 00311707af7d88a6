import { expect } from 'chai';
import { attemptLimitMs } from '../../../machines/clickhouse/clickhouse-settings.js';

describe('attemptLimitMs', () => {
  it('doubles for the embedded engine up to a minute, and not below what is configured', () => {
    const limits = (timeoutMs: number): number[] =>
      [1, 2, 3, 4, 5, 60].map((nth) => attemptLimitMs({ mode: 'embedded', timeoutMs }, nth));
    expect(limits(10_000)).to.eql([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(limits(90_000)).to.eql([90_000, 90_000, 90_000, 90_000, 90_000, 90_000]);
  });

  it('is the same for each attempt at a server', () => {
    expect(attemptLimitMs({ mode: 'remote', timeoutMs: 400 }, 9)).to.equal(400);
  });
});
