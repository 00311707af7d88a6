import { expect } from 'chai';
import fc from 'fast-check';
import { GROUP_MS, Transcript, type Row } from '../../../client/chat/transcript.js';
import type { MessageFrame } from '../../../server/protocol.js';

const NOON = new Date(2026, 0, 15, 12).getTime();

function message(offset: number, user = 'bob', at = NOON): MessageFrame {
  return {
    type: 'message',
    thread: 't',
    offset,
    mid: `m${String(offset)}`,
    from: { user },
    at,
    kind: 'user_message',
    body: { text: String(offset) }
  };
}

function outline(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    if (row.type === 'message') return `${row.first ? '+' : ' '}${String(row.message.offset)}`;
    if (row.type === 'draft') return `${row.first ? '+' : ' '}${row.draft.mid} ${row.draft.state}`;
    return row.type;
  });
}

describe('Transcript', () => {
  it('groups messages when they are of one author, close together and of one day', () => {
    const transcript = new Transcript();
    transcript.append(message(1));
    transcript.append(message(2, 'bob', NOON + GROUP_MS));
    transcript.append(message(3, 'bob', NOON + 2 * GROUP_MS + 1));
    transcript.append(message(4, 'ada', NOON + 2 * GROUP_MS + 2));
    transcript.append(message(5, 'ada', NOON + 86_400_000));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', ' 2', '+3', '+4', 'day', '+5']);
  });

  it('puts history before what came by itself and drops what it has', () => {
    const transcript = new Transcript();
    transcript.append(message(3));
    transcript.prepend([message(1), message(2), message(3)]);
    transcript.append(message(3));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', ' 2', ' 3']);
  });

  it('shows a draft at the end until its message comes', () => {
    const transcript = new Transcript();
    transcript.append(message(1));
    const draft = { mid: 'm2', text: 'x', at: NOON, problem: '', state: 'sending' } as const;
    transcript.draft(draft);
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', '+m2 sending']);
    transcript.append(message(2, 'ada'));
    // The ack may come after the message; it must not bring the draft back.
    transcript.draft({ ...draft, state: 'sent' });
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', '+2']);
  });

  it('marks a hole, and starts anew when the thread did', () => {
    const transcript = new Transcript();
    transcript.append(message(1));
    transcript.mark({ from: 2, to: 3, reason: 'trimmed' });
    transcript.append(message(4));
    expect(outline(transcript.rows('ada'))).to.eql(['day', '+1', 'gap', '+4']);
    transcript.mark({ from: 1, to: 4, reason: 'epoch' });
    transcript.append(message(1));
    expect(outline(transcript.rows('ada'))).to.eql(['gap', 'day', '+1']);
  });

  it('drops the oldest when more come than it keeps', () => {
    const transcript = new Transcript(3);
    for (let offset = 1; offset <= 5; offset++) transcript.append(message(offset));
    expect([transcript.oldest, transcript.newest, transcript.detached]).to.eql([3, 5, false]);
    expect(transcript.trimmed).to.equal(true);
  });

  it('drops the newest and is detached when older ones need the room', () => {
    const transcript = new Transcript(3);
    transcript.append(message(4));
    transcript.append(message(5));
    transcript.prepend([message(2), message(3)]);
    expect([transcript.oldest, transcript.newest, transcript.detached]).to.eql([2, 4, true]);
    transcript.append(message(6));
    expect(transcript.newest).to.equal(4);
    transcript.clear();
    transcript.append(message(6));
    expect([transcript.newest, transcript.detached]).to.eql([6, false]);
  });

  it('never passes its limit, never repeats a key and keeps offsets rising, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ prepend: fc.integer({ min: 1, max: 10 }) })
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const transcript = new Transcript(8);
        for (const one of steps) {
          if ('append' in one) transcript.append(message(one.append));
          else {
            const before = transcript.oldest ?? 20;
            const page = Array.from({ length: one.prepend }, (_, i) => before - one.prepend + i);
            transcript.prepend(page.filter((offset) => offset > 0).map((o) => message(o)));
          }
          const rows = transcript.rows('ada');
          const offsets = rows.flatMap((row) =>
            row.type === 'message' ? [row.message.offset] : []
          );
          expect(transcript.size).to.be.at.most(8);
          expect(offsets).to.eql([...new Set(offsets)].sort((a, b) => a - b));
          expect(new Set(rows.map(({ key }) => key)).size).to.equal(rows.length);
        }
      })
    );
  });
});
