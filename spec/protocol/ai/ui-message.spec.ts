import { expect } from 'chai';
import { answersIn, bodyOfMessage, partsOfBody } from '../../../protocol/ai/ui-message.js';

describe('bodyOfMessage and partsOfBody', () => {
  it('make a text of a message of text, and back', () => {
    const parts = [{ type: 'text', text: 'hello' }];
    expect(bodyOfMessage({ parts })).to.deep.equal({ text: 'hello' });
    expect(partsOfBody({ text: 'hello' })).to.deep.equal(parts);
  });

  it('keep the other parts of a message', () => {
    const file = { type: 'file', mediaType: 'image/png', url: 'data:,' };
    const parts = [file, { type: 'text', text: 'look' }];
    const body = bodyOfMessage({ parts });
    expect(body).to.deep.equal({ text: 'look', parts });
    expect(partsOfBody(body)).to.deep.equal(parts);
  });

  it('show any body of the log as text', () => {
    for (const [body, text] of [
      ['just words', 'just words'],
      [{ text: 'words' }, 'words'],
      [{ other: 1 }, '{"other":1}'],
      [{ text: 'words', parts: ['nonsense', 3] }, 'words'],
      [null, 'null'],
      [undefined, '']
    ] as const) {
      expect(partsOfBody(body)).to.deep.equal([{ type: 'text', text }]);
    }
  });
});

describe('answersIn', () => {
  const ask = (schema: unknown, rest: object) => ({
    parts: [
      { type: 'text', text: 'so' },
      {
        type: 'dynamic-tool',
        toolName: 'look',
        toolCallId: 'c1',
        state: 'output-available',
        output: 1
      },
      {
        type: 'dynamic-tool',
        toolName: 'ask',
        toolCallId: 'a1',
        input: { prompt: '?', schema },
        ...rest
      }
    ]
  });
  const approved = (schema: unknown, reason?: string) =>
    ask(schema, { state: 'approval-responded', approval: { id: 'a1', approved: true, reason } });

  it('finds what was given to addToolOutput', () => {
    const given = ask({ type: 'integer' }, { state: 'output-available', output: 3 });
    expect(answersIn(given)).to.deep.equal([{ ask: 'a1', value: 3 }]);
  });

  it('finds nothing while the question is open', () => {
    for (const state of ['input-available', 'approval-requested', 'output-error']) {
      expect(answersIn(ask(null, { state }))).to.deep.equal([]);
    }
  });

  it('takes yes and no, and the reason where the question wants more', () => {
    const refused = ask(
      { type: 'boolean' },
      { state: 'approval-responded', approval: { approved: false } }
    );
    const value = (message: Parameters<typeof answersIn>[0]): unknown =>
      answersIn(message)[0]?.value;
    expect(value(refused)).to.equal(false);
    expect(value(approved({ type: 'boolean' }))).to.equal(true);
    expect(value(approved({ type: 'integer' }, '3'))).to.equal(3);
    expect(value(approved({ type: 'string' }, '3'))).to.equal('3');
    expect(value(approved(null, 'any text'))).to.equal('any text');
    expect(value(approved({ type: 'object' }, 'no JSON'))).to.equal('no JSON');
    expect(value(approved(null))).to.equal('yes');
  });
});
