import { byId } from '../shared/element.js';
import { safeName } from '../../sdk/safe-name.js';

/** Height of the message field at most, in pixels: about eight lines. */
const FIELD_MAX_PX = 200;

/** What the composer tells. */
export interface ComposerEvents {
  /** Sends a text; false when there is nowhere to send it to, and it stays in the field. */
  send(text: string): boolean;
  /** The user types (true), or has cleared the field or sent it (false). */
  typing(on: boolean): void;
}

/** The field messages are written in: Enter sends, Shift+Enter starts a new line. */
export class Composer {
  readonly #events: ComposerEvents;
  readonly #field = byId('composer-text', HTMLTextAreaElement);

  constructor(events: ComposerEvents) {
    this.#events = events;
    const form = byId('composer', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
      this.#field.focus();
    });
    this.#field.addEventListener('keydown', (event) => {
      // While an input method composes, Enter chooses a word.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener('input', () => {
      this.#fit();
      this.#events.typing(this.#field.value.trim() !== '');
    });
  }

  /** What stands in the field. */
  get text(): string {
    return this.#field.value;
  }

  set text(text: string) {
    this.#field.value = text;
    this.#fit();
  }

  /** Says whom the message goes to. */
  set thread(thread: string) {
    this.#field.placeholder = `Message ${safeName(thread)}`;
  }

  /** Puts the cursor into the field, unless that would open a phone's keyboard. */
  focus(): void {
    if (window.matchMedia('(hover: hover)').matches) this.#field.focus();
  }

  #send(): void {
    const text = this.#field.value.trim();
    if (text === '') return;
    // What nobody takes stays where it is.
    if (!this.#events.send(text)) return;
    this.text = '';
    this.#events.typing(false);
  }

  #fit(): void {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${String(Math.min(this.#field.scrollHeight, FIELD_MAX_PX))}px`;
  }
}
