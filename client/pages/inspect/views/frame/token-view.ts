import { byId } from '../../../shared/element.js';
import { write } from '../../../shared/live-text.js';
import type { TabSecret } from '../../../shared/tab-secret.js';

/** The dialog that asks for the token of the inspector. */
export class TokenView {
  readonly #dialog = byId('ask', HTMLDialogElement);
  readonly #words = byId('ask-words', HTMLParagraphElement);
  readonly #token = byId('ask-token', HTMLInputElement);
  #isLocked = false;

  constructor(secret: TabSecret, given: (token: string) => void) {
    byId('ask-form', HTMLFormElement).addEventListener('submit', () => {
      const token = this.#token.value.trim();
      this.#token.value = '';
      this.#isLocked = false;
      secret.give(token);
      given(token);
    });
    // Without a token there is nothing to show behind the dialog, and browsers close one on Escape even when that is prevented.
    this.#dialog.addEventListener('close', () => {
      if (this.#isLocked) this.#dialog.showModal();
    });
  }

  /** Asks, or asks no more; `why` is what the server said. */
  show(isLocked: boolean, why: string | null): void {
    this.#isLocked = isLocked;
    if (!isLocked) {
      if (this.#dialog.open) this.#dialog.close();
      return;
    }
    write(this.#words, `The server says: ${why ?? 'the inspector asks for a token'}.`);
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}
