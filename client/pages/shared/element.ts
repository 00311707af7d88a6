/** Attributes of a new element, named as in HTML. True sets an empty attribute; false and null set none. */
export type Attributes = Readonly<Record<string, string | boolean | null>>;

/**
 * Makes an element. Strings become text nodes, never markup: this is the only way the page shows what people wrote.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (typeof value === 'string') made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * Finds an element of the page by its id.
 * @throws {Error} when it is not there or of another kind: page and script do not belong together
 */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  const found: Element | null = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with id ${id}`);
}
