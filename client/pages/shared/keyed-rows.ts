/** The elements of one row, and the function that brings them up to date. */
export interface Row<Item> {
  readonly root: HTMLElement;
  fill(item: Item): void;
}

/** What rows are made of. */
export interface KeyedRowsOptions<Item> {
  readonly into: HTMLElement;
  /** Names an item; the row of a name stays the same element as long as there is such an item. */
  readonly key: (item: Item) => string;
  readonly make: () => Row<Item>;
}

/** A list in the page whose rows are changed in place: focus, selection and a reader's place survive. */
export class KeyedRows<Item> {
  readonly #options: KeyedRowsOptions<Item>;
  #rows = new Map<string, Row<Item>>();

  constructor(options: KeyedRowsOptions<Item>) {
    this.#options = options;
  }

  /** Shows these items in this order; of two with one key the first. */
  show(items: readonly Item[]): void {
    const { into, key, make } = this.#options;
    const rows = new Map<string, Row<Item>>();
    for (const item of items) {
      const name = key(item);
      if (rows.has(name)) continue;
      const row = this.#rows.get(name) ?? make();
      row.fill(item);
      rows.set(name, row);
    }
    for (const [name, { root }] of this.#rows) if (!rows.has(name)) root.remove();
    let place = into.firstElementChild;
    for (const { root } of rows.values()) {
      if (root === place) place = place.nextElementSibling;
      else into.insertBefore(root, place);
    }
    this.#rows = rows;
  }
}
