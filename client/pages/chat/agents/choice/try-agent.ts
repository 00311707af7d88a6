import type { AgentInfo } from '../../../../sdk/client.js';
import { byId } from '../../../shared/element.js';

/** The agent that newcomers try: it repeats what it gets and costs nothing. */
export const TRIAL_AGENT = 'echo';

/** Message that is ready to be sent: long enough that its answer can be watched, stopped and reloaded. */
export const TRIAL_TEXT = `Hello! Say this back to me, please, so that I can see how an agent answers here.

While you are at it I can:
- **watch** the answer come, word by word, in every tab that is open
- **reload** the page in the middle: what has come stays, and the rest follows
- **stop** it, from this tab or from another one
- write the next message, which waits in line until this answer is done

Afterwards I can *try again* or edit my message, and leaf through the versions of the answer.
Whatever happens, even when the server dies, every answer has exactly one end.`;

/** Random part of a new thread's name, in characters. */
const NAME_CHARS = 6;

/** Offers newcomers to talk with an agent at once: a new thread, the agent, and a message that only has to be sent. */
export class TryAgent {
  readonly #again = byId('try-agent', HTMLButtonElement);
  readonly #first = byId('empty-agent', HTMLButtonElement);
  readonly #words = byId('empty-words', HTMLParagraphElement);
  #hasAgent = false;
  #isTrial = false;

  /** @param go opens this thread, with this text ready to be sent to the agent */
  constructor(go: (thread: string, text: string) => void) {
    for (const button of [this.#again, this.#first]) {
      button.addEventListener('click', () => {
        go(newThread(), TRIAL_TEXT);
      });
    }
  }

  /** Shows the offer where the server has the agent. */
  show(agents: readonly AgentInfo[]): void {
    this.#hasAgent = agents.some(({ name }) => name === TRIAL_AGENT);
    this.#show();
  }

  /** Shows in the empty thread that was opened what to do there: in that of a trial, to send the message that is ready. */
  open(isTrial: boolean): void {
    this.#isTrial = isTrial;
    this.#words.textContent = isTrial
      ? 'Send the message below: the agent says it back.'
      : 'Say something: everyone in this thread will see it.';
    this.#show();
  }

  #show(): void {
    this.#again.hidden = !this.#hasAgent;
    this.#first.hidden = !this.#hasAgent || this.#isTrial;
  }
}

/** Returns a name that is not used yet. In development the agent answers in threads whose name begins like this. */
function newThread(): string {
  const letters = crypto.getRandomValues(new Uint8Array(NAME_CHARS));
  return `agent-${Array.from(letters, (one) => (one % 36).toString(36)).join('')}`;
}
