/**
 * Bodies as their authors wrote them. JavaScript's numbers are doubles, so a parsed body may not be what was written:
 * 9007199254740993 ends in 2. The text is kept only of the few messages where that can be so.
 */
import type { MessageFrame, ServerFrame } from '../../../protocol/frames.js';
import { elementTexts, keptMembers, memberText } from '../../../protocol/json-text.js';

/** Frames with such bodies, as they came. They go with their messages. */
const texts = new WeakMap<object, string>();

/** A number that JavaScript may write in another way: of many digits, with an exponent, with a zero at its end, or -0. */
const CHANGED = /[\d.]{16}|\d[eE][-+]?\d|\.\d*0(?!\d)|-0/;

/** Keeps the texts of a frame's messages, where a body's numbers may have changed. `line` is the frame as it came. */
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
