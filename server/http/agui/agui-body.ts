/** Reads the bodies of the entries of runs. */
import type { OpenAsk } from '../../../actors/agents/run-record.js';
import type { RunEntryBody } from '../../chat/runs/run-reader.js';
import type { AgUiMetadata, AgUiUsage } from './agui-event.js';

/** Returns a field that is a text; empty when there is none. */
export function textIn(body: RunEntryBody, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}

/** Returns the attempt that an end tells; 1 when it tells none. */
export function attemptIn({ attempt }: RunEntryBody): number {
  return typeof attempt === 'number' ? attempt : 1;
}

/** Returns the arguments of a tool call as JSON. */
export function argsIn({ args }: RunEntryBody): string {
  return JSON.stringify(args ?? null);
}

/** Returns what a tool has given: its result, a text as it is and anything else as JSON, or why it failed. */
export function resultIn(body: RunEntryBody): {
  readonly content: string;
  readonly metadata?: AgUiMetadata;
} {
  if (body['ok'] !== true) return { content: textIn(body, 'error'), metadata: { failed: true } };
  const { result } = body;
  return { content: typeof result === 'string' ? result : JSON.stringify(result ?? null) };
}

/** Returns the question of an entry `agent_waiting`. */
export function askIn(body: RunEntryBody): OpenAsk {
  const { schema, expiresAt } = body;
  return {
    ask: textIn(body, 'ask'),
    prompt: textIn(body, 'prompt'),
    schema: typeof schema === 'object' ? schema : null,
    expiresAt: typeof expiresAt === 'number' ? expiresAt : 0
  };
}

/** Returns the code and the message of a failure. */
export function errorIn({ error }: RunEntryBody): {
  readonly code: string;
  readonly message: string;
} {
  const code = field(error, 'code');
  const message = field(error, 'message');
  return {
    code: typeof code === 'string' ? code : 'internal',
    message: typeof message === 'string' ? message : ''
  };
}

/** Returns the costs of an end, as AG-UI has them: whole numbers. Empty when the agent told none. */
export function usageIn({ usage }: RunEntryBody): { readonly usage?: readonly AgUiUsage[] } {
  if (typeof usage !== 'object' || usage === null) return {};
  const model = field(usage, 'model');
  const told: AgUiUsage = {
    ...(typeof model === 'string' ? { model } : {}),
    ...tokens(usage, 'input', 'inputTokens'),
    ...tokens(usage, 'output', 'outputTokens'),
    ...tokens(usage, 'cached', 'cachedInputTokens'),
    ...tokens(usage, 'reasoning', 'reasoningTokens')
  };
  return { usage: [told] };
}

function tokens(usage: object, from: string, to: string): Readonly<Record<string, number>> {
  const count = field(usage, from);
  if (typeof count !== 'number') return {};
  const whole = Math.round(count);
  return Number.isSafeInteger(whole) ? { [to]: whole } : {};
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
