import { expect } from 'chai';
import * as v5 from 'ai-v5';
import { MockLanguageModelV2 } from 'ai-v5/test';
import * as v6 from 'ai-v6';
import { MockLanguageModelV3 } from 'ai-v6/test';
import * as v7 from 'ai-v7';
import { MockLanguageModelV4 } from 'ai-v7/test';
import { fromAiSdk } from '../../../../actors/agents/models/ai-sdk.js';
import { RunRig } from '../run-rig.js';

/** A part of a model's stream, as the three versions have it apart from its end. */
type Part = Readonly<Record<string, unknown>>;

/** What a model does when it is asked: parts of its stream, then perhaps an error; or it never ends. */
interface Asked {
  readonly parts: readonly Part[];
  readonly then?: 'ends' | 'stalls' | 'breaks off';
}

/** The parts that two of the packages' functions share; a spec need not know their types. */
interface Sdk {
  readonly streamText: (options: object) => { readonly fullStream: AsyncIterable<unknown> };
  readonly tool: (tool: object) => unknown;
  readonly jsonSchema: (schema: object) => unknown;
  readonly stepCountIs: (steps: number) => unknown;
}

const SDKS = {
  5: { sdk: v5, model: MockLanguageModelV2 },
  6: { sdk: v6, model: MockLanguageModelV3 },
  7: { sdk: v7, model: MockLanguageModelV4 }
} as unknown as Readonly<
  Record<number, { readonly sdk: Sdk; readonly model: new (options: object) => object }>
>;

const text = (...deltas: string[]): Part[] => [
  { type: 'text-start', id: '1' },
  ...deltas.map((delta) => ({ type: 'text-delta', id: '1', delta })),
  { type: 'text-end', id: '1' }
];
const call = (id: string, name: string, input: string): Part[] => [
  { type: 'tool-input-start', id, toolName: name },
  { type: 'tool-input-delta', id, delta: input },
  { type: 'tool-input-end', id },
  { type: 'tool-call', toolCallId: id, toolName: name, input }
];

