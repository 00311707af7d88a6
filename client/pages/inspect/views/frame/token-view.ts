import { byId } from '../../../shared/element.js';
import { write } from '../../../shared/live-text.js';

/** Name of the token in session storage, which lasts as long as the tab. */
const KEY = 'rollcall.inspect.token';

/** The dialog that asks for the token of the inspector. */
export class TokenView {
  readonly #dialog = byId('ask', HTMLDialogElement);
  readonly #words = byId('ask-words', HTMLParagraphElement);
  readonly #token = byId('ask-token', HTMLInputElement);

  constructor(given: (token: string) => void) {
    byId('ask-form', HTMLFormElement).addEventListener('submit', () => {
      const token = this.#token.value.trim();
      this.#token.value = '';
      remember(token);
      given(token);
    });
    // Without a token there is nothing to show behind the dialog.
    this.#dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
    });
  }

  /** Asks, or asks no more; `why` is what the server said. */
  show(isLocked: boolean, why: string | null): void {
    if (!isLocked) {
      if (this.#dialog.open) this.#dialog.close();
      return;
    }
    write(this.#words, `The server says: ${why ?? 'the inspector asks for a token'}.`);
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}

/** The token that was given in this tab; null when there is none. */
export function rememberedToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // A browser that blocks storage asks again after each reload.
    return null;
  }
}

function remember(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // See above.
  }
}
