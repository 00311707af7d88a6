/**
 * Streams the answer of any server with OpenAI's chat completions API, and calls the tools that its model asks for:
 * `openAi('https://api.openai.com/v1', { model: 'gpt-5-mini' })`.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
import { systemClock, type Clock } from '../../clock.js';
import {
  AgentError,
  type AgentEvent,
  type Answer,
  type RunContext,
  type UsageEvent
} from '../agent.js';
import { callTool, NO_PARAMETERS, parsedArgs } from '../tools/tool-call.js';
import type { Tool } from '../tools/tool.js';
import { chatMessages } from './chat-messages.js';
import { CompletionCalls, type CompletionCall } from './completion-calls.js';
import { completionChunk } from './completion-chunk.js';
import { Provider } from './provider.js';
import { Thoughts } from './thoughts.js';

/** Most entries of the branch that are searched for messages; entries of tools and thoughts are among them. */
const ENTRIES_MAX = 500;

const COSTS = { include_usage: true };
const COUNTS = ['input', 'output', 'cached', 'reasoning'] as const;

/** Most characters of a tool's name. */
const NAME_MAX = 64;

/** How often the model is asked in one attempt, unless the agent says otherwise: once more than it may call tools. */
export const ROUNDS = 8;

/** Options of {@link openAi}. */
export interface OpenAiOptions {
  readonly model: string;
  /** Sent as a bearer token. */
  readonly key?: string | undefined;
  /** Told to the model before the messages. */
  readonly system?: string;
  /** Most characters of the messages that the model is given. Default 60,000. */
  readonly historyChars?: number;
  /** Longest time without an event, in milliseconds. Default 120,000; values above 300,000 have no effect. */
  readonly stallMs?: number;
  /** How often the model is asked in one run: the run fails when it still calls tools then. Default 8. */
  readonly rounds?: number;
  /** Tells the operator why the server gave no answer, or a tool failed; the text never contains the key. */
  readonly note?: (reason: string) => void;
  readonly clock?: Clock;
  /** Returns a random number in [0, 1). */
  readonly random?: () => number;
}

/**
 * Returns the function of an agent, for `defineAgent`, whose `tools` it offers to the model. After a tool was called there
 * is no automatic retry, since it would be called again.
 */
export function openAi(
  url: string | URL,
  options: OpenAiOptions
): (context: RunContext) => AsyncGenerator<AgentEvent, void, Answer | undefined> {
  const { model, key, system, historyChars = 60_000, stallMs = 120_000, rounds = ROUNDS } = options;
  const { clock = systemClock, random = Math.random, note = () => undefined } = options;
  const address = completionsUrl(new URL(url));
  const provider = new Provider({ clock, random, url: address, key, stallMs, note });

  return async function* (context) {
    const messages: unknown[] = chatMessages(
      context.history(ENTRIES_MAX),
      context.message,
      historyChars
    );
    if (system !== undefined) messages.unshift({ role: 'system', content: system });
    const tools = context.tools.length === 0 ? {} : { tools: context.tools.map(offered) };
    const usage = new UsageSum();
    let hasText = false;
    let count = 0;
    for (let round = 1; ; round++) {
      const reading = new Reading(provider, clock, context);
      const body = { model, messages, ...tools, stream: true };
      try {
        for await (const event of reading.read({ ...body, stream_options: COSTS })) {
          if (typeof event === 'string') {
            // What comes after a tool is a paragraph of its own.
            if (hasText && reading.text === event) yield '\n\n';
            yield event;
          } else yield event.type === 'usage' ? usage.with(event) : event;
        }
      } catch (error) {
        const isSafe = count === 0 || !AgentError.is(error);
        throw isSafe ? error : new AgentError(error.code, error.message);
      }
      usage.next();
      hasText ||= reading.text !== '';
      const { all } = reading.calls;
      if (all.length === 0) return;
      if (round >= rounds) {
        const message = `the model called tools in ${String(rounds)} answers in a row`;
        throw new AgentError('too_many_rounds', message);
      }
      const calls = all.map(({ id, tool, args }): NamedCall => {
        const call = `${String(context.attempt)}.${String(++count)}`;
        return { id: id || call, call, tool: tool.slice(0, NAME_MAX) || 'unnamed', args };
      });
      for (const { call, tool, args } of calls) {
        yield { type: 'toolCall', call, tool, args: parsedArgs(args) ?? args };
      }
      messages.push(calling(reading.text, calls));
      // All at once, as the model asked for them.
      const ends = calls.map(async (call) => ({ call, end: await callTool(call, context, note) }));
      for (const ended of ends) {
        const { call, end } = await ended;
        yield end;
        const content = end.ok ? JSON.stringify(end.result) : `error: ${end.error ?? ''}`;
        messages.push({ role: 'tool', tool_call_id: call.id, content });
      }
    }
  };
}