for (const [version, { sdk, model: Model }] of Object.entries(SDKS)) {
  describe(`fromAiSdk with streamText of ai ${version}`, () => {
    const isOld = version === '5';
    const finish = (reason: string): Part => ({
      type: 'finish',
      finishReason: isOld ? reason : { unified: reason, raw: reason },
      usage: isOld
        ? { inputTokens: 10, outputTokens: 20, totalTokens: 30, cachedInputTokens: 4 }
        : {
            inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: 0 },
            outputTokens: { total: 20, text: 20, reasoning: 0 }
          }
    });

    /** Runs an agent over a model that does what is said, once for each question; returns the rig and the signals. */
    const begin = async (
      ...asked: readonly Asked[]
    ): Promise<{ rig: RunRig; signals: AbortSignal[]; asks: () => number }> => {
      const signals: AbortSignal[] = [];
      let asks = 0;
      const model = new Model({
        doStream: ({ abortSignal }: { abortSignal: AbortSignal }) => {
          signals.push(abortSignal);
          const { parts, then = 'ends' } = asked[asks++] ?? { parts: [] };
          const stream = new ReadableStream(
            {
              start(controller) {
                controller.enqueue({ type: 'stream-start', warnings: [] });
                for (const part of parts) controller.enqueue(part);
                if (then === 'ends') controller.close();
                abortSignal.addEventListener('abort', () => {
                  if (then === 'stalls') controller.error(abortSignal.reason);
                });
              },
              // Not before all parts are read: an error empties the queue of the stream.
              pull(controller) {
                if (then === 'breaks off') controller.error(new Error('reset by acme'));
              }
            },
            { highWaterMark: 0 }
          );
          return Promise.resolve({ stream });
        }
      });
      const weather = sdk.tool({
        description: 'tells the weather',
        inputSchema: sdk.jsonSchema({
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city']
        }),
        execute: ({ city }: { city: string }) => {
          if (city !== 'Bonn') throw new Error('no such city');
          return { degrees: 21 };
        }
      });
      const rig = new RunRig({
        ai: fromAiSdk(
          ({ signal }) =>
            sdk.streamText({
              model,
              prompt: 'hi',
              tools: { weather },
              stopWhen: sdk.stepCountIs(3),
              maxRetries: 0,
              abortSignal: signal,
              onError: () => undefined
            }).fullStream
        )
      });
      await rig.say('hi', { agent: 'ai' });
      return { rig, signals, asks: () => asks };
    };

    it('answers, with a tool in between and its costs', async () => {
      const { rig } = await begin(
        { parts: [...call('c1', 'weather', '{"city":"Bonn"}'), finish('tool-calls')] },
        { parts: [...text('It is ', '21'), finish('stop')] }
      );
      await rig.ended('t');
      expect(rig.told()).to.eql([
        'agent_started',
        'tool_executing',
        'tool_completed',
        'agent_completed It is 21'
      ]);
      const [, , , done, end] = rig.entries();
      expect(done?.body).to.deep.include({ tool: 'weather', ok: true, result: { degrees: 21 } });
      expect(end?.body).to.have.deep.nested.property('usage.input', 20);
      expect(end?.body).to.have.deep.nested.property('usage.cached', 8);
    });

    it('ends a tool that throws, one that there is not, and one whose arguments are no JSON', async () => {
      const { rig } = await begin(
        {
          parts: [
            ...call('c1', 'weather', '{"city":"Ulm"}'),
            ...call('c2', 'rm', '{}'),
            ...call('c3', 'weather', '{"city"'),
            finish('tool-calls')
          ]
        },
        { parts: [...text('Sorry'), finish('stop')] }
      );
      await rig.ended('t');
      const ends = rig.entries().filter(({ kind }) => kind === 'tool_completed');
      expect(ends.map(({ body }) => (body as { ok: boolean }).ok)).to.eql([false, false, false]);
      expect(rig.told().at(-1)).to.equal('agent_completed Sorry');
    });

    it('keeps the text of a model that breaks off, and its reason from people', async () => {
      const { rig } = await begin({ parts: text('It is').slice(0, 2), then: 'breaks off' });
      await rig.ended('t');
      expect(rig.told().at(-1)).to.equal('agent_failed It is agent_error');
      expect(rig.faults.join()).to.include('acme');
      expect(JSON.stringify(rig.entries())).to.not.include('acme');
    });

    it('ends a run with a model that says nothing more, after the time of a run', async () => {
      const { rig, signals } = await begin({ parts: text('It is').slice(0, 2), then: 'stalls' });
      while (rig.chunks.length === 0) await rig.turns(1);
      await rig.pass(60_000);
      expect(signals[0]?.aborted).to.equal(true);
      await rig.ended('t');
      expect(rig.told().at(-1)).to.equal('agent_failed It is timeout');
    });

    it('stops the model in the turn of the cancel', async () => {
      const { rig, signals, asks } = await begin({
        parts: text('It is').slice(0, 2),
        then: 'stalls'
      });
      while (rig.chunks.length === 0) await rig.turns(1);
      rig.runs.cancel(rig.runs.of('t')[0]?.run ?? '', 'ada');
      expect(signals.map(({ aborted }) => aborted)).to.eql([true]);
      await rig.ended('t');
      expect(rig.told()).to.eql(['agent_started', 'agent_cancelled It is ada']);
      expect(asks()).to.equal(1);
    });

    it('bounds a model that says a megabyte, or never stops to call tools', async () => {
      const large = await begin({ parts: [...text('x'.repeat(1_048_577)), finish('stop')] });
      await large.rig.ended('t');
      expect(large.rig.told().at(-1)).to.equal('agent_failed too_long');
      const again = { parts: [...call('c', 'weather', '{"city":"Bonn"}'), finish('tool-calls')] };
      const steps = await begin(again, again, again, again);
      await steps.rig.ended('t');
      expect(steps.asks()).to.equal(3);
      expect(steps.rig.told().at(-1)).to.equal('agent_completed');
    });
  });
}
