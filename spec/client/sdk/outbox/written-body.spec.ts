import { expect } from 'chai';
import { isSameBody, writtenBody } from '../../../../client/sdk/outbox/written-body.js';

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

describe('isSameBody', () => {
  it('does not mind the order of fields, at any depth', () => {
    const one = JSON.stringify({ a: 1, b: [{ c: null, d: 'x' }], 'a,b': 2 });
    const other = JSON.stringify({ 'a,b': 2, b: [{ d: 'x', c: null }], a: 1 });
    expect(isSameBody(one, other)).to.equal(true);
  });

  it('tells apart what is not the same', () => {
    const pairs: [unknown, unknown][] = [
      [{ a: 1 }, { a: '1' }],
      [
        [1, 2],
        [2, 1]
      ],
      [{ a: { b: 1 } }, { a: { b: 1, c: null } }],
      [{}, []],
      [{ a: 'b,c' }, { 'a,b': 'c' }]
    ];
    for (const [one, other] of pairs) {
      expect(isSameBody(JSON.stringify(one), JSON.stringify(other))).to.equal(false);
    }
  });
});
