import { expect } from 'chai';
import type { FuzzReport } from '../../../scripts/fuzz/fuzzer.js';
import { GROWTH_BYTES, fuzzTwice } from '../../../scripts/fuzz/two-rounds.js';

const USED = 27_000_000;

/** A server that keeps some bytes of each thing that it is sent, and some more of the first round. */
function leaking(bytesEach: number, bytesOnce = 0) {
  let held = USED;
  const asked: { seed: number; count: number }[] = [];
  return {
    asked,
    run: (half: { seed: number; count: number }): Promise<FuzzReport> => {
      if (asked.length === 0) held += bytesOnce;
      asked.push(half);
      held += half.count * bytesEach;
      return Promise.resolve({
        sent: half.count,
        faultCount: 1,
        faults: [`fault ${String(asked.length)}`],
        answers: new Map([
          ['pong', half.count],
          [`only ${String(asked.length)}`, 1]
        ])
      });
    },
    used: () => Promise.resolve(held)
  };
}

describe('fuzzTwice', () => {
  it('sends half of it twice, from two seeds, and tells the answers and faults of both', async () => {
    const { asked, run, used } = leaking(0);
    const report = await fuzzTwice({ seed: 8, count: 101 }, run, used);
    expect(asked).to.deep.equal([
      { seed: 8, count: 51 },
      { seed: 9, count: 51 }
    ]);
    expect(report).to.deep.equal({
      sent: 102,
      faultCount: 2,
      faults: ['fault 1', 'fault 2'],
      answers: new Map([
        ['pong', 102],
        ['only 1', 1],
        ['only 2', 1]
      ]),
      usedBytes: [USED, USED]
    });
  });

  it('takes what the first round leaves for filled caches', async () => {
    const { run, used } = leaking(0, 100_000_000);
    expect((await fuzzTwice({ seed: 1, count: 100 }, run, used)).faultCount).to.equal(2);
  });

  it('takes a second round that adds as much as may be', async () => {
    const { run, used } = leaking(GROWTH_BYTES / 64);
    expect((await fuzzTwice({ seed: 1, count: 128 }, run, used)).faultCount).to.equal(2);
  });

  it('finds a server that keeps a little of each thing that it is sent', async () => {
    const { run, used } = leaking(17);
    const report = await fuzzTwice({ seed: 1, count: 500_000 }, run, used);
    expect(report.faultCount).to.equal(3);
    expect(report.faults.at(-1)).to.equal(
      'the second round left 35.5 MB in use, the first 31.3 MB'
    );
  });
});
