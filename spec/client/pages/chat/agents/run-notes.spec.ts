import { expect } from 'chai';
import {
  foldNotes,
  NO_NOTES,
  NOTES_MAX,
  type RunNotes
} from '../../../../../client/pages/chat/agents/run-notes.js';
import type { MessageFrame } from '../../../../../protocol/frames.js';

function entry(offset: number, kind: string, body: object): MessageFrame {
  const from = { user: 'agent:a' };
  const frame = {
    type: 'message',
    thread: 't',
    offset,
    mid: `m${String(offset)}`,
    from,
    at: 0
  } as const;
  return { ...frame, kind, body: { run: 'r1', ...body } };
}

const folded = (...entries: readonly MessageFrame[]): RunNotes =>
  entries.reduce(foldNotes, NO_NOTES);

describe('foldNotes', () => {
  const history = [
    entry(1, 'agent_queued', { position: 1 }),
    entry(2, 'agent_waiting', { ask: 'a1', prompt: 'Which?', schema: null, expiresAt: 9 }),
    entry(3, 'agent_answered', { ask: 'a1', by: 'ada', value: 3 }),
    entry(4, 'agent_steered', { mid: 'm9' }),
    entry(5, 'agent_waiting', { ask: 'a2', prompt: 'And?' }),
    entry(6, 'agent_answered', { ask: 'a2', by: null, expired: true }),
    entry(7, 'agent_cancelled', { by: 'ada', interruptedBy: 'm10' })
  ];

  it('has the questions with who answered what, and what came in between', () => {
    expect(folded(...history)).to.eql({
      asks: [
        { ask: 'a1', prompt: 'Which?', offset: 2, answer: { by: 'ada', value: 3 } },
        { ask: 'a2', prompt: 'And?', offset: 5, answer: { by: null, value: undefined } }
      ],
      wasQueued: true,
      steered: ['m9'],
      isInterrupted: true
    });
  });

  it('is the same in any order, and when entries come again', () => {
    expect(folded(...history.toReversed())).to.eql(folded(...history));
    const once = folded(...history);
    expect(history.reduce(foldNotes, once)).to.eql(once);
  });

  it('keeps the first answer', () => {
    const again = entry(4, 'agent_answered', { ask: 'a1', by: 'bob', value: 4 });
    const [, asked, answered] = history;
    if (asked === undefined || answered === undefined) throw new Error('no entries');
    expect(folded(asked, answered, again).asks[0]?.answer).to.eql({ by: 'ada', value: 3 });
  });

  it('ignores what is damaged or no entry of a run, and is bounded', () => {
    const damaged = [
      entry(1, 'agent_waiting', { ask: 1 }),
      entry(2, 'agent_answered', {}),
      entry(3, 'agent_steered', { mid: null }),
      entry(4, 'user_message', { ask: 'a1' }),
      { ...entry(5, 'agent_waiting', {}), body: null }
    ];
    expect(folded(...damaged)).to.equal(NO_NOTES);
    const many = Array.from({ length: NOTES_MAX + 5 }, (_, n) => [
      entry(2 * n + 1, 'agent_waiting', { ask: `a${String(n)}`, prompt: '' }),
      entry(2 * n + 2, 'agent_steered', { mid: `m${String(n)}` })
    ]).flat();
    const notes = folded(...many);
    expect([notes.asks.length, notes.steered.length]).to.eql([NOTES_MAX, NOTES_MAX]);
  });
});
