import { expect } from 'chai';
import fc from 'fast-check';
import { bodyText } from '../../../../client/sdk/thread/body-text.js';
import { readFrames } from '../../../../client/sdk/frames.js';
import { messageFrame } from '../../../../protocol/message-frame.js';
import { isSameJson } from '../../../../protocol/json-text.js';

function line(bodyJson: string, offset = 1): string {
  return messageFrame('t', offset, { mid: 'm', user: 'u', kind: 'k', bodyJson, at: 5 });
}

/** Reads a frame and returns its messages as an application gets them. */
function messagesOf(text: string) {
  const [frame] = readFrames(text).frames;
  if (frame?.type === 'message') return [frame];
  return frame?.type === 'history' ? frame.messages : expect.fail('that is no frame of messages');
}

const BODIES = [
  '9007199254740993',
  '{"id":12345678901234567890,"n":[1e400,-0,1.0,1.10,2E5]}',
  '{"text":"no number, but 3e4 in a word"}',
  '{"text":"hi","n":7}',
  '0.1234567890123456789',
  'null'
];

describe('bodyText', () => {
  for (const body of BODIES) {
    it(`is ${body.slice(0, 40)} as it was written`, () => {
      const [message] = messagesOf(line(body));
      expect(message === undefined ? null : bodyText(message)).to.equal(body);
    });
  }

  it('is as it was written in a page of history', () => {
    const page = `{"type":"history","id":1,"thread":"t","epoch":"e","messages":[${BODIES.map(line).join(',')}],"more":false}`;
    expect(messagesOf(page).map(bodyText)).to.deep.equal(BODIES);
  });

  it('is the body as JSON for a message that came in no frame', () => {
    const [message] = messagesOf(line('9007199254740993'));
    if (message === undefined) throw new Error('there is no message');
    expect(bodyText({ ...message, body: { a: 1 } })).to.equal('{"a":1}');
  });

  it('is the same value as was written, whatever was', () => {
    const number = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.integer({ min: 1 }),
        fc.constantFrom('', '.5', '.50', '.0', 'e3', 'E+30', 'e-7', '00000000000000000001')
      )
      .map((parts) => parts.join(''));
    const body = fc.oneof(
      number,
      fc.json(),
      number.map((n) => `{"a":[${n}],"body":"x"}`)
    );
    fc.assert(
      fc.property(body, (json) => {
        const [message] = messagesOf(line(json));
        expect(message !== undefined && isSameJson(bodyText(message), json)).to.equal(true);
      })
    );
  });
});
