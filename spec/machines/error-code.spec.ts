import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { codeOf } from '../../machines/error-code.js';

describe('codeOf', () => {
  it('returns the code of a system error', () => {
    let thrown: unknown;
    try {
      readFileSync('/nowhere/at/all');
    } catch (error) {
      thrown = error;
    }
    expect(codeOf(thrown)).to.equal('ENOENT');
  });

  it('returns a number as its digits, also of an object that is no Error', () => {
    expect(codeOf({ code: 516 })).to.equal('516');
  });

  for (const thrown of [new Error('x'), { code: null }, { code: {} }, null, undefined, 'ENOENT']) {
    it(`returns an empty text for ${typeof thrown} ${JSON.stringify(thrown) ?? ''}`, () => {
      expect(codeOf(thrown)).to.equal('');
    });
  }
});
