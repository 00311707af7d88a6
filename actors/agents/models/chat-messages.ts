/** Makes the messages of a chat completion from the entries of a thread. */
import type { MessageFrame } from '../../../protocol/frames.js';
import { textOf } from '../echo.js';

/** Most messages that a model gets. */
export const CHAT_MESSAGES_MAX = 100;

/** Kinds of entries to use, with their role. The text of a stopped agent is used too, since people have read it. */
const ROLES = new Map<string, 'user' | 'assistant'>([
  ['user_message', 'user'],
  ['agent_completed', 'assistant'],
  ['agent_cancelled', 'assistant'],
  ['agent_failed', 'assistant']
]);

/** One message for a model. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/**
 * Returns the messages for a model: the newest ones that fit, oldest first, and the one to answer, which is never cut.
 * Roles alternate and the first is `user`, since some models refuse anything else.
 */
export function chatMessages(
  history: readonly MessageFrame[],
  message: MessageFrame,
  charsMax: number
): ChatMessage[] {
  const newestFirst: ChatMessage[] = [{ role: 'user', content: textOf(message.body) }];
  let chars = newestFirst[0]?.content.length ?? 0;
  for (const { kind, body } of history.toReversed()) {
    const role = ROLES.get(kind);
    if (role === undefined) continue;
    const content = role === 'user' ? textOf(body) : answerOf(body);
    if (content === '') continue;
    chars += content.length;
    if (chars > charsMax || newestFirst.length >= CHAT_MESSAGES_MAX) break;
    newestFirst.push({ role, content });
  }
  const messages: ChatMessage[] = [];
  for (const { role, content } of newestFirst.toReversed()) {
    const last = messages.at(-1);
    if (last === undefined && role === 'assistant') continue;
    if (last?.role === role)
      messages.splice(-1, 1, { role, content: `${last.content}\n\n${content}` });
    else messages.push({ role, content });
  }
  return messages;
}

/** The text of an answer; empty when there is none. */
function answerOf(body: unknown): string {
  const isObject = typeof body === 'object' && body !== null;
  return isObject && 'text' in body && typeof body.text === 'string' ? body.text : '';
}
