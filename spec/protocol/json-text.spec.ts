import { expect } from 'chai';
import fc from 'fast-check';
import { elementTexts, isSameJson, keptMembers, memberText } from '../../protocol/json-text.js';

/** JSON values, with keys and strings that look like JSON. */
const json = fc.jsonValue({ maxDepth: 4 });

describe('keptMembers', () => {
  it('finds body and id wherever they stand, and whatever stands around them', () => {
    const others = fc.dictionary(fc.string(), json, { maxKeys: 3, noNullPrototype: true });
    fc.assert(
      fc.property(others, others, json, fc.constantFrom(0, 1, 2), (before, after, body, indent) => {
        const frame = { ...before, id: 7, body, ...after };
        Reflect.deleteProperty(frame, '__proto__');
        const kept = keptMembers(JSON.stringify(frame, null, indent));
        expect(kept.body?.json).to.equal(JSON.stringify(frame.body));
        expect(kept.id === null ? null : JSON.parse(kept.id)).to.eql(frame.id);
      })
    );
  });

  for (const [text, body, depth] of [
    ['{"body":9007199254740993}', '9007199254740993', 0],
    ['{"body":1e400,"id":1}', '1e400', 0],
    ['{ "body" : [ 1.0 , -0 ] }', '[1.0,-0]', 1],
    ['{"body":{"a":"} , \\" \\\\"}}', '{"a":"} , \\" \\\\"}', 1],
    ['{"nobody":1,"body":"x","somebody":2}', '"x"', 0],
    ['{"b\\u006fdy":[[]]}', '[[]]', 2],
    ['{"body":1,"body":{"a":\t[2]}}', '{"a":[2]}', 2],
    ['{"inner":{"body":1},"body":null}', 'null', 0]
  ] as const) {
    it(`reads the body of ${text} as ${body}`, () => {
      expect(keptMembers(text).body).to.eql({ json: body, depth });
    });
  }

  it('has nothing where there is nothing', () => {
    expect(keptMembers('{}')).to.eql({ id: null, body: null });
    expect(keptMembers('{"inner":{"body":1,"id":2}}')).to.eql({ id: null, body: null });
  });

  it('counts a million levels without running out of stack', () => {
    const deep = `{"body":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(keptMembers(deep).body?.depth).to.equal(1_000_000);
  });
});

describe('isSameJson', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, part]) => [key, shuffled(part)])
    );
  };

  it('takes any value for the same in another order of members and with white space', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(
          isSameJson(JSON.stringify(value), JSON.stringify(shuffled(value), null, 2))
        ).to.equal(true);
      })
    );
  });

  it('takes two values for the same only when they are', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
        const order = (text: string): string => JSON.stringify(sorted(JSON.parse(text)));
        expect(isSameJson(a, b)).to.equal(order(a) === order(b));
      })
    );
  });

  for (const [one, other] of [
    ['1', '1.0'],
    ['1', '10e-1'],
    ['1500', '1.50E+3'],
    ['-0', '0'],
    ['0e99', '0.000'],
    ['1e400', '10e399'],
    ['"\\u00e9\\/"', '"é/"'],
    ['{"a":1,"b":[]}', '{"b":[ ],"a":1e0}'],
    ['{"a":1,"a":2}', '{"\\u0061":2}']
  ] as const) {
    it(`says that ${one} is ${other}`, () => {
      expect(isSameJson(one, other)).to.equal(true);
    });
  }

  for (const [one, other] of [
    ['9007199254740993', '9007199254740992'],
    ['1e400', '1e401'],
    ['0.1234567890123456789', '0.1234567890123456788'],
    ['1', '-1'],
    ['1', '"1"'],
    ['10', '1'],
    ['0.1', '1'],
    ['[1,2]', '[2,1]'],
    ['{"a":1}', '{"a":1,"b":null}'],
    ['1e99999999999999999999', '1e99999999999999999998']
  ] as const) {
    it(`says that ${one} is not ${other}`, () => {
      expect(isSameJson(one, other)).to.equal(false);
    });
  }
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => [key, sorted(part), 'member']);
  // An object without members is no array without elements.
  return ['object', ...members];
}

describe('memberText', () => {
  it('is the text of a member, the last one of several, and nothing where there is none', () => {
    expect(memberText('{"a":[1.0, {"b":2}],"b":-0}', 'a')).to.equal('[1.0, {"b":2}]');
    expect(memberText('{"a":1,"\\u0061":2}', 'a')).to.equal('2');
    expect(memberText('{"b":{"a":1}}', 'a')).to.equal(null);
  });
});

describe('elementTexts', () => {
  it('takes an array apart', () => {
    fc.assert(
      fc.property(fc.array(json), fc.constantFrom(0, 2), (values, indent) => {
        const texts = elementTexts(JSON.stringify(values, null, indent));
        expect(texts.map((text): unknown => JSON.parse(text))).to.deep.equal(
          JSON.parse(JSON.stringify(values))
        );
      })
    );
  });
});
