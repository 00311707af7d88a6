import { handedToken } from './handed-token.js';
import { SafeShelf } from './safe-shelf.js';

/**
 * A key or token that was given to a page: typed in, or handed over in the address (`#token=…`). It is kept in session
 * storage only, so it ends with the tab.
 */
export class TabSecret {
  readonly #name: string;
  readonly #shelf = new SafeShelf(() => sessionStorage);

  /** `name` is its key in session storage. */
  constructor(name: string) {
    this.#name = name;
  }

  /** What was given; null when nothing was. */
  get value(): string | null {
    return this.#shelf.getItem(this.#name);
  }

  /** Keeps what was given. */
  give(value: string): void {
    this.#shelf.setItem(this.#name, value);
  }

  /** Forgets it. */
  forget(): void {
    this.#shelf.removeItem(this.#name);
  }

  /** Takes it out of the address, so that neither the address nor the history has it. Returns whether there was one. */
  takeHanded(): boolean {
    const handed = handedToken(location.hash);
    if (handed === null) return false;
    history.replaceState(null, '', `${location.pathname}${location.search}${handed.rest}`);
    if (handed.token === '') return false;
    this.give(handed.token);
    return true;
  }
}
