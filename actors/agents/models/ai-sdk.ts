/**
 * Makes a run of what `streamText` of the AI SDK streams (`ai` 5, 6 and 7): `fromAiSdk((context) => streamText({ … }).fullStream)`.
 * The SDK is not needed here: parts are read as they come, and unknown ones are passed over.
 * @see https://ai-sdk.dev/docs/reference/ai-sdk-core/stream-text#fullstream
 */
import type { Clock } from '../../clock.js';
import { systemClock } from '../../clock.js';
import { AgentError, type AgentEvent, type RunContext, type UsageEvent } from '../agent.js';
import { Thoughts } from './thoughts.js';

/** Reasons that end the answer early. The text is kept, and people are told why it is cut. */
const CUT = new Map([
  ['length', 'the model has reached its limit of tokens: the answer is cut'],
  ['content-filter', "the filter of the model's server stopped the answer"]
]);

/**
 * Returns the function of an agent, for `defineAgent`. `stream` returns the `fullStream`; give `context.signal` to
 * `streamText` as `abortSignal`, so that a cancelled run ends the request.
 */
export function fromAiSdk(
  stream: (context: RunContext) => AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>,
  clock: Pick<Clock, 'elapsed'> = systemClock
): (context: RunContext) => AsyncGenerator<AgentEvent, void> {
  return async function* (context) {
    const thoughts = new Thoughts(clock);
    let finish = '';
    for await (const part of await stream(context)) {
      if (typeof part !== 'object' || part === null) continue;
      const type = textOf(part, 'type');
      if (type === 'reasoning-delta') {
        yield* thoughts.add(textOf(part, 'text'));
        continue;
      }
      const event = eventOf(type, part);
      if (event !== null) {
        yield* thoughts.rest();
        yield event;
      }
      if (type === 'finish') finish = textOf(part, 'finishReason');
    }
    yield* thoughts.rest();
    const cut = CUT.get(finish);
    if (cut !== undefined) throw new AgentError(finish.replace('-', '_'), cut);
  };
}

/** Returns the meaning of a part for a run; null when it has none. */
function eventOf(type: string, part: object): AgentEvent | null {
  const call = textOf(part, 'toolCallId');
  switch (type) {
    case 'text-delta':
      return textOf(part, 'text');
    case 'tool-call':
      return {
        type: 'toolCall',
        call,
        tool: textOf(part, 'toolName'),
        args: field(part, 'input') ?? null
      };
    case 'tool-result':
      // A tool may send preliminary results; only the last result counts.
      if (field(part, 'preliminary') === true) return null;
      return { type: 'toolResult', call, ok: true, result: field(part, 'output') ?? null };
    case 'tool-error':
      return { type: 'toolResult', call, ok: false, error: reasonOf(field(part, 'error')) };
    case 'tool-output-denied':
      return { type: 'toolResult', call, ok: false, error: 'nobody has permitted it' };
    case 'finish':
      return usageOf(field(part, 'totalUsage'));
    case 'error':
      throw failure(field(part, 'error'));
    case 'tool-approval-request':
      throw new AgentError('approval', 'a tool needs approval: yield an ask before it is called');
    default:
      return null;
  }
}

/** Reads the counts of tokens. Cached and reasoning tokens are nested in details in `ai` 6 and 7, but not in `ai` 5. */
function usageOf(usage: unknown): UsageEvent | null {
  if (typeof usage !== 'object' || usage === null) return null;
  const cached = field(field(usage, 'inputTokenDetails'), 'cacheReadTokens');
  const reasoning = field(field(usage, 'outputTokenDetails'), 'reasoningTokens');
  return {
    type: 'usage',
    ...count('input', field(usage, 'inputTokens')),
    ...count('output', field(usage, 'outputTokens')),
    ...count('cached', cached ?? field(usage, 'cachedInputTokens')),
    ...count('reasoning', reasoning ?? field(usage, 'reasoningTokens'))
  };
}

function count(name: string, value: unknown): Record<string, number> {
  return typeof value === 'number' && value >= 0 ? { [name]: value } : {};
}

/** The SDK has already retried temporary errors. Only the operator sees its error, since it may name accounts. */
function failure(error: unknown): Error {
  return error instanceof Error ? error : new Error(reasonOf(error));
}

function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'it failed';
}

function textOf(value: unknown, name: string): string {
  const text = field(value, name);
  return typeof text === 'string' ? text : '';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
