import { byId } from '../shared/element.js';

/** What the sign-in form is opened with. */
export interface SignInRequest {
  readonly name: string;
  /** Whether the server asks for a token; else it takes the name. */
  readonly token: boolean;
  /** Whether the user may cancel and stay signed in. */
  readonly optional: boolean;
  /** Why the last sign-in failed; empty when it did not. */
  readonly problem: string;
}

/** What the user entered. */
export type SignedIn = { readonly user: string } | { readonly token: string };

/** The dialog that asks for the user's name or token. */
export class SignIn {
  readonly #dialog = byId('sign-in', HTMLDialogElement);
  readonly #name = byId('name', HTMLInputElement);
  readonly #token = byId('token', HTMLInputElement);
  readonly #problem = byId('sign-in-error', HTMLParagraphElement);
  readonly #cancel = byId('sign-in-cancel', HTMLButtonElement);
  #isNeeded = false;

  constructor(done: (signedIn: SignedIn) => void) {
    byId('sign-in-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const asksToken = this.#token.required;
      const value = (asksToken ? this.#token : this.#name).value.trim();
      if (value === '') {
        this.#say(asksToken ? 'Give a token.' : 'Give a name.');
        return;
      }
      this.#isNeeded = false;
      this.#dialog.close();
      this.#token.value = '';
      done(asksToken ? { token: value } : { user: value });
    });
    this.#cancel.addEventListener('click', () => {
      this.#dialog.close();
    });
    // Without a user there is nothing to go back to, and browsers close a dialog on Escape even when that is prevented.
    this.#dialog.addEventListener('close', () => {
      if (this.#isNeeded) this.#dialog.showModal();
    });
  }

  /** Asks. */
  open(request: SignInRequest): void {
    byId('name-field', HTMLLabelElement).hidden = request.token;
    byId('token-field', HTMLLabelElement).hidden = !request.token;
    this.#isNeeded = !request.optional;
    this.#cancel.hidden = !request.optional;
    byId('sign-in-title', HTMLHeadingElement).textContent = request.optional
      ? 'Change who you are'
      : 'Join the conversation';
    this.#name.required = !request.token;
    this.#token.required = request.token;
    this.#name.value = request.name;
    this.#say(request.problem);
    if (!this.#dialog.open) this.#dialog.showModal();
    const field = request.token ? this.#token : this.#name;
    field.focus();
    field.select();
  }

  /** Closes the dialog: somebody has signed in by other means. */
  close(): void {
    this.#isNeeded = false;
    this.#dialog.close();
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === '';
  }
}
