/** Longest name that is shown whole, in characters; longer ones end in `…`. */
export const NAME_SHOWN_MAX = 128;

/** Stands for what has no picture of its own. */
const REPLACED = '\ufffd';

/**
 * Everything in a name that is not seen, or is seen as a gap: controls, direction marks, overrides and isolates, what
 * has no width. Two names that look alike must be alike.
 */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** Makes a name of others safe to show: nothing in it turns other text round or hides, and what would is seen. */
export function safeName(name: string): string {
  const shown = name.replace(UNSEEN, (unseen) => (unseen === ' ' ? unseen : REPLACED));
  const characters = Array.from(shown);
  return characters.length <= NAME_SHOWN_MAX
    ? shown
    : `${characters.slice(0, NAME_SHOWN_MAX - 1).join('')}…`;
}
