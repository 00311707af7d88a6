import { expect } from 'chai';
import { failureOf, NO_RESULTS } from '../../../machines/supervision/child.js';

describe('failureOf', () => {
  it('is null when the child ended as it was told to', () => {
    expect(failureOf({ status: 'stopped' })).to.equal(null);
  });

  it('gives the reason when the child failed', () => {
    expect(failureOf({ status: 'failed', error: 'disk full' })).to.equal('disk full');
  });

  it('says that there is no reason when a failed child gave none', () => {
    expect(failureOf({ status: 'failed' })).to.equal('no reason given');
    expect(failureOf({ status: 'failed', error: 7 })).to.equal('no reason given');
  });

  it('takes anything that is no output of a child for a failure', () => {
    for (const output of [undefined, null, 'stopped', 0, {}, []]) {
      expect(failureOf(output)).to.equal('ended without saying why');
    }
  });
});

describe('NO_RESULTS', () => {
  it('holds no handler', () => {
    expect(NO_RESULTS).to.deep.equal({ handlers: [] });
  });
});
