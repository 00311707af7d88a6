/** Longest name that a page shows whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 128;

/** Replaces a character that has no picture of its own. */
const REPLACED = '\ufffd';

/**
 * All characters of a name that are invisible or look like a gap: controls, direction marks, overrides, isolates, and
 * those without width. Two names that look equal must be equal.
 */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

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

/** Makes another user's name safe to show on a page. */
export function safeName(name: string): string {
  return shownName(name, { max: NAME_SHOWN_MAX, pictureOf: () => REPLACED });
}
