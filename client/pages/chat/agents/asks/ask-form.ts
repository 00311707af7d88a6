import type { RunAsk } from '../../../../sdk/client.js';
import { element } from '../../../shared/element.js';
import { shownText } from '../../rich-text/drawn.js';
import { askFields, readAnswer, type AskField } from './ask-fields.js';
import { LAST_MS, timeLeftWords } from './ask-time.js';
import { fieldView, type FieldView } from './field-view.js';
import type { AnswerFate } from '../run-orders.js';

/** Sends the answer to a question. */
export type GiveAnswer = (ask: string, value: unknown) => Promise<AnswerFate>;

/** How often the time that is left is written anew, in milliseconds. */
const TICK_MS = 1_000;

/** Makes the names of parts of forms unique in the page. */
let made = 0;

/** The form for one question of an agent, made from the question's schema. */
export class AskForm {
  /** The form. */
  readonly node: HTMLFormElement;
  /** Id of the question. */
  readonly ask: string;
  readonly #fields: readonly AskField[];
  readonly #views: readonly FieldView[];
  readonly #expiresAt: number | null;
  readonly #give: GiveAnswer;
  readonly #time = element('span', { class: 'ask-time', role: 'timer' });
  readonly #spoken = element('span', { class: 'heard', 'aria-live': 'polite' });
  readonly #problem = element('p', { class: 'ask-problem', role: 'alert' });
  readonly #buttons: readonly HTMLButtonElement[];
  #timer: ReturnType<typeof setInterval> | null = null;
  #isSending = false;

  constructor({ ask, prompt, schema, expiresAt }: RunAsk, give: GiveAnswer) {
    this.ask = ask;
    this.#give = give;
    this.#expiresAt = expiresAt;
    this.#fields = askFields(schema);
    made += 1;
    const id = `ask-${String(made)}`;
    const [first] = this.#fields;
    // A question for yes or no needs two buttons and no field.
    const isYesOrNo =
      this.#fields.length === 1 && first?.name === null && first.kind.type === 'boolean';
    this.#views = isYesOrNo
      ? []
      : this.#fields.map((one, index) => fieldView(one, `${id}-${String(index)}`, `${id}-prompt`));
    this.#buttons = isYesOrNo
      ? [this.#button('Yes', 'true'), this.#button('No', 'false')]
      : [this.#button('Answer', null)];
    this.node = element(
      'form',
      { class: 'ask piece', 'aria-labelledby': `${id}-prompt`, novalidate: true },
      element('p', { class: 'ask-prompt', id: `${id}-prompt` }, shownText(prompt)),
      ...this.#views.map(({ node }) => node),
      element('div', { class: 'ask-foot' }, ...this.#buttons, this.#time, this.#spoken),
      this.#problem
    );
    this.node.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!isYesOrNo) void this.#submit(this.#views.map((view) => view.raw));
    });
  }

  /** Begins to count down. */
  start(): void {
    this.#tick();
    this.#timer ??= setInterval(() => {
      // A form whose thread is no longer shown.
      if (this.node.isConnected) this.#tick();
      else this.stop();
    }, TICK_MS);
  }

  /** Ends the countdown. */
  stop(): void {
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
  }

  #button(words: string, raw: string | null): HTMLButtonElement {
    const isFirst = raw !== 'false';
    const type = raw === null ? 'submit' : 'button';
    const button = element('button', { class: isFirst ? 'primary' : 'plain', type }, words);
    if (raw !== null) {
      button.addEventListener('click', () => {
        void this.#submit([raw]);
      });
    }
    return button;
  }

  async #submit(raw: readonly string[]): Promise<void> {
    if (this.#isSending) return;
    const read = readAnswer(this.#fields, raw);
    const problems = read.ok ? new Map<number, string>() : read.problems;
    this.#views.forEach((view, index) => {
      view.complain(problems.get(index) ?? '');
    });
    const [wrong] = problems.keys();
    if (!read.ok) {
      this.#problem.textContent = this.#views.length === 0 ? [...problems.values()].join(' ') : '';
      if (wrong !== undefined) this.#views[wrong]?.focus();
      return;
    }
    this.#sending(true);
    this.#problem.textContent = '';
    const { isOver, words } = await this.#give(this.ask, read.value);
    // When the question is over, the form goes away with the entry that ends it.
    if (isOver) return;
    this.#sending(false);
    this.#problem.textContent = words;
  }

  #sending(isSending: boolean): void {
    this.#isSending = isSending;
    // Not `disabled`: that would take the keyboard focus away from the button that was just pressed.
    for (const button of this.#buttons) button.setAttribute('aria-disabled', String(isSending));
    this.node.classList.toggle('sending', isSending);
  }

  #tick(): void {
    const now = Date.now();
    const words = timeLeftWords(this.#expiresAt, now);
    if (this.#time.textContent !== words) this.#time.textContent = words;
    const isLast = this.#expiresAt !== null && this.#expiresAt - now <= LAST_MS;
    this.node.classList.toggle('last', isLast);
    const spoken = isLast ? 'Less than a minute is left to answer.' : '';
    if (this.#spoken.textContent !== spoken) this.#spoken.textContent = spoken;
  }
}
