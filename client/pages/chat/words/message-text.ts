import { isErased, type MessageFrame } from '../../../sdk/client.js';
import { laidOutJson } from './written-json.js';

/** What is shown in the place of an erased message. */
export const ERASED_WORDS = 'This message was erased.';

/** Returns the text of a message's body: `body.text`, or the body if it is a string, or else its JSON. */
export function messageText(message: Pick<MessageFrame, 'body'>): {
  readonly text: string;
  readonly json: boolean;
} {
  const { body } = message;
  if (isErased(message)) return { text: ERASED_WORDS, json: false };
  if (typeof body === 'string') return { text: body, json: false };
  if (
    typeof body === 'object' &&
    body !== null &&
    'text' in body &&
    typeof body.text === 'string'
  ) {
    return { text: body.text, json: false };
  }
  return { text: laidOutJson(body), json: true };
}
