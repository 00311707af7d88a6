import { expect } from 'chai';
import { answerWords, readAnswer } from '../../../../cli/chat/runs/answer-text.js';

const COUNT = { type: 'integer', minimum: 1, maximum: 10 };
const ORDER = {
  type: 'object',
  properties: { name: { type: 'string' }, count: COUNT },
  required: ['name']
};

describe('readAnswer', () => {
  const taken: [object | null, string, unknown][] = [
    [null, 'two, please', 'two, please'],
    [null, '42', '42'],
    [{ type: 'string' }, '42', '42'],
    [{ type: 'string' }, 'true', 'true'],
    [COUNT, '7', 7],
    [{ type: 'number' }, '1.5', 1.5],
    [{ type: 'boolean' }, 'yes', true],
    [{ type: 'boolean' }, 'N', false],
    [{ type: 'boolean' }, 'true', true],
    [{ enum: ['red', 'blue'] }, 'red', 'red'],
    [{ enum: [1, 'two'] }, '1', 1],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 'about 3', 'about 3'],
    [ORDER, '{"name": "ada", "count": 2}', { name: 'ada', count: 2 }],
    [{ type: 'array', items: { type: 'string' } }, '["a"]', ['a']],
    [{}, 'null', null]
  ];
  for (const [schema, text, value] of taken) {
    it(`takes ${text} for ${JSON.stringify(schema)}`, () => {
      expect(readAnswer(schema, text)).to.deep.equal({ ok: true, value });
    });
  }

  const refused: [object | null, string, RegExp][] = [
    [COUNT, '11', /^that does not fit: .*10; it takes a whole number from 1 to 10$/],
    [COUNT, 'many', /^that does not fit: must be integer; it takes a whole number/],
    [{ type: 'boolean' }, 'perhaps', /it takes yes or no$/],
    [{ enum: ['red', 'blue'] }, 'green', /it takes one of red, blue$/],
    [ORDER, '{"name": 1}', /\/name must be string; it takes JSON \{name: a text, count\?: a whole/],
    [ORDER, 'ada', /must be object/],
    [null, 'x'.repeat(5_000), /it is too long/],
    [{ type: 'nonsense', pattern: '(' }, 'x', /^that does not fit: /],
    [{ type: 'string', pattern: '^\u001b$' }, 'x', /^[^\u001b]+$/]
  ];
  for (const [schema, text, words] of refused) {
    it(`says why ${text.slice(0, 20)} does not fit ${JSON.stringify(schema)}`, () => {
      const read = readAnswer(schema, text);
      expect(read.ok ? 'it fits' : read.words).to.match(words);
    });
  }
});

describe('answerWords', () => {
  it('says in words what a question takes', () => {
    const words: [object | null, string][] = [
      [null, 'any text'],
      [{ type: 'string', maxLength: 3 }, 'a text'],
      [{ type: 'integer', minimum: 2 }, 'a whole number from 2'],
      [{ type: 'number', maximum: 2 }, 'a number up to 2'],
      [{ const: 'ok' }, 'ok'],
      [
        { enum: Array.from({ length: 10 }, (_, n) => n) },
        'one of 0, 1, 2, 3, 4, 5, 6, 7 and 2 more'
      ],
      [{ type: 'array' }, 'JSON that fits {"type":"array"}'],
      [{ type: 'object', properties: { 'a\u001b': true } }, 'JSON {a␛?: anything}']
    ];
    for (const [schema, expected] of words) expect(answerWords(schema)).to.equal(expected);
  });
});
