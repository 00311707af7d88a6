import { expect } from 'chai';
import { isSealed, SealedPlaces } from '../../../server/access/sealed-places.js';
import { isThreadId, PLACE_MAX, THREAD_ID_MAX } from '../../../protocol/frames.js';

describe('SealedPlaces', () => {
  const sealed = new SealedPlaces();
  const longest = 'x'.repeat(THREAD_ID_MAX);

  for (const thread of ['a', 'room:7', longest]) {
    it(`opens the position of ${thread.slice(0, 8)} for its user`, () => {
      const place = { at: 1_767_225_600_123, thread };
      const text = sealed.seal('ada', place);
      expect(sealed.open('ada', text)).to.deep.equal(place);
      expect([isSealed(text), isThreadId(text), text.length <= PLACE_MAX]).to.eql([
        true,
        false,
        true
      ]);
    });
  }

  it('tells nothing of it: equal positions look different, and all have one length', () => {
    const texts = ['a', 'a', longest].map((thread) => sealed.seal('ada', { at: 1, thread }));
    expect(new Set(texts).size).to.equal(3);
    expect(new Set(texts.map((text) => text.length)).size).to.equal(1);
  });

  it('opens none of another user or process, none that was changed, and no other text', () => {
    const text = sealed.seal('ada', { at: 1, thread: 'a' });
    expect(sealed.open('eve', text)).to.equal(null);
    expect(new SealedPlaces().open('ada', text)).to.equal(null);
    const other = text.at(-5) === 'A' ? 'B' : 'A';
    expect(sealed.open('ada', `${text.slice(0, -5)}${other}${text.slice(-4)}`)).to.equal(null);
    for (const odd of ['', '~', 'a', '~a', `~${'A'.repeat(400)}`]) {
      expect(sealed.open('ada', odd)).to.equal(null);
    }
  });
});
