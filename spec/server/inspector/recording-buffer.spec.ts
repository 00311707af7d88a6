import { expect } from 'chai';
import fc from 'fast-check';
import {
  RECORDED_ACTORS_MAX,
  RecordingBuffer,
  type Recorded
} from '../../../server/inspector/recording-buffer.js';

function message(seq: number, actor: number, says: Recorded['says'], chars = 10): Recorded {
  return {
    seq,
    type: says === null ? '@xstate.event' : '@xstate.snapshot',
    sessionIds: [`x:${String(actor)}`],
    thread: actor < 3 ? null : `t${String(actor)}`,
    says,
    text: String(seq).padEnd(chars, '.')
  };
}

/** Returns, for each actor that has not ended, the `seq` of the last message that tells its state. */
function standing(messages: Iterable<Recorded>): Map<string, number> {
  const last = new Map<string, number>();
  for (const { sessionIds, says, seq } of messages) {
    if (says === null) continue;
    for (const sessionId of sessionIds) {
      if (says === 'end') last.delete(sessionId);
      else last.set(sessionId, seq);
    }
  }
  return last;
}

describe('RecordingBuffer', () => {
  it('keeps the newest messages and counts those that gave way', () => {
    const buffer = new RecordingBuffer(3);
    for (let seq = 1; seq <= 5; seq++) buffer.push(message(seq, 0, null));
    expect([...buffer.kept()].map(({ seq }) => seq)).to.deep.equal([3, 4, 5]);
    expect(buffer.dropped).to.equal(2);
  });

  it('is bounded in characters too, but keeps the newest whatever its size', () => {
    const buffer = new RecordingBuffer(100, 50);
    for (let seq = 1; seq <= 4; seq++) buffer.push(message(seq, 0, null, 20));
    expect([...buffer.kept()].map(({ seq }) => seq)).to.deep.equal([3, 4]);
    buffer.push(message(5, 0, null, 1_000));
    expect([...buffer.kept()].map(({ seq }) => seq)).to.deep.equal([5]);
  });

  it('tells how every actor stands however much has given way', () => {
    const event = fc.record({
      actor: fc.nat(9),
      says: fc.constantFrom<Recorded['says']>('state', 'end', null)
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (all, max) => {
          const buffer = new RecordingBuffer(max);
          const messages = all.map(({ actor, says }, at) => message(at + 1, actor, says));
          for (const one of messages) buffer.push(one);
          expect(standing([...buffer.standing(), ...buffer.kept()])).to.deep.equal(
            standing(messages)
          );
          expect(buffer.length).to.be.at.most(max);
          expect(buffer.length + buffer.dropped).to.equal(messages.length);
        }
      )
    );
  });

  it('stays whole over many times what it keeps', () => {
    const buffer = new RecordingBuffer(10);
    for (let seq = 1; seq <= 10_000; seq++) buffer.push(message(seq, 1, 'state'));
    expect([...buffer.kept()].map(({ seq }) => seq)).to.deep.equal(
      Array.from({ length: 10 }, (_, n) => 9_991 + n)
    );
    expect([...buffer.standing()].map(({ seq }) => seq)).to.deep.equal([9_990]);
  });

  it('forgets the actors of threads before those of the tree when there are too many', () => {
    const buffer = new RecordingBuffer(1);
    let seq = 0;
    for (let actor = 0; actor < RECORDED_ACTORS_MAX + 20; actor++) {
      buffer.push(message(++seq, actor, 'state'));
    }
    const kept = new Set([...buffer.standing()].flatMap(({ sessionIds }) => sessionIds));
    expect(kept.size).to.equal(RECORDED_ACTORS_MAX);
    expect([0, 1, 2, 3].map((actor) => kept.has(`x:${String(actor)}`))).to.deep.equal([
      true,
      true,
      true,
      false
    ]);
  });

  it('changes the texts about a thread, and of what names it, also of standing states', () => {
    const buffer = new RecordingBuffer(2);
    const about = (seq: number, thread: string | null, text: string): Recorded => ({
      ...message(seq, seq, 'state'),
      thread,
      text
    });
    buffer.push(about(1, 't', 'one'));
    buffer.push(about(2, null, '{"of":"t"}'));
    buffer.push(about(3, 'u', 'three'));
    buffer.rewrite('t', () => 'gone');
    expect([...buffer.standing()].map(({ text }) => text)).to.deep.equal(['gone']);
    expect([...buffer.kept()].map(({ text }) => text)).to.deep.equal(['gone', 'three']);
  });
});
