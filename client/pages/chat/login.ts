/** The way to the page where people sign in (`AUTH_LOGIN_URL`), and back to where one was. */
import { isRecord, parsedJson } from '../../sdk/json.js';
import { SafeShelf, type Shelf } from '../shared/safe-shelf.js';

const LEFT = 'rollcall.left';

/** What a person leaves behind to sign in. */
export interface LeftBehind {
  /** Location hash of the page. */
  readonly hash: string;
  /** Who wrote the text; empty for nobody. */
  readonly user: string;
  readonly thread: string;
  /** Text in the message field that was not sent. */
  readonly text: string;
}

/**
 * Returns the address to sign in at. It names the page to come back to without the thread that is open, so that the
 * sign-in page can compare it with a list of addresses.
 */
export function loginAddress(
  loginUrl: string,
  { origin, pathname }: Pick<URL, 'origin' | 'pathname'>
): string {
  const url = new URL(loginUrl);
  url.searchParams.set('return', `${origin}${pathname}`);
  return url.href;
}

/** Keeps what was left behind, in the tab. */
export class Left {
  readonly #shelf: SafeShelf;

  constructor(tab: () => Shelf) {
    this.#shelf = new SafeShelf(tab);
  }

  /** Keeps it until it is taken. */
  put(left: LeftBehind): void {
    this.#shelf.setItem(LEFT, JSON.stringify(left));
  }

  /** Forgets it. */
  forget(): void {
    this.#shelf.removeItem(LEFT);
  }

  /** Returns what was left behind, once; null when nothing was. */
  take(): LeftBehind | null {
    const text = this.#shelf.getItem(LEFT);
    this.forget();
    const left = text === null ? null : parsedJson(text);
    if (!isRecord(left)) return null;
    const field = (name: string): string => {
      const value = left[name];
      return typeof value === 'string' ? value : '';
    };
    return {
      hash: field('hash'),
      user: field('user'),
      thread: field('thread'),
      text: field('text')
    };
  }
}
