import { expect } from 'chai';
import fc from 'fast-check';
import type { LogKey } from '../../../../actors/log/lmdb/log-keys.js';
import { isSealed, seal, unseal } from '../../../../actors/log/lmdb/log-seal.js';

const KEY: LogKey = ['e', 't1', 7];

describe('seal', () => {
  it('is undone by unseal, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const stored = seal(KEY, text);
        expect(isSealed(stored)).to.equal(true);
        expect(unseal(KEY, stored)).to.equal(text);
      })
    );
  });

  it('gives no other text when a bit of what is stored is changed', () => {
    const text = '{"body":"hello"}';
    const stored = Buffer.from(seal(KEY, text));
    for (let bit = 0; bit < stored.length * 8; bit += 1) {
      const altered = Buffer.from(stored);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // A checksum in capital letters is equal.
      const given = unseal(KEY, altered.toString());
      expect(given === null || (given === text && bit >= text.length * 8), String(bit)).to.equal(
        true
      );
    }
  });

  it('does not fit under another key', () => {
    const stored = seal(KEY, '{}');
    for (const key of [
      ['e', 't1', 8],
      ['e', 't2', 7],
      ['m', 't1', 7],
      ['e', 't1']
    ] as LogKey[]) {
      expect(unseal(key, stored)).to.equal(null);
    }
  });

  it('is not found in texts of logs that had none', () => {
    for (const text of ['', '7', '{"a":1}', '[1,2]', 'x\n1234567']) {
      expect([isSealed(text), unseal(KEY, text)]).to.eql([false, null]);
    }
  });
});
