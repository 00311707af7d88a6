import { expect } from 'chai';
import { readFacts } from '../../../../client/pages/shared/server-facts.js';

describe('readFacts', () => {
  it('knows of an inspector that is on or asks for a token', () => {
    for (const inspect of ['on', 'token']) {
      expect(readFacts({ inspect })).to.eql({ hasInspector: true });
    }
  });

  it('takes what is not told for switched off', () => {
    for (const report of [{ inspect: 'off' }, { inspect: 1 }, {}, null, 'on', []]) {
      expect(readFacts(report), JSON.stringify(report)).to.eql({ hasInspector: false });
    }
  });
});
