import { byId } from '../shared/element.js';

/** How long a notice is shown, in milliseconds: long enough to read two lines. */
const SHOWN_MS = 6_000;

/** A sentence above the composer that disappears by itself. Screen readers announce it. */
export class Notice {
  readonly #line = byId('notice', HTMLParagraphElement);
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Shows this sentence. */
  tell(words: string): void {
    clearTimeout(this.#timer ?? undefined);
    this.#line.textContent = words;
    this.#timer = setTimeout(() => {
      this.#line.textContent = '';
    }, SHOWN_MS);
  }
}
