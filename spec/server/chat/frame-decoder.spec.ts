import { expect } from 'chai';
import fc from 'fast-check';
import { NumberText } from '../../../protocol/json-text.js';
import { decodeFrame } from '../../../server/chat/frame-decoder.js';

const publish = (body: string): string =>
  `{"type":"publish","id":1,"thread":"t","mid":"m","body":${body}}`;

describe('decodeFrame', () => {
  it('answers one frame or one fault for every text, and never throws', () => {
    const text = fc.oneof(fc.json(), fc.string(), fc.constantFrom('', '{"type":"ping","id":1}'));
    fc.assert(
      fc.property(text, (given) => {
        expect(decodeFrame(given)).to.have.property('ok').that.is.a('boolean');
      })
    );
  });

  it('takes a blank text for a fault, so that it is not free', () => {
    expect(decodeFrame('\n\n')).to.include({ ok: false, code: 'bad_json' });
  });

  it('echoes no id that is longer than an id may be, whatever else is wrong', () => {
    for (const id of ['x'.repeat(129), '👩‍👩‍👧'.repeat(40)]) {
      expect(decodeFrame(JSON.stringify({ type: 'ping', id }))).to.include({
        ok: false,
        id: undefined
      });
      expect(decodeFrame(JSON.stringify({ type: 'shout', id }))).to.include({ id: undefined });
    }
    const longest = '🧵'.repeat(128);
    expect(decodeFrame(JSON.stringify({ type: 'shout', id: longest }))).to.include({ id: longest });
  });

  it('keeps the text of a numeric id that JavaScript would write in another way, in frames and in faults', () => {
    for (const id of ['9007199254740993', '1e300', '1.0', '-0']) {
      const ping = decodeFrame(`{"type":"ping","id":${id}}`);
      expect(ping).to.deep.include({ ok: true, frame: { type: 'ping', id: new NumberText(id) } });
      const fault = decodeFrame(`{"type":"shout","id": ${id} }`);
      expect(fault).to.deep.include({ code: 'unknown_type', id: new NumberText(id) });
    }
    expect(decodeFrame('{"type":"ping","id":12}')).to.deep.include({
      frame: { type: 'ping', id: 12 }
    });
  });

  it('takes no names that no user may have, but for a member who is removed', () => {
    const member = { type: 'member', thread: 't', user: 'agent:x' };
    const fault = { ok: false, code: 'bad_frame', id: 7 };
    for (const frame of [
      { type: 'connect', user: 'system' },
      { ...member, role: 'reader' }
    ]) {
      const decoded = decodeFrame(JSON.stringify({ ...frame, id: 7 }));
      expect(decoded)
        .to.include(fault)
        .and.have.property('message')
        .that.matches(/^\/user must/);
    }
    expect(decodeFrame(JSON.stringify({ ...member, role: null }))).to.include({ ok: true });
    expect(decodeFrame('{"type":"connect"}')).to.include({ ok: true });
  });

  it('refuses the value of an answer that would be stored as another, and one that is too deep', () => {
    const answer = (value: string) =>
      decodeFrame(`{"type":"answer","id":1,"run":"r","ask":"a1","value":${value}}`);
    expect(answer('{"n":1.50,"t":"9007199254740993"}')).to.deep.include({ ok: true });
    for (const value of ['9007199254740993', '[1e400]', '['.repeat(101) + ']'.repeat(101)]) {
      expect(answer(value), value).to.deep.include({ ok: false, code: 'bad_frame', id: 1 });
    }
  });

  it('keeps the text of the body of a publish', () => {
    const decoded = decodeFrame(publish('{ "n": [1e400] }'));
    expect(decoded).to.have.nested.property('frame.body').eql({ json: '{"n":[1e400]}', depth: 2 });
  });
});
