/**
 * What others have written, made safe for a terminal. A terminal obeys what it is sent: an escape sequence in a message
 * could move the cursor, rename the window or answer in its reader's name, and a bidi override could make one text
 * read as another. Nothing of the kind passes, and that it was there is still seen.
 */

import { shownName } from '../../client/sdk/safe-name.js';

/** Longest name that is shown whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 32; // a name must leave room for what is said

const TAB = '    ';

/** Stands for what has no picture of its own. */
const REPLACED = '\ufffd';

/** Controls of C0 and C1, and DEL; line breaks and tabs have been dealt with before. */
const CONTROLS = /\p{Cc}/gu;

/** Direction marks, embeddings, overrides and isolates, and the marks of interlinear annotation. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]/gu;

/** Makes a message's text safe: line breaks stay, everything else that a terminal would obey becomes a picture. */
export function safeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029\v\f]/g, '\n')
    .replaceAll('\t', TAB)
    .replace(CONTROLS, (control) => (control === '\n' ? control : pictureOf(control)))
    .replace(REORDERING, REPLACED);
}

/** Makes a text safe and one line. */
export function safeLine(text: string): string {
  return safeText(text).replaceAll('\n', ' ');
}

/** Makes a user's name safe, one line, and without anything unseen; plain blanks stay. */
export function safeName(name: string): string {
  return shownName(name.toWellFormed(), { max: NAME_SHOWN_MAX, pictureOf });
}

/** Deepest nesting of a value that is shown; what writes JSON calls itself for each level. */
export const DEPTH_MAX = 500; // far past what anybody means, far before the stack ends

/**
 * Makes a value JSON on one line that a terminal prints as it is: what it would obey is escaped, the value stays; what
 * is nested too deep becomes a note.
 */
export function safeJson(value: unknown): string {
  const shown = isTooDeep(value, DEPTH_MAX)
    ? `(nested more than ${String(DEPTH_MAX)} deep, not shown)`
    : value;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028\u2029]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

/** Whether a value is nested deeper than so many levels. */
export function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}

/** The picture that Unicode has for a control of ASCII, such as ␛. */
function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? '\u2421' : REPLACED;
}
