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
 * No columns: a mark that sits on the character before it. Only marks up to U+FFFF: many terminals do not know higher
 * ones, such as the nukta of Kaithi (U+110BA), and give each a column, so they count as one here.
 */
const MARK = /(?=[\u0300-\uffff])[\p{Mn}\p{Me}]/u;

/**
 * No columns: joins the character to the next. Visible signs of the same category, such as the Arabic year sign, have a
 * column.
 */
const JOINER = /(?=\p{Default_Ignorable_Code_Point})\p{Cf}/u;

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
