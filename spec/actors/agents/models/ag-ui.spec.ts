import { expect } from 'chai';
import { agUi } from '../../../../actors/agents/models/ag-ui.js';
import type { RunContext } from '../../../../actors/agents/agent.js';
import { AgentError, type AgentEvent, type Answer } from '../../../../actors/agents/agent.js';
import { VirtualClock } from '../../../virtual-clock.js';
import { breaksOff, event, modelStub, says, streams, type ModelStub } from './model-stub.js';

const ids = { threadId: 't', runId: 'r1:1:1' };
const STARTED = event({ type: 'RUN_STARTED', ...ids });
const FINISHED = event({ type: 'RUN_FINISHED', ...ids, outcome: { type: 'success' } });
const text = (delta: string): string =>
  event({ type: 'TEXT_MESSAGE_CONTENT', messageId: 'm', delta });
const MESSAGE = event({ type: 'TEXT_MESSAGE_START', messageId: 'm', role: 'assistant' });
const CALL =
  event({ type: 'TOOL_CALL_START', toolCallId: 'c1', toolCallName: 'weather' }) +
  event({ type: 'TOOL_CALL_ARGS', toolCallId: 'c1', delta: '{"city":' }) +
  event({ type: 'TOOL_CALL_ARGS', toolCallId: 'c1', delta: '"Bonn"}' }) +
  event({ type: 'TOOL_CALL_END', toolCallId: 'c1' });