/** A call, with its name in the run and that in the messages for the model. */
interface NamedCall extends CompletionCall {
  readonly call: string;
}

/** Reads one completion. */
class Reading {
  readonly calls = new CompletionCalls();
  text = '';
  private readonly provider: Provider;
  private readonly clock: Clock;
  private readonly context: RunContext;

  constructor(provider: Provider, clock: Clock, context: RunContext) {
    this.provider = provider;
    this.clock = clock;
    this.context = context;
  }

  async *read(body: unknown): AsyncGenerator<AgentEvent, void> {
    const { provider } = this;
    const { signal, attempt, tools, traceparent } = this.context;
    const thoughts = new Thoughts(this.clock);
    let finish: string | null = null;
    const isComplete = (): boolean => finish !== null;
    for await (const data of provider.ask({ body, signal, attempt, isComplete, traceparent })) {
      if (data === '[DONE]') {
        finish ??= 'stop';
        break;
      }
      const chunk = completionChunk(data);
      if (chunk === null) throw provider.cut(attempt, 'an event is no chunk of a completion');
      if (chunk.error !== null) throw provider.failed(attempt, chunk.error);
      yield* thoughts.add(chunk.thinking);
      if (chunk.text !== '') {
        yield* thoughts.rest();
        this.text += chunk.text;
        yield chunk.text;
      }
      for (const piece of chunk.calls) this.calls.add(piece);
      if (chunk.usage !== null) yield chunk.usage;
      finish = chunk.finish ?? finish;
    }
    yield* thoughts.rest();
    if (finish === null) throw provider.cut(attempt, 'it ended without a reason to finish');
    throwIfCut(finish);
    const hasCalled = finish === 'tool_calls' || finish === 'function_call';
    if ((hasCalled || this.calls.all.length > 0) && tools.length === 0) {
      throw new AgentError('tool_unknown', 'the model called a tool, and this agent has none');
    }
    if (hasCalled && this.calls.all.length === 0) {
      throw provider.cut(attempt, 'the model called a tool and did not say which');
    }
  }
}

/** Adds up what the completions of a run have cost. */
class UsageSum {
  private earlier: UsageEvent = { type: 'usage' };
  private sum: UsageEvent = { type: 'usage' };

  /** Returns the costs with those of the present completion so far: some servers tell them in each chunk. */
  with(event: UsageEvent): UsageEvent {
    const { earlier } = this;
    const counts = COUNTS.flatMap((name) => {
      const count = event[name] ?? earlier[name];
      const both = event[name] === undefined ? 0 : (earlier[name] ?? 0);
      return count === undefined ? [] : [[name, count + both] as const];
    });
    const { model = earlier.model } = event;
    const named = model === undefined ? {} : { model };
    this.sum = { type: 'usage', ...Object.fromEntries(counts), ...named };
    return this.sum;
  }

  /** Begins another completion. */
  next(): void {
    this.earlier = this.sum;
  }
}

/** Returns a tool as the API has it. */
function offered({ name, description, parameters = NO_PARAMETERS }: Tool): unknown {
  const words = description === undefined ? {} : { description };
  return { type: 'function', function: { name, ...words, parameters } };
}

/** Returns the message of the model that asked for calls. Some servers refuse arguments that are no JSON. */
function calling(text: string, calls: readonly NamedCall[]): unknown {
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    tool_calls: calls.map(({ id, tool: name, args }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(parsedArgs(args) ?? {}) }
    }))
  };
}

/** Returns the address of the completions below a base address; the query is kept. */
function completionsUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  return url;
}

/** Throws when the model stopped early. The text is kept, and the end of the run says what is missing and why. */
function throwIfCut(finish: string): void {
  if (finish === 'length') {
    throw new AgentError('length', 'the model has reached its limit of tokens: the answer is cut');
  }
  if (finish === 'content_filter') {
    throw new AgentError('content_filter', "the filter of the model's server stopped the answer");
  }
}
