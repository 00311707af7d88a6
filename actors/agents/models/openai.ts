/**
 * The agent `openai`: streams the answer of any server with OpenAI's chat completions API.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
import type { Clock } from '../../clock.js';
import { AgentError, defineAgent, type Agent, type AgentEvent } from '../agent.js';
import { chatMessages } from './chat-messages.js';
import { completionChunk, type CompletionChunk } from './completion-chunk.js';
import { Provider } from './provider.js';
import { Thoughts } from './thoughts.js';

/** Most entries of the thread that are searched for messages; entries of tools and thoughts are among them. */
const ENTRIES_MAX = 500;

/** Options of {@link createOpenAi}. */
export interface OpenAiOptions {
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  /** Base address, as `https://api.openai.com/v1`. */
  readonly url: URL;
  readonly key: string | undefined;
  readonly model: string;
  /** Most characters of the messages that the model is given. */
  readonly historyChars: number;
  /** Longest time without an event, in milliseconds. */
  readonly stallMs: number;
  /** Tells the operator why the server gave no answer; the text never contains the key. */
  readonly note: (reason: string) => void;
}

/** Makes the agent. */
export function createOpenAi(options: OpenAiOptions): Agent {
  const { clock, random, url, key, model, historyChars, stallMs, note } = options;
  const address = completionsUrl(url);
  const provider = new Provider({ clock, random, url: address, key, stallMs, note });

  return defineAgent({
    name: 'openai',
    description: `answers with the model ${model}`,
    async *run(context) {
      const { message, signal, attempt } = context;
      const messages = chatMessages(context.history(ENTRIES_MAX), message, historyChars);
      const body = { model, messages, stream: true, stream_options: { include_usage: true } };
      const thoughts = new Thoughts(clock);
      let finish: string | null = null;
      const isComplete = (): boolean => finish !== null;
      for await (const data of provider.ask({ body, signal, attempt, isComplete })) {
        if (data === '[DONE]') {
          finish ??= 'stop';
          break;
        }
        const chunk = completionChunk(data);
        if (chunk === null) throw provider.cut(attempt, 'an event is no chunk of a completion');
        if (chunk.error !== null) throw provider.failed(attempt, chunk.error);
        yield* eventsOf(chunk, thoughts);
        finish = chunk.finish ?? finish;
      }
      yield* thoughts.rest();
      if (finish === null) throw provider.cut(attempt, 'it ended without a reason to finish');
      throwIfCut(finish);
    }
  });
}

/** Returns the address of the completions below a base address; the query is kept. */
function completionsUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  return url;
}

function* eventsOf(chunk: CompletionChunk, thoughts: Thoughts): Generator<AgentEvent> {
  yield* thoughts.add(chunk.thinking);
  if (chunk.text !== '') {
    yield* thoughts.rest();
    yield chunk.text;
  }
  if (chunk.usage !== null) yield chunk.usage;
}

/** Throws when the model stopped early. The text is kept, and the end of the run says what is missing and why. */
function throwIfCut(finish: string): void {
  if (finish === 'length') {
    throw new AgentError('length', 'the model has reached its limit of tokens: the answer is cut');
  }
  if (finish === 'content_filter') {
    throw new AgentError('content_filter', "the filter of the model's server stopped the answer");
  }
  if (finish === 'tool_calls' || finish === 'function_call') {
    throw new AgentError('tool_unknown', 'the model called a tool, and this agent has none');
  }
}