describe('agUi', () => {
  let stub: ModelStub;
  let notes: string[];

  before(async () => {
    stub = await modelStub();
  });
  after(async () => {
    await stub.stop();
  });
  beforeEach(() => {
    notes = [];
  });

  /** Everything that it yields, with `answer` for each question, and the error at the end. */
  const run = async (answer: Answer = { isAnswered: false }): Promise<unknown[]> => {
    const clock = new VirtualClock();
    const agent = agUi(stub.url.href, {
      key: 'k-secret',
      clock,
      random: () => 0.5,
      note: (reason) => notes.push(reason)
    });
    const context: RunContext = {
      run: 'r1',
      thread: 't',
      user: 'ada',
      message: {
        type: 'message',
        thread: 't',
        offset: 1,
        mid: 'm1',
        kind: 'user_message',
        from: { user: 'ada' },
        body: { text: 'hi' },
        at: 0
      },
      attempt: 1,
      signal: new AbortController().signal,
      history: () => [],
      steered: () => [],
      tools: []
    };
    const running = agent(context);
    const all: (AgentEvent | unknown[])[] = [];
    try {
      for (let next = await running.next(); next.done !== true;) {
        all.push(next.value);
        const isAsk = typeof next.value === 'object' && next.value.type === 'ask';
        next = await running.next(isAsk ? answer : undefined);
      }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      all.push([error.code, error.retryAfterMs]);
    }
    expect(clock.waiting, 'timers left').to.equal(0);
    return all;
  };

  it('asks with the thread, and yields thoughts, tools, text and costs', async () => {
    stub.does(
      streams(
        STARTED,
        event({ type: 'REASONING_MESSAGE_CONTENT', messageId: 'x', delta: 'hm' }),
        CALL,
        event({ type: 'TOOL_CALL_RESULT', messageId: 'y', toolCallId: 'c1', content: '21' }),
        event({ type: 'STATE_SNAPSHOT', snapshot: {} }),
        MESSAGE + text('It is ') + text('21') + MESSAGE + text('Bye'),
        event({
          type: 'RUN_FINISHED',
          ...ids,
          usage: [
            { inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, model: 'a' },
            { inputTokens: 10, reasoningTokens: 4, model: 'b' }
          ]
        })
      )
    );
    expect(await run()).to.deep.equal([
      { type: 'thinking', text: 'hm' },
      { type: 'toolCall', call: 'c1', tool: 'weather', args: { city: 'Bonn' } },
      { type: 'toolResult', call: 'c1', ok: true, result: '21' },
      'It is ',
      '21',
      '\n\n',
      'Bye',
      { type: 'usage', input: 11, output: 2, cached: 3, reasoning: 4, model: 'b' }
    ]);
    expect(stub.asked.at(-1)?.authorization).to.equal('Bearer k-secret');
    expect(stub.asked.at(-1)?.body).to.deep.equal({
      ...ids,
      messages: [{ id: 'r1:0', role: 'user', content: 'hi' }],
      tools: [],
      context: [],
      state: {}
    });
  });

  it('understands calls in turn, and in chunks without an end', async () => {
    const start = (toolCallId: string): string =>
      event({ type: 'TOOL_CALL_START', toolCallId, toolCallName: 'weather' });
    const args = (toolCallId: string, delta: string): string =>
      event({ type: 'TOOL_CALL_ARGS', toolCallId, delta });
    stub.does(
      streams(
        start('a') + start('b') + args('a', '[1') + args('b', 'no JSON') + args('a', ']'),
        event({ type: 'TOOL_CALL_END', toolCallId: 'b' }),
        event({ type: 'TOOL_CALL_END', toolCallId: 'a' }),
        event({ type: 'TOOL_CALL_CHUNK', toolCallId: 'c', toolCallName: 'clock' }),
        event({ type: 'TOOL_CALL_CHUNK', delta: '{}' }),
        FINISHED
      )
    );
    expect(await run()).to.deep.equal([
      { type: 'toolCall', call: 'b', tool: 'weather', args: 'no JSON' },
      { type: 'toolCall', call: 'a', tool: 'weather', args: [1] },
      { type: 'toolCall', call: 'c', tool: 'clock', args: {} }
    ]);
  });

  it('asks people at an interrupt, and gives their answer to a new run', async () => {
    const schema = { type: 'boolean' };
    const interrupts = [{ id: 'i1', reason: 'approval', message: 'Pay?', responseSchema: schema }];
    const interrupted = event({
      type: 'RUN_FINISHED',
      ...ids,
      outcome: { type: 'interrupt', interrupts }
    });
    for (const [answer, entry] of [
      [
        { isAnswered: true, value: true, by: 'ada' },
        { status: 'resolved', payload: true }
      ],
      [{ isAnswered: false }, { status: 'cancelled' }]
    ] as const) {
      stub.does(streams(STARTED, interrupted), streams(text('Done'), FINISHED));
      expect(await run(answer)).to.deep.equal([{ type: 'ask', prompt: 'Pay?', schema }, 'Done']);
      expect(stub.asked.at(-1)?.body).to.deep.include({
        runId: 'r1:1:2',
        resume: [{ interruptId: 'i1', ...entry }]
      });
    }
  });

  it('fails without another attempt when the agent tells an error, which people do not see', async () => {
    stub.does(
      streams(STARTED, event({ type: 'RUN_ERROR', message: 'no key k-secret', code: 'x' }))
    );
    expect(await run()).to.deep.equal([['provider_failed', null]]);
    expect(notes.join()).to.include('x no key').and.not.include('secret');
  });

  it('is tried again when the stream breaks off, but not once a tool was called', async () => {
    stub.does(breaksOff(STARTED, text('It')));
    expect(await run()).to.deep.equal(['It', ['provider_cut', 750]]);
    stub.does(breaksOff(STARTED, CALL));
    expect((await run()).at(-1)).to.deep.equal(['provider_cut', null]);
  });

  it('refuses what is no event, pieces of no call, and what is no stream', async () => {
    stub.does(streams('data: 1\n\n'));
    expect(await run()).to.deep.equal([['provider_cut', 750]]);
    stub.does(streams(event({ type: 'TOOL_CALL_ARGS', toolCallId: 'z', delta: '' })));
    expect(await run()).to.deep.equal([['bad_event', null]]);
    stub.does(says(200, '<html>', { 'content-type': 'text/html' }));
    expect(await run()).to.deep.equal([['provider_answer', null]]);
  });

  it('says when the agent was stopped elsewhere', async () => {
    stub.does(streams(event({ type: 'RUN_FINISHED', ...ids, outcome: { type: 'cancelled' } })));
    expect(await run()).to.deep.equal([['stopped', null]]);
  });
});
