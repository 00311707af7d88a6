import { byId } from '../shared/element.js';
import { safeName } from '../../sdk/safe-name.js';

/** Greatest height of the message field, in pixels: about eight lines. */
const FIELD_MAX_PX = 200;

/** What the user does in the composer. */
export interface ComposerEvents {
  /** Sends a text. Returns false when it cannot be sent; the text then stays in the field. */
  send(text: string): boolean;
  /** The user typed (true), or cleared or sent the text (false). */
  typing(on: boolean): void;
  /** Returns by how many bytes a text exceeds the server's limit for one message; 0 when it fits. */
  over(text: string): number;
}

/** The field messages are written in: Enter sends, Shift+Enter starts a new line. */
export class Composer {
  readonly #events: ComposerEvents;
  readonly #field = byId('composer-text', HTMLTextAreaElement);
  readonly #over = byId('composer-over', HTMLParagraphElement);
  readonly #overSpoken = byId('composer-over-spoken', HTMLParagraphElement);
  readonly #closed = byId('composer-closed', HTMLParagraphElement);
  readonly #hint = byId('composer-hint', HTMLParagraphElement);
  readonly #button = byId('composer-send', HTMLButtonElement);

  #placeholder = '';

  constructor(events: ComposerEvents) {
    this.#events = events;
    const form = byId('composer', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
      this.#field.focus();
    });
    this.#field.addEventListener('keydown', (event) => {
      // While an input method is composing, Enter picks a word and must not send.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener('input', () => {
      this.#fit();
      this.measure();
      this.#events.typing(this.#field.value.trim() !== '');
    });
  }

  /** The text in the field. */
  get text(): string {
    return this.#field.value;
  }

  set text(text: string) {
    this.#field.value = text;
    this.#fit();
    this.measure();
  }

  /** Inserts a text at the beginning of the field and places the cursor after it. */
  insert(text: string): void {
    const rest = this.#field.value.trim();
    this.text = rest === '' ? text : `${text}\n\n${rest}`;
    this.#field.focus();
    this.#field.setSelectionRange(text.length, text.length);
    this.#events.typing(true);
  }

  /** Shows by how much the text is too long. To be called also when the server's limit has changed. */
  measure(): void {
    const words = overWords(this.#events.over(this.#field.value.trim()));
    const wasOver = !this.#over.hidden;
    this.#over.hidden = words === '';
    this.#over.textContent = words;
    if (words === '') this.#field.removeAttribute('aria-invalid');
    else this.#field.setAttribute('aria-invalid', 'true');
    // Announced to screen readers when the text becomes too long, not with every letter.
    if (words === '') this.#overSpoken.textContent = '';
    else if (!wasOver) this.#overSpoken.textContent = words;
  }

  /** Whether nothing may be written here, which is then said in words. What is in the field stays, to be copied. */
  set isClosed(isClosed: boolean) {
    if (isClosed === this.#field.readOnly) return;
    this.#field.readOnly = isClosed;
    this.#button.hidden = isClosed;
    this.#hint.hidden = isClosed;
    this.#field.placeholder = isClosed ? '' : this.#placeholder;
    this.#closed.textContent = isClosed
      ? 'You may only read here. The owner can let you write.'
      : '';
  }

  /** Shows where the message will be sent. */
  set thread(thread: string) {
    this.#placeholder = `Message ${safeName(thread)}`;
    if (!this.#field.readOnly) this.#field.placeholder = this.#placeholder;
  }

  /** Puts the cursor into the field, unless that would open a phone's keyboard. */
  focus(): void {
    if (window.matchMedia('(hover: hover)').matches) this.#field.focus();
  }

  /** Shows the beginning of a text that is there to be read, not to be written on. */
  toStart(): void {
    this.#field.setSelectionRange(0, 0);
    this.#field.scrollTop = 0;
  }

  #send(): void {
    if (this.#field.readOnly) return;
    const text = this.#field.value.trim();
    if (text === '') return;
    const words = overWords(this.#events.over(text));
    if (words !== '') {
      // Screen readers repeat the same words only when they are set anew.
      this.#overSpoken.textContent = '';
      this.#overSpoken.textContent = `Not sent. ${words}`;
      return;
    }
    // A text that could not be sent stays in the field.
    if (!this.#events.send(text)) return;
    this.text = '';
    this.#events.typing(false);
  }

  #fit(): void {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${String(Math.min(this.#field.scrollHeight, FIELD_MAX_PX))}px`;
  }
}

function overWords(bytes: number): string {
  if (bytes === 0) return '';
  return `${bytes.toLocaleString('en')} ${bytes === 1 ? 'byte' : 'bytes'} too long for one message`;
}
