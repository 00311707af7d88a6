/**
 * Colours for terminals. Node 20's own `styleText` checks the process's streams in some releases only; here the caller
 * decides.
 */

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39]
} as const;

/** A style of text. */
export type Style = keyof typeof CODES;

/** Returns the text in a style, or unchanged where colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Returns a painter; it changes nothing unless `enabled`. */
export function paintIf(enabled: boolean): Paint {
  return (style, text) => {
    const [on, off] = CODES[style];
    return enabled ? `\u001b[${String(on)}m${text}\u001b[${String(off)}m` : text;
  };
}

/**
 * Returns whether to write colours to a stream: it is a terminal, and NO_COLOR is not set.
 * @see https://no-color.org
 */
export function wantsColours(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>
): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '';
}
