/** Longest name that a page shows whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 128;

/** Stands for what has no picture of its own. */
const REPLACED = '\ufffd';

/**
 * Everything in a name that is not seen, or is seen as a gap: controls, direction marks, overrides and isolates, what
 * has no width. Two names that look alike must be alike.
 */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** How a name is shown. */
export interface NameLook {
  /** Longest that is shown whole, in characters. */
  readonly max: number;
  /** What is shown for a character that is not seen. */
  readonly pictureOf: (unseen: string) => string;
}

/** Shows a name of others: nothing in it turns other text round or hides, and what would is seen. */
export function shownName(name: string, { max, pictureOf }: NameLook): string {
  const shown = name.replace(UNSEEN, (unseen) => (unseen === ' ' ? unseen : pictureOf(unseen)));
  const characters = Array.from(shown);
  return characters.length <= max ? shown : `${characters.slice(0, max - 1).join('')}…`;
}

/** Shows a name of others on a page. */
export function safeName(name: string): string {
  return shownName(name, { max: NAME_SHOWN_MAX, pictureOf: () => REPLACED });
}
