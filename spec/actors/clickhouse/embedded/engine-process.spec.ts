import { expect } from 'chai';
import { loaderOptions } from '../../../../actors/clickhouse/embedded/engine-process.js';

describe('loaderOptions', () => {
  it('keeps what loads sources, with values on either side of the sign', () => {
    expect(
      loaderOptions(['--require', './a.cjs', '--import=tsx', '-C', 'development'])
    ).to.deep.equal(['--require', './a.cjs', '--import=tsx', '-C', 'development']);
  });

  it('drops what is the parent’s own', () => {
    expect(loaderOptions(['--inspect=9229', '-e', 'run()', '--expose-gc'])).to.deep.equal([]);
  });
});
