/** The menu of a message: its link, its journey, its thread in the inspector, and for one that was answered, editing it. */
import type { MessageFrame } from '../../../sdk/client.js';
import { byId } from '../../shared/element.js';
import { hashOfMessage } from '../route.js';
import { copyText } from './copy.js';

/** Space between the menu and its button or the edge of the window, in pixels. */
const GAP_PX = 4;

/** The only menu of the page. It opens at the message whose button was pressed. */
export class MessageMenu {
  readonly #menu = byId('message-menu', HTMLDivElement);
  readonly #copy = byId('message-copy', HTMLButtonElement);
  readonly #edit = byId('message-edit', HTMLButtonElement);
  readonly #journey = byId('message-journey', HTMLAnchorElement);
  readonly #inspector = byId('message-inspector', HTMLAnchorElement);
  #button: HTMLButtonElement | null = null;
  #link = '';
  #message: MessageFrame | null = null;

  /**
   * @param tell shows a short sentence to the user
   * @param edit the user wants to change this message, and have it answered anew
   */
  constructor(tell: (words: string) => void, edit: (message: MessageFrame) => void) {
    this.#copy.addEventListener('click', () => {
      this.#close();
      void copyText(this.#link).then((isCopied) => {
        tell(isCopied ? 'Link copied.' : `The browser does not let this page copy: ${this.#link}`);
      });
    });
    this.#edit.addEventListener('click', () => {
      this.#close();
      if (this.#message !== null) edit(this.#message);
    });
    this.#menu.addEventListener('keydown', (event) => {
      this.#pressed(event);
    });
    this.#menu.addEventListener('toggle', () => {
      const isOpen = this.#menu.matches(':popover-open');
      this.#button?.setAttribute('aria-expanded', String(isOpen));
    });
  }

  /** Whether the server has an inspector. */
  set hasInspector(has: boolean) {
    this.#inspector.hidden = !has;
  }

  /**
   * Opens the menu of a message at its button.
   * @param mayEdit whether the user may change the message
   */
  open(message: MessageFrame, button: HTMLButtonElement, mayEdit: boolean): void {
    const { thread, offset, mid } = message;
    this.#message = message;
    this.#edit.hidden = !mayEdit;
    this.#button?.setAttribute('aria-expanded', 'false');
    this.#button = button;
    this.#link = new URL(hashOfMessage(thread, { offset, mid }), location.href).href;
    this.#journey.href = `/journey.html?${new URLSearchParams({ mid, thread }).toString()}`;
    this.#inspector.href = `/inspect#/thread/${encodeURIComponent(thread)}`;
    this.#menu.showPopover();
    const at = button.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    const isRoomBelow = at.bottom + GAP_PX + height < window.innerHeight;
    const top = isRoomBelow ? at.bottom + GAP_PX : at.top - GAP_PX - height;
    const left = Math.min(at.left, window.innerWidth - width - GAP_PX);
    this.#menu.style.top = `${String(Math.max(GAP_PX, top))}px`;
    this.#menu.style.left = `${String(Math.max(GAP_PX, left))}px`;
    this.#copy.focus();
  }

  #close(): void {
    this.#menu.hidePopover();
    this.#button?.focus();
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key === 'Tab') {
      event.preventDefault();
      this.#close();
      return;
    }
    const items = [this.#copy, this.#edit, this.#journey, this.#inspector].filter(
      (item) => !item.hidden
    );
    const next = neighbour(items, event);
    if (next === null) return;
    event.preventDefault();
    next.focus();
  }
}

/** Lets arrow keys move between the menu buttons of messages, because Tab reaches only one of them. */
export function leadThroughButtons(rows: HTMLElement): void {
  rows.addEventListener('keydown', (event) => {
    if (!(event.target instanceof HTMLElement) || !event.target.matches('.more')) return;
    const buttons = [...rows.querySelectorAll('.more')].filter((one) => one instanceof HTMLElement);
    const next = neighbour(buttons, event);
    if (next === null) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

/** Returns the element to which an arrow key, Home or End moves; null for any other key. */
function neighbour<T extends HTMLElement>(all: readonly T[], event: KeyboardEvent): T | null {
  const now = all.findIndex((one) => one === document.activeElement);
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
  return to === undefined ? null : (all[Math.max(0, Math.min(to, all.length - 1))] ?? null);
}
