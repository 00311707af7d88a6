/** Longest name that a page shows whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 128;

/** Replaces a character that has no picture of its own. */
const REPLACED = '\ufffd';

/**
 * All characters of a name that are invisible or look like a gap: controls, direction marks, overrides, isolates, and
 * those without width. Two names that look equal must be equal.
 */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Finds emoji and invisible characters. An emoji of several characters, such as a family or a flag, contains invisible ones
 * (a zero width joiner, tags), which stay. Only sequences that are drawn as one picture count: in others the joiner would
 * be invisible. Null in browsers that do not know these sequences; there invisible characters are always replaced.
 */
const EMOJI_OR_UNSEEN = ((): RegExp | null => {
  try {
    return new RegExp(`(\\p{RGI_Emoji})|${UNSEEN.source}`, 'gv');
  } catch {
    return null;
  }
})();

/** How {@link shownName} shows a name. */
export interface NameLook {
  /** Longest name that is shown whole, in characters. */
  readonly max: number;
  /** Returns the replacement for an invisible character. */
  readonly pictureOf: (unseen: string) => string;
}

/** Makes another user's name safe to show: invisible and reordering characters are replaced by visible ones. */
export function shownName(name: string, { max, pictureOf }: NameLook): string {
  const shown = name.replace(UNSEEN, (unseen) => (unseen === ' ' ? unseen : pictureOf(unseen)));
  const characters = Array.from(shown);
  return characters.length <= max ? shown : `${characters.slice(0, max - 1).join('')}…`;
}

/** Makes another user's name safe to show on a page. Emoji stay whole. */
export function safeName(name: string): string {
  if (EMOJI_OR_UNSEEN === null) {
    return shownName(name, { max: NAME_SHOWN_MAX, pictureOf: () => REPLACED });
  }
  const shown = name.replace(EMOJI_OR_UNSEEN, (found, emoji?: string) =>
    emoji !== undefined || found === ' ' ? found : REPLACED
  );
  if (lengthOf(shown) <= NAME_SHOWN_MAX) return shown;
  let cut = '';
  let length = 0;
  for (const { segment } of GRAPHEMES.segment(shown)) {
    length += lengthOf(segment);
    if (length > NAME_SHOWN_MAX - 1) {
      // Any number of marks can follow the first character.
      if (cut === '')
        cut = Array.from(segment)
          .slice(0, NAME_SHOWN_MAX - 1)
          .join('');
      break;
    }
    cut += segment;
  }
  return `${cut}…`;
}

/** Splits a text into visible characters (grapheme clusters). */
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Most code points kept of one visible character: the longest emoji have ten, but any number of marks can follow. */
const GRAPHEME_MAX = 16;

/** Returns the first visible character of a text, also a whole emoji; empty when there is none. */
export function firstGrapheme(text: string): string {
  const [first] = GRAPHEMES.segment(text.slice(0, GRAPHEME_MAX * 4));
  if (first === undefined) return '';
  return Array.from(first.segment).slice(0, GRAPHEME_MAX).join('');
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
