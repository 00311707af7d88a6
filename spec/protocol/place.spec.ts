import { expect } from 'chai';
import { placeText, readPlace } from '../../protocol/place.js';

describe('readPlace', () => {
  it('reads what placeText wrote', () => {
    for (const epoch of ['x1', 'x9f0c', 'a:b']) {
      expect(readPlace(placeText(epoch, 17))).to.deep.equal({ epoch, offset: 17 });
    }
  });

  it('reads an offset without an epoch', () => {
    expect(readPlace('0')).to.deep.equal({ epoch: null, offset: 0 });
    expect(readPlace('9007199254740991')).to.deep.equal({
      epoch: null,
      offset: Number.MAX_SAFE_INTEGER
    });
  });

  for (const text of ['', 'x', '-1', '1.5', '1e3', ' 1', ':1', 'x1:', 'x1:-1', 'x 1:2']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(readPlace(text)).to.equal(null);
    });
  }

  it('refuses an offset that no number holds, and an epoch that is too long', () => {
    expect(readPlace('9007199254740992')).to.equal(null);
    expect(readPlace(`${'x'.repeat(65)}:1`)).to.equal(null);
  });
});
