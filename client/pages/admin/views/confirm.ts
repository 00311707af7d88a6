import { byId } from '../../shared/element.js';
import { write } from '../../shared/live-text.js';
import type { Answered } from '../asking/operator.js';

/** Something that cannot be taken back, and what is said about it. */
export interface Order {
  readonly title: string;
  /** What will happen. */
  readonly text: string;
  /** Words of the button that does it. */
  readonly action: string;
  /** Label of a text that must be given with it; absent for none. */
  readonly field?: string;
  readonly run: (given: string) => Promise<Answered>;
  /** What has happened, from the body of the answer. */
  readonly done: (body: unknown) => string;
}

/** The dialog that names what will happen before it does. A failure is shown in it, and it stays open. */
export class ConfirmDialog {
  readonly #dialog = byId('confirm', HTMLDialogElement);
  readonly #title = byId('confirm-title', HTMLHeadingElement);
  readonly #text = byId('confirm-text', HTMLParagraphElement);
  readonly #label = byId('confirm-label', HTMLLabelElement);
  readonly #field = byId('confirm-field', HTMLSpanElement);
  readonly #input = byId('confirm-input', HTMLInputElement);
  readonly #fault = byId('confirm-fault', HTMLParagraphElement);
  readonly #do = byId('confirm-do', HTMLButtonElement);
  readonly #done: (words: string) => void;
  #order: Order | null = null;

  /** `done` is called with what has happened. */
  constructor(done: (words: string) => void) {
    this.#done = done;
    byId('confirm-cancel', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
    });
    this.#dialog.addEventListener('close', () => {
      this.#order = null;
    });
    byId('confirm-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#run();
    });
  }

  /** Asks about an order. */
  open(order: Order): void {
    this.#order = order;
    write(this.#title, order.title);
    write(this.#text, order.text);
    write(this.#do, order.action);
    this.#label.hidden = order.field === undefined;
    write(this.#field, order.field ?? '');
    this.#input.required = order.field !== undefined;
    this.#input.value = '';
    this.#fault.hidden = true;
    this.#do.disabled = false;
    this.#dialog.showModal();
  }

  async #run(): Promise<void> {
    const order = this.#order;
    if (order === null || this.#do.disabled) return;
    this.#do.disabled = true;
    const answered = await order.run(this.#input.value.trim());
    // It may have been closed, or opened for something else, meanwhile.
    const isShown = this.#order === order;
    if (answered.ok) {
      if (isShown) this.#dialog.close();
      this.#done(order.done(answered.body));
    } else if (isShown) {
      write(this.#fault, answered.words);
      this.#fault.hidden = false;
      this.#do.disabled = false;
    }
  }
}
