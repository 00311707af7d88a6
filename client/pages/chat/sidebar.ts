import type { MessageFrame } from '../../sdk/client.js';
import { initials, tint } from './avatar.js';
import { byId, element } from '../shared/element.js';
import { momentWords } from './words/day-words.js';
import { hashOfThread, isThread } from './route.js';
import { lineOf } from './words/run-words.js';
import { safeName } from '../../sdk/safe-name.js';

/** One thread in the list. */
export interface ListedThread {
  readonly thread: string;
  readonly last: MessageFrame | null;
  readonly unread: number;
}

/** Most characters of the last message that the list shows. */
const PREVIEW_MAX = 80;

/** The list of threads, the field that opens another thread, and the user's name. */
export class Sidebar {
  readonly #list = byId('threads', HTMLUListElement);
  readonly #menu = byId('menu', HTMLButtonElement);
  readonly #app = byId('app', HTMLDivElement);
  #shown = '';

  constructor(changeUser: () => void) {
    const field = byId('goto-thread', HTMLInputElement);
    const problem = byId('goto-error', HTMLParagraphElement);
    byId('goto', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const thread = field.value.trim();
      if (!isThread(thread)) {
        problem.textContent = 'A thread is 1 to 128 letters, digits or . _ : @ -';
        return;
      }
      field.value = '';
      location.hash = hashOfThread(thread);
      this.close();
    });
    field.addEventListener('input', () => {
      problem.textContent = '';
    });
    byId('change-user', HTMLButtonElement).addEventListener('click', changeUser);
    this.#menu.addEventListener('click', () => {
      this.#toggle(!this.#app.classList.contains('side-open'));
    });
    byId('scrim', HTMLDivElement).addEventListener('click', () => {
      this.close();
    });
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
    this.#list.addEventListener('click', () => {
      this.close();
    });
  }

  /** Closes the sidebar where it is a drawer, as on a phone. */
  close(): void {
    this.#toggle(false);
  }

  /** Shows who the user is. */
  user(name: string): void {
    byId('me-name', HTMLSpanElement).textContent = safeName(name);
    const avatar = byId('me-avatar', HTMLSpanElement);
    avatar.className = `avatar tint-${String(tint(name))}`;
    avatar.textContent = initials(name);
  }

  /** Shows the threads. */
  show(threads: readonly ListedThread[], current: string): void {
    const wanted = JSON.stringify([
      current,
      threads.map(({ thread, last, unread }) => [
        thread,
        last?.mid,
        last?.offset,
        unread,
        last === null ? '' : momentWords(last.at, Date.now())
      ])
    ]);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    const focused = document.activeElement?.getAttribute('href') ?? null;
    const links = threads.map((listed) => link(listed, listed.thread === current));
    this.#list.replaceChildren(...links.map((one) => element('li', {}, one)));
    // The list is redrawn; put the keyboard focus back where it was.
    if (focused !== null) links.find((one) => one.getAttribute('href') === focused)?.focus();
  }

  #toggle(open: boolean): void {
    const wasOpen = this.#app.classList.contains('side-open');
    this.#app.classList.toggle('side-open', open);
    this.#menu.setAttribute('aria-expanded', String(open));
    // While the drawer is open, the keyboard reaches only the drawer, and its focus moves there at once.
    byId('main', HTMLElement).inert = open;
    if (open) byId('goto-thread', HTMLInputElement).focus();
    else if (wasOpen) this.#menu.focus();
  }
}

function link({ thread, last, unread }: ListedThread, current: boolean): HTMLAnchorElement {
  const preview = last === null ? '' : `${whoSaid(last)}: ${lineOf(last).slice(0, PREVIEW_MAX)}`;
  const count = unread > 99 ? '99+' : String(unread);
  return element(
    'a',
    { href: hashOfThread(thread), 'aria-current': current ? 'page' : null },
    element('span', { class: 'thread-name' }, safeName(thread)),
    ...(last === null
      ? []
      : [element('span', { class: 'moment' }, momentWords(last.at, Date.now()))]),
    ...(preview === '' ? [] : [element('span', { class: 'preview' }, preview)]),
    ...(unread > 0 && !current
      ? [
          element(
            'span',
            { class: 'unread' },
            count,
            element('span', { class: 'heard' }, ' unread')
          )
        ]
      : [])
  );
}

/** Names the author of a message; an agent by its own name. */
function whoSaid({ from }: MessageFrame): string {
  return safeName(from.user.replace(/^agent:(?=.)/, ''));
}
