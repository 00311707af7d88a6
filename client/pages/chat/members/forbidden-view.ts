import type { Thread } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { byId } from '../../shared/element.js';

/** What stands in place of a thread that the user may not read, or no longer: what happened, and what to do. */
export class ForbiddenView {
  readonly #view = byId('forbidden', HTMLDivElement);
  readonly #title = byId('forbidden-title', HTMLHeadingElement);
  readonly #advice = byId('forbidden-advice', HTMLParagraphElement);
  readonly #frame = byId('log-frame', HTMLDivElement);
  readonly #composer = byId('composer', HTMLFormElement);
  readonly #members = byId('members-open', HTMLButtonElement);
  /** Whether the thread could be read once, by its id. */
  #couldRead: string | null = null;

  /** @param askAgain called when the user wants to try again */
  constructor(askAgain: () => void) {
    byId('forbidden-again', HTMLButtonElement).addEventListener('click', askAgain);
  }

  /** Shows what has become of the thread of this user. */
  show(thread: Thread, user: string): void {
    if (thread.joined) this.#couldRead = thread.id;
    const isForbidden = thread.state === 'forbidden';
    const wasHidden = this.#view.hidden;
    this.#view.hidden = !isForbidden;
    this.#frame.hidden = isForbidden;
    this.#composer.hidden = isForbidden;
    this.#members.disabled = isForbidden;
    if (!isForbidden) return;
    const name = safeName(thread.id);
    this.#title.textContent =
      this.#couldRead === thread.id ? `You can no longer read ${name}` : `You may not read ${name}`;
    this.#advice.textContent = `You are signed in as ${safeName(user)}. Ask the owner of the thread to make you a member, then try again, or open another thread.`;
    if (wasHidden && document.activeElement === document.body) this.#title.focus();
  }
}
