/**
 * A message as text for people, safe for a terminal: texts as they are, events of agent runs as sentences, anything
 * else as JSON.
 */
import { isRecord } from '../../client/sdk/json.js';
import type { MessageFrame } from '../../client/sdk/client.js';
import type { Style } from '../../server/logger/paint.js';
import { safeJson, safeLine, safeText } from '../terminal/safe-text.js';

/** Most characters of JSON shown of one message; `tail --json` prints all of it. */
export const JSON_SHOWN_MAX = 2_000; // about a screen

/** A message as text. `style` is null for what people write. */
export interface MessageWords {
  readonly style: Style | null;
  readonly text: string;
}

/** Returns a message as text. */
export function messageWords({ kind, body }: Pick<MessageFrame, 'kind' | 'body'>): MessageWords {
  const event = isRecord(body) ? eventWords(kind, body) : null;
  if (event !== null) return event;
  if (kind === 'user_message') return { style: null, text: bodyText(body) };
  return { style: 'dim', text: `[${safeLine(kind)}] ${bodyText(body)}` };
}

function eventWords(kind: string, body: Readonly<Record<string, unknown>>): MessageWords | null {
  switch (kind) {
    case 'agent_started':
      return { style: 'dim', text: `▶ ${wordOf(body['agent'], 'the agent')} begins to answer` };
    case 'agent_thinking':
      return { style: 'dim', text: `… ${textOf(body['text'])}` };
    case 'tool_executing': {
      const args = body['args'] === undefined ? '' : ` ${short(body['args'])}`;
      return { style: 'dim', text: `⚙ ${wordOf(body['tool'], 'a tool')}${args}` };
    }
    case 'tool_completed': {
      const tool = wordOf(body['tool'], 'a tool');
      const result = body['result'] === undefined ? '' : ` ${short(body['result'])}`;
      return body['ok'] === false
        ? { style: 'red', text: `✗ ${tool} failed${took(body['ms'])}${result}` }
        : { style: 'dim', text: `✓ ${tool}${took(body['ms'])}${result}` };
    }
    case 'agent_completed':
      return { style: null, text: `${textOf(body['text'])}${took(body['ms'])}` };
    case 'agent_failed': {
      const error = isRecord(body['error']) ? body['error'] : {};
      const why = wordOf(error['message'], wordOf(error['code'], 'no reason given'));
      return { style: 'red', text: withText(`✗ the agent failed: ${why}`, body['text']) };
    }
    case 'agent_cancelled': {
      const by = wordOf(body['by'], 'somebody');
      return { style: 'yellow', text: withText(`■ stopped by ${by}`, body['text']) };
    }
    default:
      return null;
  }
}

/** Returns `body.text`, a body that is a string, or else JSON. */
function bodyText(body: unknown): string {
  if (typeof body === 'string') return safeText(body);
  if (isRecord(body) && typeof body['text'] === 'string') return safeText(body['text']);
  return short(body);
}

function withText(words: string, text: unknown): string {
  return typeof text === 'string' && text !== '' ? `${words}\n${safeText(text)}` : words;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? safeText(value) : short(value);
}

function wordOf(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? safeLine(value) : fallback;
}

function took(ms: unknown): string {
  if (typeof ms !== 'number') return '';
  return ms < 1_000 ? ` (${String(Math.round(ms))} ms)` : ` (${(ms / 1_000).toFixed(1)} s)`;
}

function short(value: unknown): string {
  if (value === undefined) return '';
  const json = safeJson(value);
  if (json.length <= JSON_SHOWN_MAX) return json;
  const kept = json.slice(0, JSON_SHOWN_MAX).toWellFormed();
  return `${kept}… (${String(json.length)} characters)`;
}
