import { expect } from 'chai';
import { readFacts } from '../../../../client/pages/shared/server-facts.js';

describe('readFacts', () => {
  it('knows of an inspector that is on or asks for a token', () => {
    for (const inspect of ['on', 'token']) {
      expect(readFacts({ inspect })).to.eql({ hasInspector: true, loginUrl: null });
    }
  });

  it('takes what is not told for switched off', () => {
    for (const report of [{ inspect: 'off' }, { inspect: 1 }, {}, null, 'on', []]) {
      expect(readFacts(report), JSON.stringify(report)).to.eql({
        hasInspector: false,
        loginUrl: null
      });
    }
  });

  it('knows where people sign in, and takes nothing but the address of a page for that', () => {
    const loginUrl = 'https://login.example/in?app=chat';
    expect(readFacts({ loginUrl }).loginUrl).to.equal(loginUrl);
    for (const other of ['javascript:alert(1)', 'data:text/html,x', 'login', 'https://', '', 7]) {
      expect(readFacts({ loginUrl: other }).loginUrl, String(other)).to.equal(null);
    }
  });
});
