import { expect } from 'chai';
import { handedToken } from '../../../../client/pages/shared/handed-token.js';

describe('handedToken', () => {
  it('is a token in the address, and what is left of that', () => {
    expect(handedToken('#token=abc.def')).to.eql({ token: 'abc.def', rest: '' });
    expect(handedToken('#/t/t42&token=a%2Bb')).to.eql({ token: 'a+b', rest: '#/t/t42' });
    expect(handedToken('#token=abc&state=1')).to.eql({ token: 'abc', rest: '' });
  });

  it('is taken out of the address when it is none, too', () => {
    expect(handedToken('#token=')).to.eql({ token: '', rest: '' });
    expect(handedToken('#token=%E0%A4%A')).to.eql({ token: '', rest: '' });
  });

  it('is null in any other address', () => {
    for (const hash of ['', '#/t/token=x', '#/t/lobby/1/token=', '#/t/lobby', '#my-token=x']) {
      expect(handedToken(hash), hash).to.equal(null);
    }
  });
});
