import type { Run } from '../../../sdk/client.js';
import { element } from '../../shared/element.js';
import { RichText } from '../rich-text/rich-text-view.js';

/**
 * Says that an agent was tried again, in the place of the text that was given up. That text can be opened where the page
 * has seen it: the server does not keep it.
 */
export class Attempts {
  readonly node = element('div', { class: 'attempts', hidden: true });
  #run = '';
  #attempt = 1;
  #text = '';
  #superseded = '';

  /** Shows the attempts of a run. */
  show({ run, attempt, text }: Run): void {
    const isNew = run !== this.#run;
    if (isNew) {
      this.#run = run;
      this.#superseded = '';
    } else if (attempt > this.#attempt) this.#superseded = this.#text;
    this.#text = text;
    if (!isNew && attempt === this.#attempt) return;
    this.#attempt = attempt;
    this.node.hidden = attempt < 2;
    if (attempt < 2) return;
    const words = `Attempt ${String(attempt)}: the one before failed, its text no longer counts.`;
    const before = this.#superseded;
    this.node.replaceChildren(
      before === ''
        ? element('p', { class: 'attempt-words piece' }, words)
        : element(
            'details',
            { class: 'piece' },
            element('summary', { class: 'attempt-words' }, words),
            new RichText('superseded', before).node
          )
    );
  }
}
