import { expect } from 'chai';
import fc from 'fast-check';
import type { Json } from '../../../../../../protocol/inspection.js';
import {
  JSON_LINES_MAX,
  jsonLines,
  prettyJson,
  sameJson
} from '../../../../../../client/pages/inspect/views/subject/json-lines.js';

const written = (value: Json, before?: Json) =>
  jsonLines(value, before).map(
    ({ depth, key, text, was }) =>
      `${'  '.repeat(depth)}${key}: ${text}${was === null ? '' : ` (was ${was})`}`
  );

describe('jsonLines', () => {
  it('writes what is short in its line and opens what is not', () => {
    const value = { id: 'a', list: [1, 'two', null], none: {}, deep: { in: { x: true } } };
    expect(written(value)).to.eql([
      'id: a',
      'list: [1, two, null]',
      'none: {}',
      'deep: ',
      '  in: { x: true }'
    ]);
  });

  it('marks what has changed, with what it was', () => {
    const before = { n: 1, same: 'x', gone: 1, list: [1] };
    expect(written({ n: 2, same: 'x', list: [1, 2], fresh: null }, before)).to.eql([
      'n: 2 (was 1)',
      'same: x',
      'list: [1, 2] (was [1])',
      'fresh: null (was not there)'
    ]);
  });

  it('marks inside of what it opens', () => {
    const child = (n: number) => ({ a: { b: { n } } });
    expect(written(child(2), child(1))).to.eql(['a: ', '  b: { n: 2 } (was {"n":1})']);
  });

  it('has nothing to compare with when what was before is not known', () => {
    expect(written({ n: 2 })).to.eql(['n: 2']);
  });

  it('writes a value that is no object', () => {
    expect(written('[too large to show]')).to.eql([': [too large to show]']);
  });

  it('is bounded in lines, in depth and in the length of a line', () => {
    let deep: Json = 'end'.repeat(100);
    for (let depth = 0; depth < 40; depth++) deep = { deep };
    expect(written(deep).at(-1)).to.match(/deep: …$/);
    const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${String(n)}`, n]));
    expect(jsonLines(wide)).to.have.length(JSON_LINES_MAX + 1);
    expect(written({ long: 'x'.repeat(5_000) })[0]).to.have.length.below(1_100);
    expect(prettyJson('x'.repeat(50_000))).to.have.length.below(21_000);
  });

  it('marks nothing in what is the same, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const one = JSON.parse(JSON.stringify(value)) as Json;
        const other = JSON.parse(JSON.stringify(value)) as Json;
        expect(sameJson(one, other)).to.equal(true);
        expect(jsonLines(one, other).every(({ was }) => was === null)).to.equal(true);
      })
    );
  });
});
