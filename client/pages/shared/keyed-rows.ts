/** The elements of one row, and the function that brings them up to date. */
export interface Row<Item> {
  readonly root: HTMLElement;
  fill(item: Item): void;
}

/** Where the rows are put, and how each is named and made. */
export interface KeyedRowsOptions<Item> {
  readonly into: HTMLElement;
  /** Returns the key of an item. A row keeps its element for as long as an item has its key. */
  readonly key: (item: Item) => string;
  readonly make: () => Row<Item>;
}

/** A list whose rows are updated in place, so that focus, selection and scroll position survive. */
export class KeyedRows<Item> {
  readonly #options: KeyedRowsOptions<Item>;
  #rows = new Map<string, Row<Item>>();

  constructor(options: KeyedRowsOptions<Item>) {
    this.#options = options;
  }

  /** Shows these items in this order. Of two items with the same key, only the first is shown. */
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
