import { expect } from 'chai';
import { writtenBody } from '../../../../client/sdk/outbox/written-body.js';

describe('writtenBody', () => {
  it('writes a JSON value', () => {
    expect(writtenBody({ text: 'hi', n: [1, null, true] })).to.equal(
      '{"text":"hi","n":[1,null,true]}'
    );
  });

  for (const [what, body] of [
    ['NaN', NaN],
    ['Infinity', { a: [1, Infinity] }],
    ['-Infinity', [-Infinity]]
  ] as const) {
    it(`refuses ${what}, which would be written as null`, () => {
      expect(writtenBody(body)).to.deep.include({ code: 'bad_frame', retry: false });
      expect(String(writtenBody(body))).to.match(/JSON has no NaN and no Infinity/);
    });
  }

  it('refuses what is no JSON value', () => {
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    for (const body of [undefined, () => undefined, Symbol('s'), 1n, cycle]) {
      expect(String(writtenBody(body))).to.match(/body: give a JSON value/);
    }
  });
});
