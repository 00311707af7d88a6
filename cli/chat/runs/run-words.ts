/** What agents do, as text for people that is safe for a terminal: the events of runs, their ends, and what to do then. */
import { isRecord } from '../../../client/sdk/json.js';
import type { Style } from '../../../server/logger/paint.js';
import { safeJson, safeLine, safeText } from '../../terminal/safe-text.js';
import { answerWords } from './answer-text.js';

/** Most characters shown of a thought, and of what a tool got or gave: one or two lines. */
export const STEP_SHOWN_MAX = 160;

/** A message as text. `style` is null for what people write. */
export interface MessageWords {
  readonly style: Style | null;
  readonly text: string;
}

type Body = Readonly<Record<string, unknown>>;

/** Returns the text of an event of a run; null for any other kind of message. */
export function runEventWords(kind: string, body: Body): MessageWords | null {
  switch (kind) {
    case 'agent_queued':
      return { style: 'dim', text: `⧗ waits for its turn${before(body['position'])}` };
    case 'agent_started':
      return { style: 'dim', text: `▶ ${wordOf(body['agent'], 'the agent')} begins to answer` };
    case 'agent_thinking':
      return { style: 'dim', text: `… ${shortened(wordOf(body['text'], ''))}` };
    case 'tool_executing':
      return { style: 'dim', text: `⚙ ${wordOf(body['tool'], 'a tool')}${value(body['args'])}` };
    case 'tool_completed': {
      const tool = wordOf(body['tool'], 'a tool');
      return body['ok'] === false
        ? {
            style: 'red',
            text: `✗ ${tool} failed${took(body)}${value(body['error'] ?? body['result'])}`
          }
        : { style: 'dim', text: `✓ ${tool}${took(body)}${value(body['result'])}` };
    }
    case 'agent_waiting': {
      const schema = isRecord(body['schema']) ? body['schema'] : null;
      const prompt = wordOf(body['prompt'], 'it asks something');
      return { style: 'yellow', text: `? ${prompt} (${answerWords(schema)})` };
    }
    case 'agent_answered':
      return typeof body['by'] === 'string'
        ? { style: 'dim', text: `↳ ${safeLine(body['by'])} answered${value(body['value'])}` }
        : { style: 'yellow', text: '↳ nobody answered in time' };
    case 'agent_steered':
      return { style: 'dim', text: '↳ it was given the message that came meanwhile' };
    default:
      return endWords(kind, body);
  }
}

function endWords(kind: string, body: Body): MessageWords | null {
  if (kind === 'agent_completed') {
    return { style: null, text: `${textOf(body['text'])}${took(body, usageWords(body['usage']))}` };
  }
  if (kind === 'agent_failed') {
    const error = isRecord(body['error']) ? body['error'] : {};
    if (error['code'] === 'interrupted') {
      const words = '■ interrupted: the server stopped in the middle of the answer';
      return { style: 'yellow', text: withText(words, body['text']) };
    }
    const why = wordOf(error['message'], wordOf(error['code'], 'no reason given'));
    return { style: 'red', text: withText(`✗ the agent failed: ${why}`, body['text']) };
  }
  if (kind === 'agent_cancelled') {
    const by = wordOf(body['by'], 'somebody');
    const words =
      body['interruptedBy'] === undefined
        ? `■ stopped by ${by}`
        : `■ stopped, because ${by} wrote something newer`;
    return { style: 'yellow', text: withText(words, body['text']) };
  }
  return null;
}

/** What to do about a failure, by its code; see the tables of codes in docs/agents.md. */
const ADVICE: Readonly<Record<string, string>> = {
  interrupted: '',
  timeout: 'ask for less at once',
  too_long: 'ask for less at once',
  length: 'ask for less at once',
  unknown_agent: '/agent chooses another agent',
  no_message: 'write it once more',
  content_filter: 'ask in other words',
  provider_busy: 'wait a little',
  provider_failed: 'wait a little',
  provider_unreachable: 'wait a little',
  provider_cut: 'wait a little',
  provider_stalled: 'wait a little'
};

/** Returns what one can do after a run has failed with this code. */
export function failureAdvice(code: string): string {
  const known = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
  const first = known ?? 'whoever runs the server finds the reason in its log';
  return first === '' ? '/again asks again' : `${first}; /again asks again`;
}

function usageWords(usage: unknown): string[] {
  if (!isRecord(usage)) return [];
  const { input, output, model } = usage;
  const words: string[] = [];
  if (typeof input === 'number' && typeof output === 'number') {
    words.push(`${String(input)} + ${String(output)} tokens`);
  } else if (typeof output === 'number') words.push(`${String(output)} tokens`);
  if (typeof model === 'string' && model !== '') words.push(shortened(safeLine(model)));
  return words;
}

function took({ ms }: Body, more: readonly string[] = []): string {
  const words = typeof ms === 'number' ? [duration(ms), ...more] : more;
  return words.length === 0 ? '' : ` (${words.join(' · ')})`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function before(position: unknown): string {
  if (typeof position !== 'number' || position < 1) return '';
  return `: ${position === 1 ? 'one is' : `${String(position)} are`} before it`;
}

function withText(words: string, text: unknown): string {
  return typeof text === 'string' && text !== '' ? `${words}\n${safeText(text)}` : words;
}

function textOf(text: unknown): string {
  return typeof text === 'string' ? safeText(text) : value(text).trimStart();
}

function value(given: unknown): string {
  return given === undefined ? '' : ` ${shortened(safeJson(given))}`;
}

function wordOf(word: unknown, fallback: string): string {
  return typeof word === 'string' && word !== '' ? safeLine(word) : fallback;
}

/** Cuts what is long: `tail --json` has all of it. */
function shortened(text: string): string {
  return text.length <= STEP_SHOWN_MAX ? text : `${text.slice(0, STEP_SHOWN_MAX).toWellFormed()}…`;
}
