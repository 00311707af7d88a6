import { expect } from 'chai';
import fc from 'fast-check';
import Value from 'typebox/value';
import { isServerFrame, readFrames } from '../../../client/sdk/frames.js';
import { SERVER_FRAMES } from '../../../protocol/frames.js';
import { FRAME_SAMPLES } from './frame-samples.js';

describe('isServerFrame', () => {
  for (const frame of Object.values(FRAME_SAMPLES)) {
    it(`takes ${frame.type} when it fits the schema`, () => {
      expect(Value.Check(SERVER_FRAMES[frame.type], frame)).to.equal(true);
      expect(isServerFrame(frame)).to.equal(true);
    });

    it(`refuses ${frame.type} when a field the schema asks for is missing`, () => {
      for (const field of Object.keys(frame)) {
        const rest = Object.fromEntries(Object.entries(frame).filter(([name]) => name !== field));
        // `isServerFrame` does not check bodies, which may be any JSON value.
        if (field === 'body' || Value.Check(SERVER_FRAMES[frame.type], rest)) continue;
        expect(isServerFrame(rest), `without ${field}`).to.equal(false);
      }
    });
  }
});

describe('readFrames', () => {
  it('takes a number past all numbers for no frame', () => {
    const line = '{"type":"pong","time":1e999}';
    expect(readFrames(line)).to.eql({ frames: [], bad: [line] });
  });

  it('reads several frames of one message, in order', () => {
    expect(readFrames('{"type":"ping"}\n{"type":"pong","time":1}\n')).to.eql({
      frames: [{ type: 'ping' }, { type: 'pong', time: 1 }],
      bad: []
    });
  });

  it('leaves a type out when it is newer than the SDK', () => {
    expect(readFrames('{"type":"novelty"}')).to.eql({ frames: [], bad: [] });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { frames } = readFrames(text);
        expect(frames).to.be.an('array');
      })
    );
  });
});
