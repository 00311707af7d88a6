import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { AgentError, type AgentEvent } from '../../../../actors/agents/agent.js';
import { fromAiSdk } from '../../../../actors/agents/models/ai-sdk.js';
import { RunRig } from '../run-rig.js';

/** Streams that `streamText` of each version of the package has produced with its own mock model. */
interface Recorded {
  readonly tools: readonly unknown[];
  readonly length: readonly unknown[];
  readonly error: readonly unknown[];
}

const recorded = (version: number): Recorded =>
  JSON.parse(
    readFileSync(new URL(`recorded/ai-sdk-${String(version)}.json`, import.meta.url), 'utf8')
  ) as Recorded;

async function* streamOf(parts: readonly unknown[]): AsyncGenerator {
  for (const part of parts) yield await Promise.resolve(part);
}

describe('fromAiSdk', () => {
  /** What a run makes of the parts: what it writes to the thread, and the body of its end. */
  const run = async (parts: readonly unknown[]): Promise<{ told: string[]; end: unknown }> => {
    const rig = new RunRig({ ai: fromAiSdk(() => streamOf(parts)) });
    await rig.say('hi', { agent: 'ai' });
    return { told: rig.told(), end: rig.entries().at(-1)?.body };
  };

  for (const version of [5, 6, 7]) {
    const { tools, length, error } = recorded(version);

    it(`understands ai ${String(version)}: thoughts, tools and their failures, text, costs`, async () => {
      const { told, end } = await run(tools);
      expect(told).to.deep.equal([
        'agent_started',
        'agent_thinking I must look',
        'tool_executing',
        'tool_executing',
        'tool_completed no such city',
        'tool_completed',
        'agent_completed It is 21 degrees'
      ]);
      expect(end).to.deep.include({
        usage: { input: 20, output: 40, cached: 8, reasoning: 6 }
      });
    });

    it(`keeps the text of ai ${String(version)} and tells that the limit of tokens was reached`, async () => {
      expect((await run(length)).told.at(-1)).to.equal('agent_failed It is length');
    });

    it(`keeps the text of ai ${String(version)} when it tells an error, and the error from people`, async () => {
      const { told, end } = await run(error);
      expect(told.at(-1)).to.equal('agent_failed It is agent_error');
      expect(JSON.stringify(end)).to.not.include('acme');
    });
  }

  const events = async (...parts: unknown[]): Promise<unknown> => {
    const found: AgentEvent[] = [];
    const running = fromAiSdk(() => Promise.resolve(streamOf(parts)))({
      run: 'r',
      thread: 't',
      user: 'ada',
      message: {
        type: 'message',
        thread: 't',
        offset: 1,
        mid: 'm',
        kind: 'user_message',
        from: { user: 'ada' },
        body: {},
        at: 0
      },
      attempt: 1,
      signal: new AbortController().signal,
      history: () => [],
      steered: () => [],
      tools: []
    });
    try {
      for await (const one of running) found.push(one);
    } catch (error) {
      return error instanceof AgentError ? error.code : error;
    }
    return found;
  };

  it('passes over what it does not know, and results that are not the last', async () => {
    const result = { type: 'tool-result', toolCallId: 'c', output: 1 };
    expect(
      await events(
        null,
        7,
        { type: 'raw' },
        { type: 'x' },
        {},
        { ...result, preliminary: true },
        result
      )
    ).to.deep.equal([{ type: 'toolResult', call: 'c', ok: true, result: 1 }]);
  });

  it('ends a tool that nobody has permitted, and says that approvals are asked otherwise', async () => {
    expect(await events({ type: 'tool-output-denied', toolCallId: 'c' })).to.deep.equal([
      { type: 'toolResult', call: 'c', ok: false, error: 'nobody has permitted it' }
    ]);
    expect(await events({ type: 'tool-approval-request' })).to.equal('approval');
  });
});
