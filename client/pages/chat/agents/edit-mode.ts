import { byId } from '../../shared/element.js';
import type { Composer } from '../composer.js';

/** Editing a message that an agent has answered: it is written in the composer, and its answer is made anew. */
export class EditMode {
  readonly #composer: Pick<Composer, 'text'>;
  readonly #field = byId('composer-text', HTMLTextAreaElement);
  readonly #bar = byId('editing', HTMLDivElement);
  #mid: string | null = null;
  /** What was being written before. */
  #before = '';

  constructor(composer: Pick<Composer, 'text'>) {
    this.#composer = composer;
    byId('editing-cancel', HTMLButtonElement).addEventListener('click', () => {
      this.#cancel();
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing || this.#mid === null) return;
      event.preventDefault();
      this.#cancel();
    });
  }

  /** Puts the text of a message into the composer, to be changed and sent in its place. */
  begin(mid: string, text: string): void {
    if (this.#mid === null) this.#before = this.#composer.text;
    this.#mid = mid;
    this.#composer.text = text;
    this.#bar.hidden = false;
    this.#field.focus();
    this.#field.setSelectionRange(text.length, text.length);
  }

  /** Returns the message that the one to be sent replaces, and ends the editing; undefined when none is edited. */
  take(): string | undefined {
    const mid = this.#mid ?? undefined;
    this.end();
    return mid;
  }

  /** Ends the editing and returns what was being written before; empty when nothing was edited. */
  end(): string {
    const before = this.#before;
    this.#mid = null;
    this.#before = '';
    this.#bar.hidden = true;
    return before;
  }

  /** Whether a message is being edited. */
  get isOn(): boolean {
    return this.#mid !== null;
  }

  #cancel(): void {
    this.#composer.text = this.end();
    this.#field.focus();
  }
}
