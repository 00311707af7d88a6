/** Who uses the page: signs a person in by name or token, and out again, and says why a token no longer works. */
import { webOutboxStorage, type ClientState, type ConnectOptions } from '../../sdk/client.js';
import { byId } from '../shared/element.js';
import { handedToken } from '../shared/handed-token.js';
import type { ServerFacts } from '../shared/server-facts.js';
import { Left, loginAddress, type LeftBehind } from './login.js';
import type { Remembered } from './remembered.js';
import { DEFAULT_THREAD, hashOfThread } from './route.js';
import { SignIn } from './sign-in.js';
import { subjectOf } from './subject.js';
import { signInWords } from './words/end-words.js';

/** What an account reports to the page. */
export interface AccountEvents {
  /** Somebody has signed in: connect as this user. */
  signedIn(): void;
  /** The user has signed out: show nothing more. */
  signedOut(): void;
  /** Whether somebody is signed in, so that the dialog may be cancelled. */
  isInUse(): boolean;
  /** Returns what is to be there again when the user comes back from signing in elsewhere. */
  leaving(): LeftBehind;
}

/** The user of the page. */
export class Account {
  readonly #remembered: Remembered;
  readonly #events: AccountEvents;
  readonly #signIn: SignIn;
  readonly #signOut = byId('sign-out', HTMLButtonElement);
  readonly #facts: Promise<ServerFacts>;
  readonly #left = new Left(() => sessionStorage);
  /** What was left behind to sign in, once one is back. */
  #back: LeftBehind | null = null;
  #loginUrl: string | null = null;
  #asksToken = false;

  constructor(remembered: Remembered, facts: Promise<ServerFacts>, events: AccountEvents) {
    this.#remembered = remembered;
    this.#facts = facts;
    this.#events = events;
    this.#signIn = new SignIn({
      done: (signedIn) => {
        if ('user' in signedIn) remembered.user = signedIn.user;
        else remembered.token = signedIn.token;
        events.signedIn();
      },
      leaving: () => {
        this.#left.put(events.leaving());
      }
    });
    this.#signOut.addEventListener('click', () => {
      remembered.forget();
      this.#left.forget();
      this.#back = null;
      events.signedOut();
      this.ask('');
    });
  }

  /** Signs the remembered user in, or the one whose token the address hands over, or asks. */
  start(): void {
    if (this.takeHanded()) return;
    this.#back = this.#left.take();
    const wanted = new URLSearchParams(location.search).get('user');
    const { user, token } = this.#remembered;
    if (token !== null || (user !== null && (wanted ?? user) === user)) this.#events.signedIn();
    else this.#askWhenKnown('', wanted ?? '');
  }

  /** Asks once the server has said where people sign in. */
  #askWhenKnown(problem: string, name?: string): void {
    void this.#facts.then(({ loginUrl }) => {
      this.#loginUrl = loginUrl;
      // Somebody may have signed in meanwhile.
      if (!this.#events.isInUse()) this.ask(problem, name);
    });
  }

  /**
   * Takes a token out of the address (`#token=…`), so that neither the address nor the history has it, and signs its user in.
   * Returns false when there is none.
   */
  takeHanded(): boolean {
    const handed = handedToken(location.hash);
    if (handed === null) return false;
    const back = this.#left.take();
    const hash = handed.rest === '' ? back?.hash : handed.rest;
    history.replaceState(null, '', hash ?? hashOfThread(DEFAULT_THREAD));
    if (handed.token === '') return false;
    this.#back = back;
    this.#remembered.token = handed.token;
    this.#signIn.close();
    this.#events.signedIn();
    return true;
  }

  /** Returns the text that this user was writing in this thread before signing in elsewhere, once. */
  takeText(user: string, thread: string): string {
    const back = this.#back;
    if (back?.thread !== thread) return '';
    this.#back = null;
    // It is of nobody else's business.
    return back.user === user ? back.text : '';
  }

  /** Asks who the user is. */
  ask(problem: string, name = this.#remembered.user ?? ''): void {
    const optional = this.#events.isInUse();
    const loginUrl = this.#loginUrl;
    this.#signIn.open({
      name,
      token: this.#asksToken || loginUrl !== null,
      loginUrl: loginUrl === null ? null : loginAddress(loginUrl, location),
      problem,
      optional
    });
  }

  /** What to connect with. */
  get credentials(): Pick<ConnectOptions, 'user' | 'token' | 'storage'> {
    const { user, token } = this.#remembered;
    return {
      ...(user === null ? {} : { user }),
      ...(token === null ? {} : { token }),
      ...keeping(token === null ? user : subjectOf(token))
    };
  }

  /** Asks for another token when the server does not accept, or no longer, the one that it got. */
  over(state: Extract<ClientState, { name: 'closed' }>): void {
    if (state.error.code !== 'unauthorized') return;
    const wasGiven = this.#remembered.token !== null;
    this.#remembered.token = null;
    this.#asksToken = true;
    this.#askWhenKnown(wasGiven ? signInWords(state) : '');
  }
}

/** Where messages without an ack outlive a reload: in the tab, since two tabs can be two people, and by user. */
function keeping(user: string | null): Pick<ConnectOptions, 'storage'> {
  if (user === null) return {};
  try {
    return { storage: webOutboxStorage(sessionStorage, `rollcall.outbox.${user}`) };
  } catch {
    // Where storage is blocked, reading it throws; messages are then kept only until the page is closed.
    return {};
  }
}
