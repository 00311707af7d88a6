/**
 * A message as text for people, safe for a terminal: texts as they are, events of agent runs as sentences, anything
 * else as JSON.
 */
import { isRecord } from '../../client/sdk/json.js';
import type { MessageFrame } from '../../client/sdk/client.js';
import { ERASED_KIND, erasedNews, isErasedBody } from '../../protocol/erased.js';
import { safeJson, safeLine, safeText } from '../terminal/safe-text.js';
import { runEventWords, type MessageWords } from './runs/run-words.js';

/** Most characters of JSON shown of one message; `tail --json` prints all of it. */
export const JSON_SHOWN_MAX = 2_000; // about a screen

/** Returns a message as text. */
export function messageWords({ kind, body }: Pick<MessageFrame, 'kind' | 'body'>): MessageWords {
  if (kind === ERASED_KIND) {
    const news = erasedNews(body);
    const which = news === null ? 'a message' : `message ${String(news.target)}`;
    return { style: 'dim', text: `[erased ${which}]` };
  }
  if (isErasedBody(body)) return { style: 'dim', text: '[erased]' };
  const event = isRecord(body) ? runEventWords(kind, body) : null;
  if (event !== null) return event;
  if (kind === 'user_message') return { style: null, text: bodyText(body) };
  return { style: 'dim', text: `[${safeLine(kind)}] ${bodyText(body)}` };
}

/** Returns `body.text`, a body that is a string, or else JSON. */
function bodyText(body: unknown): string {
  if (typeof body === 'string') return safeText(body);
  if (isRecord(body) && typeof body['text'] === 'string') return safeText(body['text']);
  return short(body);
}

function short(value: unknown): string {
  if (value === undefined) return '';
  const json = safeJson(value);
  if (json.length <= JSON_SHOWN_MAX) return json;
  const kept = json.slice(0, JSON_SHOWN_MAX).toWellFormed();
  return `${kept}… (${String(json.length)} characters)`;
}
