/** Reads those events of AG-UI that have a meaning for a run. */
import type { UsageEvent } from '../agent.js';
import type { CallPiece } from './ag-ui-calls.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

/** Something that people must answer before the agent goes on. */
export interface AgUiInterrupt {
  readonly id: string;
  readonly prompt: string;
  readonly schema: object | null;
}

/** The meaning of an event for a run. */
export type AgUiEvent =
  | { readonly type: 'text' | 'thinking'; readonly text: string }
  | { readonly type: 'message' | 'other' }
  | ({ readonly type: 'args' } & CallPiece)
  | { readonly type: 'called'; readonly call: string }
  | { readonly type: 'result'; readonly call: string; readonly result: unknown }
  | { readonly type: 'error'; readonly said: string }
  | {
      readonly type: 'finished';
      readonly usage: UsageEvent | null;
      readonly isCancelled: boolean;
      readonly interrupts: readonly AgUiInterrupt[];
    };

/** Longest question. */
const PROMPT_CHARS_MAX = 4_096;

/** Returns the meaning of an event for a run; null when it is not an AG-UI event. */
export function agUiEvent(data: string): AgUiEvent | null {
  const event = parsedJson(data);
  const type = textOf(event, 'type');
  const call = textOf(event, 'toolCallId');
  const delta = textOf(event, 'delta');
  switch (type) {
    case '':
      return null;
    case 'TEXT_MESSAGE_START':
      return { type: 'message' };
    case 'TEXT_MESSAGE_CONTENT':
    case 'TEXT_MESSAGE_CHUNK':
      return { type: 'text', text: delta };
    case 'REASONING_MESSAGE_CONTENT':
    case 'REASONING_MESSAGE_CHUNK':
    case 'THINKING_TEXT_MESSAGE_CONTENT':
      return { type: 'thinking', text: delta };
    case 'TOOL_CALL_START':
      return { type: 'args', call, tool: textOf(event, 'toolCallName'), args: '' };
    case 'TOOL_CALL_ARGS':
      return { type: 'args', call, tool: null, args: delta };
    case 'TOOL_CALL_CHUNK':
      return { type: 'args', call, tool: textOf(event, 'toolCallName') || null, args: delta };
    case 'TOOL_CALL_END':
      return { type: 'called', call };
    case 'TOOL_CALL_RESULT':
      return { type: 'result', call, result: field(event, 'content') ?? null };
    case 'RUN_ERROR':
      return { type: 'error', said: `${textOf(event, 'code')} ${textOf(event, 'message')}`.trim() };
    case 'RUN_FINISHED':
      return finished(event);
    default:
      return { type: 'other' };
  }
}

function finished(event: unknown): AgUiEvent {
  const outcome = field(event, 'outcome');
  const interrupts = field(outcome, 'interrupts');
  return {
    type: 'finished',
    usage: usageOf(field(event, 'usage')),
    isCancelled: textOf(outcome, 'type') === 'cancelled',
    interrupts: Array.isArray(interrupts) ? interrupts.map(interruptOf) : []
  };
}

function interruptOf(value: unknown): AgUiInterrupt {
  const prompt = textOf(value, 'message') || textOf(value, 'reason');
  const schema = field(value, 'responseSchema');
  return {
    id: textOf(value, 'id'),
    prompt: prompt.slice(0, PROMPT_CHARS_MAX),
    schema: typeof schema === 'object' ? schema : null
  };
}

/** Adds up the tokens of all models that the agent has used, and names the last model. */
function usageOf(list: unknown): UsageEvent | null {
  if (!Array.isArray(list) || list.length === 0) return null;
  const sum = (from: string, to: string): Record<string, number> => {
    const counts = list.map((each: unknown) => field(each, from)).filter(isCount);
    return counts.length === 0 ? {} : { [to]: counts.reduce((all, each) => all + each, 0) };
  };
  const model = textOf(list.at(-1), 'model').slice(0, 128);
  return {
    type: 'usage',
    ...sum('inputTokens', 'input'),
    ...sum('outputTokens', 'output'),
    ...sum('cachedInputTokens', 'cached'),
    ...sum('reasoningTokens', 'reasoning'),
    ...(model === '' ? {} : { model })
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function textOf(value: unknown, name: string): string {
  const text = field(value, name);
  return typeof text === 'string' ? text : '';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
