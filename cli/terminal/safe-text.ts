/**
 * Makes text from others safe for a terminal. A terminal obeys escape sequences: one in a message could move the
 * cursor, rename the window or type for its reader, and a bidi override could make a text read as another. All of these
 * are replaced by visible signs.
 */

import { shownName } from '../../client/sdk/safe-name.js';

/** Longest name shown whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 32; // a name must leave room for the text

const TAB = '    ';

/** Replaces characters without a visible sign of their own. */
const REPLACED = '\ufffd';

/** C0 and C1 controls and DEL; line breaks and tabs are handled before. */
const CONTROLS = /\p{Cc}/gu;

/** Direction marks, embeddings, overrides and isolates, and interlinear annotation marks. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]/gu;

/** Makes a message's text safe. Line breaks stay; other controls become visible signs. */
export function safeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029\v\f]/g, '\n')
    .replaceAll('\t', TAB)
    .replace(CONTROLS, (control) => (control === '\n' ? control : pictureOf(control)))
    .replace(REORDERING, REPLACED);
}

/** Makes a text safe and puts it on one line. */
export function safeLine(text: string): string {
  return safeText(text).replaceAll('\n', ' ');
}

/** Makes a user's name safe, on one line and without invisible characters; plain blanks stay. */
export function safeName(name: string): string {
  return shownName(name.toWellFormed(), { max: NAME_SHOWN_MAX, pictureOf });
}

/** Deepest nesting of a value that is shown; writing JSON recurses once per level. */
export const DEPTH_MAX = 500; // far deeper than any real value, far less than the stack holds

/**
 * Returns a value as JSON on one line that is safe to print: controls are escaped, so the value stays the same. What is
 * nested too deep becomes a note.
 */
export function safeJson(value: unknown): string {
  const shown = isTooDeep(value, DEPTH_MAX)
    ? `(nested more than ${String(DEPTH_MAX)} deep, not shown)`
    : value;
  return safeJsonText(JSON.stringify(shown));
}

/** Makes JSON text safe to print on one line. Control characters are escaped, so the value stays the same. */
export function safeJsonText(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

/** Returns whether a value is nested deeper than `levels`. */
export function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}

/** Returns Unicode's visible sign for an ASCII control, such as ␛. */
function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? '\u2421' : REPLACED;
}
