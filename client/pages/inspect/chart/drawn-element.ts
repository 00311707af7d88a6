/** Drawings as data: what a page makes elements of, and a script text. */

/** An element of a drawing: SVG, without a document. */
export interface DrawnElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (DrawnElement | string)[];
}

/** Makes an element; numbers are written with at most two decimals, so that the same drawing is always the same text. */
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

/** A length as it is written. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}
