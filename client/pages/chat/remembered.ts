import { parsedJson } from '../../sdk/json.js';
import { SafeShelf, type Shelf } from '../shared/safe-shelf.js';

/** Threads kept in the list of those visited; the oldest visit is forgotten first. */
export const RECENT_MAX = 30;

const USER = 'rollcall.user';
const TOKEN = 'rollcall.token';
const RECENT = 'rollcall.recent';

/**
 * What the page remembers in the browser. The tab (session storage) wins over the browser (local storage), so that
 * two tabs can be two people; a token never outlives its tab. Where storage is blocked, it lasts as long as the page.
 */
export class Remembered {
  readonly #tab: Shelf;
  readonly #browser: Shelf;

  constructor(tab: () => Shelf, browser: () => Shelf) {
    this.#tab = new SafeShelf(tab);
    this.#browser = new SafeShelf(browser);
  }

  /** Name of the user; null when there is none yet. */
  get user(): string | null {
    return this.#tab.getItem(USER) ?? this.#browser.getItem(USER);
  }

  set user(user: string | null) {
    put(this.#tab, USER, user);
    put(this.#browser, USER, user);
  }

  /** Token to connect with; null when there is none. */
  get token(): string | null {
    return this.#tab.getItem(TOKEN);
  }

  set token(token: string | null) {
    put(this.#tab, TOKEN, token);
  }

  /** Forgets the user, the token and the threads visited. */
  forget(): void {
    this.user = null;
    this.token = null;
    this.#browser.removeItem(RECENT);
  }

  /** Threads visited, the latest first. */
  get recent(): readonly string[] {
    const list = parsedJson(this.#browser.getItem(RECENT) ?? '[]');
    if (!Array.isArray(list)) return [];
    return list.filter((one): one is string => typeof one === 'string').slice(0, RECENT_MAX);
  }

  /** Notes a visit. */
  visit(thread: string): void {
    const others = this.recent.filter((one) => one !== thread);
    this.#browser.setItem(RECENT, JSON.stringify([thread, ...others].slice(0, RECENT_MAX)));
  }
}

function put(shelf: Shelf, key: string, value: string | null): void {
  if (value === null) shelf.removeItem(key);
  else shelf.setItem(key, value);
}
