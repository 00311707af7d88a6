import { expect } from 'chai';
import fc from 'fast-check';
import {
  fallbackFrame,
  frameHeader,
  messageFrame,
  parseMessageFrame,
  replayFrame
} from '../../protocol/message-frame.js';

const parts = fc.record({
  mid: fc.string({ unit: 'binary' }),
  user: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('},"at":1,"kind":')),
  kind: fc.stringMatching(/^[a-z][a-z0-9_.]{0,63}$/),
  bodyJson: fc.json(),
  at: fc.nat(4_102_444_800_000)
});
const offset = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('messageFrame', () => {
  it('makes the frame of the protocol when given plain parts', () => {
    const frame = messageFrame('t42', 213, {
      mid: '0197',
      user: 'ada',
      kind: 'user_message',
      bodyJson: '{"text":"hi"}',
      at: 1767225600123
    });
    expect(frame).to.equal(
      '{"type":"message","thread":"t42","offset":213,"mid":"0197","from":{"user":"ada"},"at":1767225600123,"kind":"user_message","body":{"text":"hi"}}'
    );
  });

  it('is read back by parseMessageFrame when its parts are anything', () => {
    fc.assert(
      fc.property(parts, offset, (given, at) => {
        expect(parseMessageFrame(messageFrame('t1', at, given))).to.deep.equal({
          type: 'message',
          thread: 't1',
          offset: at,
          mid: given.mid,
          from: { user: given.user },
          at: given.at,
          kind: given.kind,
          body: JSON.parse(given.bodyJson) as unknown
        });
      })
    );
  });
});

describe('frameHeader', () => {
  it('reads mid, user and time when the parts are anything', () => {
    fc.assert(
      fc.property(parts, offset, (given, at) => {
        const { mid, user, at: time } = given;
        expect(frameHeader(messageFrame('t1', at, given))).to.deep.equal({ mid, user, at: time });
      })
    );
  });

  for (const text of ['', '{}', '{"type":"message","thread":"t","offset":1,"mid":5', 'null']) {
    it(`answers null when the text is ${JSON.stringify(text)}`, () => {
      expect(frameHeader(text)).to.equal(null);
    });
  }
});

describe('parseMessageFrame', () => {
  const whole = {
    type: 'message',
    thread: 't',
    offset: 1,
    mid: 'm',
    from: { user: 'ada' },
    at: 1,
    kind: 'user_message',
    body: null
  };

  it('takes a whole frame when the body is null', () => {
    expect(parseMessageFrame(JSON.stringify(whole))).to.deep.equal(whole);
  });

  for (const field of Object.keys(whole)) {
    it(`answers null when ${field} is missing`, () => {
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field));
      expect(parseMessageFrame(JSON.stringify(rest))).to.equal(null);
    });
  }

  for (const bad of [{ offset: 0 }, { offset: 1.5 }, { from: {} }, { from: null }, { at: '1' }]) {
    it(`answers null when it holds ${JSON.stringify(bad)}`, () => {
      expect(parseMessageFrame(JSON.stringify({ ...whole, ...bad }))).to.equal(null);
    });
  }
});

describe('replayFrame', () => {
  it('adds replay and changes nothing else when given a frame', () => {
    const frame = '{"type":"message","body":{}}';
    expect(replayFrame(frame)).to.equal('{"type":"message","body":{},"replay":true}');
  });
});

describe('fallbackFrame', () => {
  it('adds fallback and changes nothing else when given a frame', () => {
    const frame = '{"type":"message","body":{}}';
    expect(fallbackFrame(frame)).to.equal('{"type":"message","body":{},"fallback":true}');
  });
});
