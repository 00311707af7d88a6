import { expect } from 'chai';
import { nearestName } from '../../../server/config/nearest-name.js';

describe('nearestName', () => {
  const known = ['start', 'check', 'version', 'log check', 'PORT', 'HOST'];
  const cases: [string, string | undefined][] = [
    ['strat', 'start'],
    ['chek', 'check'],
    ['versions', 'version'],
    ['PROT', 'PORT'],
    ['start', 'start'],
    ['restart', 'start'],
    ['xyz', undefined],
    ['', undefined],
    ['stop-the-server', undefined]
  ];
  for (const [name, meant] of cases) {
    it(`answers ${String(meant)} when it is asked about ${JSON.stringify(name)}`, () => {
      expect(nearestName(name, known)).to.equal(meant);
    });
  }

  it('answers nothing when nothing is known', () => {
    expect(nearestName('start', [])).to.equal(undefined);
  });
});
