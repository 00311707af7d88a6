import type { SendOptions } from '../../../sdk/client.js';
import { byId } from '../../shared/element.js';

/** What a message may do while an agent is at work, besides waiting in line. */
const CHOICES = ['steer', 'interrupt'] as const;

/** The choice of what a message does while an agent is at work in the thread. It stands in place of the hint about keys. */
export class Meanwhile {
  readonly #label = byId('meanwhile', HTMLLabelElement);
  readonly #select = byId('meanwhile-choice', HTMLSelectElement);
  readonly #form = byId('composer', HTMLFormElement);

  /** Shows the choice while an agent is at work. With an agent in the thread its place is kept, so that nothing moves. */
  show(isAtWork: boolean, hasAgent: boolean): void {
    this.#label.hidden = !isAtWork;
    this.#form.classList.toggle('at-work', isAtWork);
    this.#form.classList.toggle('has-agent', hasAgent || isAtWork);
  }

  /** Returns the choice for a message that is about to be sent; undefined for waiting in line. */
  take(): SendOptions['whileRunning'] {
    if (this.#label.hidden) return undefined;
    const chosen = CHOICES.find((one) => one === this.#select.value);
    // It is for one message: stopping an answer is not to become a habit unnoticed.
    this.#select.value = 'enqueue';
    return chosen;
  }
}
