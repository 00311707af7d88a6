/**
 * Bodies as their authors wrote them. JavaScript's numbers are doubles, so parsing can change a body: 9007199254740993
 * becomes …992. The text is kept only for the few messages whose numbers may have changed.
 */
import type { MessageFrame, ServerFrame } from '../../../protocol/frames.js';
import { elementTexts, keptMembers, memberText } from '../../../protocol/json-text.js';

/** The received text of messages with such bodies. An entry is freed with its message. */
const texts = new WeakMap<object, string>();

/** A number that JavaScript may write differently: with many digits, an exponent, a zero at its end, or -0. */
const CHANGED = /[\d.]{16}|\d[eE][-+]?\d|\.\d*0(?!\d)|-0/;

/** Keeps the text of a frame if the numbers of its messages may have changed. `line` is the received text. */
export function keepBodyTexts(frame: ServerFrame, line: string): void {
  if (frame.type !== 'message' && frame.type !== 'history') return;
  if (!CHANGED.test(line.slice(line.indexOf('"body":')))) return;
  if (frame.type === 'message') texts.set(frame, line);
  else {
    const messages = elementTexts(memberText(line, 'messages') ?? '[]');
    frame.messages.forEach((message, index) => {
      const text = messages[index];
      if (text !== undefined) texts.set(message, text);
    });
  }
}

/** Returns the body of a message as JSON, with every number as its author wrote it. */
export function bodyText(message: MessageFrame): string {
  const text = texts.get(message);
  const kept = text === undefined ? null : keptMembers(text).body;
  return kept?.json ?? JSON.stringify(message.body);
}
