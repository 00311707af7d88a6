/** The methods of a browser's storage that the pages use. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * A shelf that never throws. Where a browser blocks storage, it throws already when it is asked for (hence the
 * function), and a full one throws when something is put; both are then held by the page for as long as it is open.
 */
export class SafeShelf implements Shelf {
  readonly #shelf: () => Shelf;
  readonly #held = new Map<string, string | null>();

  constructor(shelf: () => Shelf) {
    this.#shelf = shelf;
  }

  /** Returns the value of a key; null when there is none. */
  getItem(key: string): string | null {
    const held = this.#held.get(key);
    if (held !== undefined) return held;
    try {
      return this.#shelf().getItem(key);
    } catch {
      return null;
    }
  }

  /** Stores a value; in the page's memory when the browser's storage fails. */
  setItem(key: string, value: string): void {
    this.#do(key, value, (shelf) => {
      shelf.setItem(key, value);
    });
  }

  /** Removes a value. */
  removeItem(key: string): void {
    this.#do(key, null, (shelf) => {
      shelf.removeItem(key);
    });
  }

  #do(key: string, value: string | null, change: (shelf: Shelf) => void): void {
    try {
      change(this.#shelf());
      this.#held.delete(key);
    } catch {
      this.#held.set(key, value);
    }
  }
}
