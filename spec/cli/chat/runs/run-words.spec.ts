import { expect } from 'chai';
import { runLines } from '../../../../cli/chat/runs/run-lines.js';
import {
  failureAdvice,
  runEventWords,
  STEP_SHOWN_MAX
} from '../../../../cli/chat/runs/run-words.js';
import { begun, type Run } from '../../../../client/sdk/thread/runs/run.js';
import { widthOf } from '../../../../cli/terminal/text-width.js';

describe('runEventWords', () => {
  const said: [string, Record<string, unknown>, string][] = [
    ['agent_queued', { position: 2 }, '⧗ waits for its turn: 2 are before it'],
    ['agent_queued', {}, '⧗ waits for its turn'],
    [
      'agent_waiting',
      { prompt: 'How many?', schema: { type: 'integer', minimum: 1 } },
      '? How many? (a whole number from 1)'
    ],
    ['agent_waiting', { schema: null }, '? it asks something (any text)'],
    ['agent_answered', { by: 'bo\u001bb', value: 3 }, '↳ bo␛b answered 3'],
    ['agent_answered', { by: null }, '↳ nobody answered in time'],
    ['agent_steered', { mid: 'm' }, '↳ it was given the message that came meanwhile'],
    [
      'agent_completed',
      { text: 'done', ms: 1_234, usage: { input: 12, output: 30, model: 'small' } },
      'done (1.2 s · 12 + 30 tokens · small)'
    ],
    ['agent_completed', { text: 'done', usage: { output: 3 } }, 'done (3 tokens)'],
    [
      'agent_failed',
      { error: { code: 'interrupted', message: 'x' }, text: 'so far' },
      '■ interrupted: the server stopped in the middle of the answer\nso far'
    ],
    ['agent_failed', { error: { code: 'timeout' } }, '✗ the agent failed: timeout'],
    [
      'agent_cancelled',
      { by: 'bob', interruptedBy: 'm2' },
      '■ stopped, because bob wrote something newer'
    ],
    ['tool_completed', { tool: 't', ok: false, error: 'no oven' }, '✗ t failed "no oven"']
  ];
  for (const [kind, body, words] of said) {
    it(`says ${words.split('\n')[0] ?? ''}`, () => {
      expect(runEventWords(kind, body)?.text).to.equal(words);
    });
  }

  it('keeps thoughts and tools short, on one line', () => {
    const long = 'x\n'.repeat(1_000);
    for (const [kind, body] of [
      ['agent_thinking', { text: long }],
      ['tool_executing', { tool: 't', args: { long } }],
      ['tool_completed', { tool: 't', ok: true, result: long }]
    ] as const) {
      const text = runEventWords(kind, body)?.text ?? '';
      expect(text).to.match(/^[^\n]+…$/);
      expect(text.length).to.be.below(STEP_SHOWN_MAX + 10);
    }
  });

  it('leaves other messages to others', () => {
    expect(runEventWords('user_message', { text: 'hi' })).to.equal(null);
  });
});

describe('failureAdvice', () => {
  it('says what to do, for any code', () => {
    expect(failureAdvice('interrupted')).to.equal('/again asks again');
    expect(failureAdvice('provider_busy')).to.equal('wait a little; /again asks again');
    for (const code of ['agent_error', 'constructor', '']) {
      expect(failureAdvice(code)).to.include('its log; /again');
    }
  });
});

describe('runLines', () => {
  const run = (more: Partial<Run>): Run => ({ ...begun('r'), agent: 'echo', ...more });

  it('shows the end of a long answer in a few rows that fit', () => {
    const text = Array.from({ length: 5_000 }, (_, n) => `w\u001b${String(n)}`).join(' ');
    const lines = runLines([run({ text, attempt: 2 })], 40).map((line) => line.text);
    expect(lines[0]).to.equal('▶ echo writes, attempt 2 · /stop ends it');
    expect(lines).to.have.lengthOf(9);
    expect(lines.at(-1)).to.match(/w␛4999$/);
    for (const line of lines.slice(1)) expect(widthOf(line)).to.be.at.most(40);
  });

  it('shows a question and how many wait, and nothing of what has ended', () => {
    const ask = { ask: 'a', prompt: 'Sure?', schema: { type: 'boolean' }, expiresAt: null };
    const runs = [
      run({ state: 'completed', text: 'x' }),
      run({ state: 'waiting', ask }),
      run({ state: 'queued' }),
      run({ state: 'queued' })
    ];
    expect(runLines(runs, 80).map(({ text }) => text)).to.deep.equal([
      '? echo: Sure? · /answer takes yes or no',
      '⧗ 2 messages wait for an answer: /queue, /withdraw'
    ]);
  });
});
