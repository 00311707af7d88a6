/** Drawings as data. The page turns them into elements, `npm run charts` into the text of a file. */

/** An SVG element as plain data, so that no `document` is needed. */
export interface DrawnElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (DrawnElement | string)[];
}

/** Makes an element. Numbers get at most two decimals, so that the same drawing always gives the same text. */
export function drawn(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly (DrawnElement | string)[] = []
): DrawnElement {
  const written = Object.entries(attributes).map(([key, value]): [string, string] => [
    key,
    typeof value === 'number' ? shortNumber(value) : value
  ]);
  return { name, attributes: Object.fromEntries(written), children };
}

/** Writes a number with at most two decimals. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}
