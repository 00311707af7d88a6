import { expect } from 'chai';
import { OpenFiles } from '../../../actors/monitor/open-files.js';

const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units',
  'Max core file size        0                    unlimited            bytes',
  'Max open files            1024                 20000                files'
].join('\n');

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

describe('OpenFiles', () => {
  it('counts what is open against the soft limit', () => {
    const files = new OpenFiles({ limits: () => LIMITS, open: () => 37 });
    expect(files.count()).to.deep.equal({ open: 37, limit: 1_024 });
  });

  for (const code of ['EMFILE', 'ENFILE']) {
    it(`takes ${code} for all of them, since asking needs one too`, () => {
      const source = { limits: () => LIMITS, open: () => 1_000 };
      const files = new OpenFiles(source);
      source.limits = failing(code);
      expect(files.count()).to.deep.equal({ open: 1_024, limit: 1_024 });
    });
  }

  it('knows nothing where the system does not tell', () => {
    expect(new OpenFiles({ limits: failing('ENOENT'), open: () => 1 }).count()).to.equal(null);
    expect(new OpenFiles({ limits: failing('EMFILE'), open: () => 1 }).count()).to.equal(null);
    expect(new OpenFiles({ limits: () => '', open: () => 1 }).count()).to.equal(null);
  });

  it('knows those of this process on Linux', function () {
    if (process.platform !== 'linux') this.skip();
    const { open, limit } = new OpenFiles().count()!;
    expect(open).to.be.within(1, limit);
  });
});
