import { expect } from 'chai';
import {
  ANSWER_CHARS_MAX,
  askFields,
  FIELDS_MAX,
  readAnswer,
  type RawAnswer
} from '../../../../../client/pages/chat/agents/asks/ask-fields.js';
import { timeLeftWords } from '../../../../../client/pages/chat/agents/asks/ask-time.js';
import { isAnswerOf } from '../../../../../actors/agents/answer-schema.js';

/** What a person puts in, and what comes of it: the answer, or the problems by field. */
function given(schema: object | null, ...raw: RawAnswer): unknown {
  const read = readAnswer(askFields(schema), raw);
  return read.ok ? read.value : Object.fromEntries(read.problems);
}

const ORDER = {
  type: 'object',
  required: ['size', 'count', 'name'],
  properties: {
    size: { enum: ['small', 'large'], default: 'large' },
    count: { title: 'How many', type: 'integer', minimum: 1, maximum: 10 },
    name: { type: 'string', minLength: 2, maxLength: 5, description: 'on the box' },
    tip: { type: 'number', exclusiveMinimum: 0 },
    cutlery: { type: 'boolean' }
  }
};

describe('askFields', () => {
  it('makes one field for any text when there is no schema', () => {
    expect(askFields(null)).to.have.length(1);
    expect(given(null, 'hello')).to.equal('hello');
    expect(given(null, ' ')).to.eql({ 0: 'This is needed' });
  });

  it('makes a field for each part of an object, with its title, its hint and what stands in it', () => {
    const fields = askFields(ORDER);
    expect(
      fields.map(({ label, hint, preset, isRequired, kind }) => [
        label,
        hint,
        preset,
        isRequired,
        kind.type
      ])
    ).to.eql([
      ['size', '', '1', true, 'choice'],
      ['How many', 'a whole number from 1 to 10', '', true, 'number'],
      ['name', 'on the box', '', true, 'text'],
      ['tip', 'a number above 0', '', false, 'number'],
      ['cutlery', '', 'false', false, 'boolean']
    ]);
  });

  it('offers constants to choose from, however they are written', () => {
    const schemas = [
      { enum: [1, 'two', null] },
      { anyOf: [{ const: 1 }, { const: 'two' }, { const: null }] },
      { oneOf: [{ const: 1, title: 'One' }, { const: 'two' }, { const: null }] }
    ];
    for (const schema of schemas) {
      expect([given(schema, '0'), given(schema, '1'), given(schema, '2')]).to.eql([1, 'two', null]);
      expect(given(schema, '')).to.eql({ 0: 'Choose one' });
      expect(given(schema, '7')).to.eql({ 0: 'Choose one' });
    }
  });

  it('takes as JSON what no field can be made for', () => {
    const properties = Object.fromEntries(
      Array.from({ length: FIELDS_MAX + 1 }, (_, n) => [`f${String(n)}`, { type: 'string' }])
    );
    for (const schema of [
      {},
      { type: 'array', items: { type: 'string' } },
      { type: ['string', 'null'] },
      { anyOf: [{ const: 1 }, { type: 'string' }] },
      { type: 'object', properties }
    ]) {
      expect(askFields(schema).map(({ kind }) => kind.type)).to.eql(['json']);
    }
    expect(given({ type: 'array' }, '["a"]')).to.eql(['a']);
    expect(given({ type: 'array' }, 'a'))
      .to.have.property('0')
      .that.matches(/^This is no JSON/);
  });
});

describe('readAnswer', () => {
  it('makes an answer that the server takes, without what was left empty', () => {
    const full = given(ORDER, '0', '3', 'Ada', '1.5', 'true');
    expect(full).to.eql({ size: 'small', count: 3, name: 'Ada', tip: 1.5, cutlery: true });
    const least = given(ORDER, '1', ' 10 ', 'Bo', '', 'false');
    expect(least).to.eql({ size: 'large', count: 10, name: 'Bo', cutlery: false });
    for (const answer of [full, least]) expect(isAnswerOf(ORDER, answer)).to.equal(true);
  });

  it('says at each field what is wrong with it', () => {
    expect(given(ORDER, '', '11', 'x', '0', 'false')).to.eql({
      0: 'Choose one',
      1: 'Give at most 10',
      2: 'Too short: 2 characters or more',
      3: 'Give more than 0'
    });
    expect(given(ORDER, '0', '1.5', 'abcdef', 'ten', 'false')).to.eql({
      1: 'Give a whole number',
      2: 'Too long: 5 characters at most',
      3: 'Give a number'
    });
  });

  it('agrees with the server about what fits', () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ type: 'integer', minimum: 1, maximum: 3 }, '0'],
      [{ type: 'integer', minimum: 1, maximum: 3 }, '3'],
      [{ type: 'number', exclusiveMaximum: 3 }, '3'],
      [{ type: 'number', exclusiveMaximum: 3 }, '-2.5e0'],
      [{ type: 'string', maxLength: 2 }, '😀😀'],
      [{ type: 'string', pattern: '^[a-z]+$' }, 'abc'],
      [{ type: 'string', pattern: '^[a-z]+$' }, 'ABC']
    ];
    for (const [schema, raw] of cases) {
      const read = readAnswer(askFields(schema), [raw]);
      const value: unknown = read.ok ? read.value : schemaValue(schema, raw);
      expect(isAnswerOf(schema, value), `${JSON.stringify(schema)} ${raw}`).to.equal(read.ok);
    }
  });

  it('refuses what is longer than the server takes', () => {
    expect(given(null, 'x'.repeat(ANSWER_CHARS_MAX - 2))).to.have.length(ANSWER_CHARS_MAX - 2);
    const long = given(null, 'x'.repeat(ANSWER_CHARS_MAX - 1));
    expect(long).to.eql({ 0: 'The answer is too long: it has at most 4,096 characters' });
  });

  it('leaves a pattern to the server that no browser knows', () => {
    expect(given({ type: 'string', pattern: '(' }, 'a')).to.equal('a');
  });
});

describe('timeLeftWords', () => {
  it('counts down, and says the time of day where that is clearer', () => {
    const words = [-1, 0, 1, 59_001, 270_000, 3_599_001].map((left) => timeLeftWords(left, 0));
    expect(words).to.eql([
      'time is over',
      'time is over',
      '0:01 left',
      '1:00 left',
      '4:30 left',
      '60:00 left'
    ]);
    expect(timeLeftWords(2 * 3_600_000, 0)).to.match(/^until \d/);
    expect(timeLeftWords(null, 0)).to.equal('');
  });
});

function schemaValue(schema: object, raw: string): unknown {
  return 'type' in schema && schema.type === 'string' ? raw : Number(raw);
}
