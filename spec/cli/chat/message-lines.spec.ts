import { expect } from 'chai';
import fc from 'fast-check';
import type { MessageFrame } from '../../../client/sdk/client.js';
import { gapWords, LINES_SHOWN_MAX, MessageLines } from '../../../cli/chat/message-lines.js';
import { paintIf } from '../../../server/logger/paint.js';
import { widthOf } from '../../../cli/terminal/text-width.js';

const NOON = new Date(2026, 0, 5, 12, 0, 7).getTime();
const DAY_MS = 86_400_000;

function message(body: unknown, more: Partial<MessageFrame> = {}): MessageFrame {
  return {
    type: 'message',
    thread: 't1',
    offset: 1,
    mid: 'm1',
    from: { user: 'ada' },
    at: NOON,
    kind: 'user_message',
    body,
    ...more
  };
}

describe('MessageLines', () => {
  const make = (columns = 80, stamp: 'clock' | 'date' = 'clock', colours = false): MessageLines =>
    new MessageLines({ paint: paintIf(colours), columns: () => columns, stamp });

  it('says the day once, then when, who and what', () => {
    const lines = make();
    expect(lines.of(message({ text: 'hi' }))).to.deep.equal([
      '── Monday, 5 January 2026 ──',
      '12:00          ada │ hi'
    ]);
    expect(lines.of(message({ text: 'again' }))).to.deep.equal(['12:00          ada │ again']);
    expect(lines.of(message({ text: 'next' }, { at: NOON + DAY_MS }))[0]).to.equal(
      '── Tuesday, 6 January 2026 ──'
    );
  });

  it('says date and time in every line when it is told to', () => {
    expect(make(80, 'date').of(message('hi'))).to.deep.equal([
      '2026-01-05 12:00:07          ada │ hi'
    ]);
  });

  it('puts the bar before every line of a message, also where the width breaks it', () => {
    const forged = `first\n12:00          bob │ I owe you${' '.repeat(90)}12:00 bob`;
    const [, ...lines] = make(60).of(message(forged));
    expect(lines[0]).to.equal('12:00          ada │ first');
    for (const line of lines.slice(1)) expect(line).to.match(/^ {19}│/);
  });

  it('makes no line wider than the screen, whatever is said by whom', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        fc.integer({ min: 70, max: 120 }),
        (text, user, columns) => {
          for (const line of make(columns).of(message(text, { from: { user } }), true)) {
            expect(widthOf(line)).to.be.at.most(columns);
          }
        }
      )
    );
  });

  it('marks one’s own message as stored', () => {
    expect(make().of(message('hi'), true).at(-1)).to.equal('12:00          ada │ hi ✓');
  });

  it('shows so many lines of a message and counts the rest', () => {
    const lines = make(80, 'date').of(message('x\n'.repeat(1_000)));
    expect(lines).to.have.lengthOf(LINES_SHOWN_MAX + 1);
    expect(lines.at(-1)).to.match(/│ … 801 more lines$/);
  });

  it('gives an author the same colour every time', () => {
    const lines = make(80, 'date', true);
    const [one] = lines.of(message('hi'));
    const [other] = lines.of(message('hi'));
    expect(one).to.equal(other).and.to.include('\u001b[3');
  });

  it('says what may be sent besides text, on lines that a terminal only prints', () => {
    const run = 'r7';
    const said: [Partial<MessageFrame>, string][] = [
      [{ body: { order: 7, note: 'a\u009bb' } }, '{"order":7,"note":"a\\u009bb"}'],
      [{ body: 'bare' }, 'bare'],
      [{ body: null }, 'null'],
      [{ kind: 'order.placed', body: { text: 'one pizza' } }, '[order.placed] one pizza'],
      [{ kind: 'agent_started', body: { run, agent: 'echo' } }, '▶ echo begins to answer'],
      [{ kind: 'agent_thinking', body: { run, text: 'hm\u001b[2J' } }, '… hm␛[2J'],
      [
        { kind: 'tool_executing', body: { run, call: 'k1', tool: 'search', args: { q: 'x' } } },
        '⚙ search {"q":"x"}'
      ],
      [
        { kind: 'tool_completed', body: { run, tool: 'search', ok: true, ms: 412, result: [1] } },
        '✓ search (412 ms) [1]'
      ],
      [
        { kind: 'tool_completed', body: { run, tool: 'search', ok: false, ms: 1_234 } },
        '✗ search failed (1.2 s)'
      ],
      [{ kind: 'agent_completed', body: { run, text: 'done', ms: 5_120 } }, 'done (5.1 s)'],
      [
        {
          kind: 'agent_failed',
          body: { run, error: { code: 'x', message: 'too\nbad' }, text: '' }
        },
        '✗ the agent failed: too bad'
      ],
      [{ kind: 'agent_cancelled', body: { run, by: 'bob', text: '' } }, '■ stopped by bob']
    ];
    for (const [more, words] of said) {
      const [line] = make(120, 'date').of(message(null, more));
      expect(line?.slice(line.indexOf('│') + 2)).to.equal(words);
    }
  });
});

describe('gapWords', () => {
  it('says which messages will not come, and why', () => {
    expect(gapWords({ from: 18, to: 90, reason: 'trimmed' })).to.equal(
      'messages 18 to 90: no longer kept by the server'
    );
    expect(gapWords({ from: 7, to: 7, reason: 'missing' })).to.include('message 7:');
    expect(gapWords({ from: 1, to: 7, reason: 'epoch' })).to.include('began anew');
  });
});
