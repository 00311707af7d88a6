import { byId } from '../shared/element.js';

/** What the sign-in form is opened with. */
export interface SignInRequest {
  readonly name: string;
  /** Whether the server asks for a token; else it takes the name. */
  readonly token: boolean;
  /** Where the user may sign in instead of giving a token; null for nowhere. */
  readonly loginUrl: string | null;
  /** Whether the user may cancel and stay signed in. */
  readonly optional: boolean;
  /** Why the last sign-in failed; empty when it did not. */
  readonly problem: string;
}

/** What the user entered. */
export type SignedIn = { readonly user: string } | { readonly token: string };

/** What the user does in the dialog. */
export interface SignInEvents {
  done(signedIn: SignedIn): void;
  /** The user goes to sign in elsewhere. */
  leaving(): void;
}

/** The dialog that asks for the user's name or token. */
export class SignIn {
  readonly #dialog = byId('sign-in', HTMLDialogElement);
  readonly #name = byId('name', HTMLInputElement);
  readonly #token = byId('token', HTMLInputElement);
  readonly #problem = byId('sign-in-error', HTMLParagraphElement);
  readonly #cancel = byId('sign-in-cancel', HTMLButtonElement);
  readonly #login = byId('sign-in-at', HTMLAnchorElement);
  readonly #join = byId('sign-in-join', HTMLButtonElement);
  #isNeeded = false;

  constructor(events: SignInEvents) {
    this.#login.addEventListener('click', () => {
      events.leaving();
    });
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
      events.done(asksToken ? { token: value } : { user: value });
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
    this.#showLogin(request.loginUrl);
    this.#name.required = !request.token;
    this.#token.required = request.token;
    this.#name.value = request.name;
    this.#say(request.problem);
    if (!this.#dialog.open) this.#dialog.showModal();
    const field = request.token ? this.#token : this.#name;
    if (request.loginUrl !== null) {
      this.#login.focus();
      return;
    }
    field.focus();
    field.select();
  }

  /** Closes the dialog: somebody has signed in by other means. */
  close(): void {
    this.#isNeeded = false;
    this.#dialog.close();
  }

  #showLogin(url: string | null): void {
    this.#login.hidden = url === null;
    byId('sign-in-or', HTMLParagraphElement).hidden = url === null;
    this.#join.className = url === null ? 'primary wide' : 'quiet wide';
    this.#join.textContent = url === null ? 'Join' : 'Use this token';
    if (url === null) return;
    this.#login.href = url;
    this.#login.textContent = `Sign in at ${new URL(url).host}`;
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === '';
  }
}
