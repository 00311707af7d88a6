/**
 * Counts the columns of a text on a terminal and breaks it to fit. Where terminals differ, it counts the larger number:
 * a line broken too early looks no worse, while a line that the terminal breaks continues in the first column, where it
 * could pass for another message.
 */

/** Fewest columns that a text is broken to; no narrower terminal can show it well. */
export const COLUMNS_MIN = 10;

/** Two columns: East Asian letters and signs, and pictographs. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18fff}\u{1aff0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/**
 * No columns: a mark that sits on the character before it. Only marks in these ranges, which terminals have known for long:
 * many give a newer one, such as U+0487, and all above U+FFFF, such as the nukta of Kaithi (U+110BA), a column of its own.
 */
const MARK =
  /(?=[\u0300-\u0486\u0488-\u0615\u064b-\u065e\u0670-\u07f3\u0901-\u0902\u093c-\u0954\u0962-\u09e3\u0a01-\u0a4d\u0a70-\u0a71\u0a81-\u0ae3\u0b01-\u0b43\u0b4d\u0b56\u0b82-\u0bcd\u0c3e-\u0c56\u0cbc-\u0ce3\u0d41-\u0d43\u0d4d\u0dca-\u0eb9\u0ebb-\u0ecd\u0f18-\u0f87\u0f90-\u1032\u1036-\u1039\u1058-\u1059\u135f-\u180d\u18a9-\u1a18\u1b00-\u1b73\u1dc0-\u1dca\u1dfe-\u20ef\u302a-\u309a\ua806-\ua826\ufb1e-\ufe23])[\p{Mn}\p{Me}]/u;

/**
 * No columns: joins the character to the next. Visible signs of the same category, such as the Arabic year sign, have a
 * column, and so have the newer ones at the front here, because many terminals do not know them.
 */
const JOINER =
  /(?![\u061c\u180e\u2064\u2066-\u2069\u{1bca0}-\u{1bca3}])(?=\p{Default_Ignorable_Code_Point})\p{Cf}/u;

/** Makes the character before it a picture, which takes one more column. */
const AS_PICTURE = '\ufe0f';

/** Returns the columns of one code point. */
function columnsOf(character: string): number {
  if (character < '\u0300') return 1;
  if (character === AS_PICTURE) return 1;
  if (WIDE.test(character)) return 2;
  return MARK.test(character) || JOINER.test(character) ? 0 : 1;
}

/** Returns the columns of a one-line text without escape sequences. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** Returns the text in at most `columns` columns; a cut text ends in `…`. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 1; // of the …
  let kept = '';
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Breaks a text into lines of at most `columns` columns, between words where possible. Its own line breaks stay. */
export function wrap(text: string, columns: number): string[] {
  const lines = text.split('\n');
  if (columns === Infinity) return lines;
  return lines.flatMap((line) => broken(line, Math.max(COLUMNS_MIN, columns)));
}

function broken(line: string, columns: number): string[] {
  const lines: string[] = [];
  let start = 0;
  let width = 0;
  /** Where the last word began, and the columns before it. */
  let word = 0;
  let widthAtWord = 0;
  let at = 0;
  for (const character of line) {
    const own = columnsOf(character);
    if (width + own > columns && character === ' ') {
      // The line breaks at a blank that does not fit.
      lines.push(line.slice(start, at));
      at += 1;
      start = word = at;
      width = widthAtWord = 0;
      continue;
    }
    // Twice when a word that moves to the next line does not fit there either.
    while (width + own > columns) {
      const isBetweenWords = word > start;
      lines.push(line.slice(start, isBetweenWords ? word : at).trimEnd());
      start = word = isBetweenWords ? word : at;
      width = isBetweenWords ? width - widthAtWord : 0;
      widthAtWord = 0;
    }
    width += own;
    at += character.length;
    if (character === ' ') {
      word = at;
      widthAtWord = width;
    }
  }
  lines.push(line.slice(start));
  return lines;
}
