import type { AgentInfo, Thread } from '../../../../sdk/client.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { byId, element } from '../../../shared/element.js';
import { RollcallError } from '../../../../sdk/client.js';
import { setAgent } from './thread-agent.js';

/** What the choice needs of the page. */
export interface AgentChoiceEvents {
  /** Returns the token of the user; null where there is none. */
  token(): string | null;
  /** Says something to the user. */
  tell(words: string): void;
  /** Another agent answers in the thread, or none any more. */
  changed(): void;
}

/** Value of the option that no agent answers; no agent can have this name. */
const NOBODY = '';

/**
 * The choice of the agent that answers in the open thread. Who may manage the thread sets it at once; who may only write
 * names it with the next message.
 */
export class AgentChoice {
  readonly #events: AgentChoiceEvents;
  readonly #field = byId('agent-choice', HTMLLabelElement);
  readonly #select = byId('agent-select', HTMLSelectElement);
  #thread: Thread | null = null;
  #agents: readonly AgentInfo[] = [];
  #agent: string | null = null;
  /** Whom this page has just let answer: what everybody is told of it is no news here. */
  #own: string | null | undefined;
  /** Named with the next message. */
  #next: string | null = null;
  #drawn = '';

  constructor(events: AgentChoiceEvents) {
    this.#events = events;
    this.#select.addEventListener('change', () => {
      const { value } = this.#select;
      void this.#choose(value === NOBODY ? null : value);
    });
  }

  /** The agent that answers the next message; null when none does. */
  get agent(): string | null {
    return this.#next ?? this.#agent;
  }

  /** Shows the choice for another thread. */
  open(thread: Thread): void {
    this.#thread = thread;
    this.#agent = thread.agent;
    this.#next = null;
    this.#own = undefined;
    thread.on('subscribed', () => {
      if (thread !== this.#thread) return;
      this.#agent = thread.agent;
      this.#events.changed();
    });
    thread.on('agent', ({ agent, by }) => {
      if (thread === this.#thread) this.#came(agent, by);
    });
  }

  /** Shows what there is to choose and whether this user may. */
  show(agents: readonly AgentInfo[]): void {
    this.#agents = agents;
    const thread = this.#thread;
    const isHere = thread !== null && thread.state !== 'forbidden' && thread.state !== 'over';
    this.#field.hidden = agents.length === 0 || !isHere;
    this.#draw();
  }

  /** Lets an agent answer the next message, unless it does so anyway. */
  prefer(agent: string): void {
    this.#next = agent;
    this.#draw();
  }

  /** Returns the agent to name in a message that is about to be sent; undefined when the thread has it already. */
  take(): string | undefined {
    const next = this.#next;
    this.#next = null;
    if (next === null || next === this.#agent) return undefined;
    this.#agent = next;
    return next;
  }

  async #choose(agent: string | null): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    this.#next = null;
    if (await this.#maySet(thread)) {
      this.#own = agent;
      const answer = await setAgent(thread.id, this.#events.token(), agent);
      if (thread !== this.#thread) return;
      if (!answer.ok) this.#own = undefined;
      if (answer.ok) {
        this.#agent = answer.agent;
        this.#events.tell(answersWords(answer.agent));
      } else if (agent === null || !isNoDoor(answer.code)) {
        this.#events.tell(`The agent was not changed: ${answer.message}.`);
      } else this.#next = agent;
    } else if (agent === null) {
      this.#events.tell('Only who may manage this thread can let no agent answer.');
    } else this.#next = agent;
    if (this.#next !== null && this.#next !== this.#agent) {
      this.#events.tell(`${safeName(this.#next)} answers from your next message on.`);
    }
    this.#drawn = '';
    this.#draw();
    this.#events.changed();
  }

  /**
   * Whether the choice takes effect at once. In development, which asks for no token, it does so also in a thread that
   * nobody owns, and that nobody manages therefore.
   */
  async #maySet(thread: Thread): Promise<boolean> {
    if (thread.may?.includes('manage') ?? true) return true;
    if (this.#events.token() !== null) return false;
    try {
      return (await thread.members()).owner === null;
    } catch (error) {
      if (error instanceof RollcallError) return false;
      throw error;
    }
  }

  /** Shows an agent that somebody has chosen, here or elsewhere. */
  #came(agent: string | null, by: string | null): void {
    const isNews = agent !== this.#agent && agent !== this.#own;
    this.#agent = agent;
    this.#own = undefined;
    if (isNews)
      this.#events.tell(
        `${answersWords(agent)}${by === null ? '' : ` Chosen by ${safeName(by)}.`}`
      );
    this.#events.changed();
  }

  #draw(): void {
    const { agent } = this;
    const names = this.#agents.map(({ name }) => name);
    // The agent may have been removed from the server.
    const all = agent === null || names.includes(agent) ? names : [...names, agent];
    const may = this.#thread?.may?.includes('write') ?? true;
    const drawn = JSON.stringify([all, agent, may, this.#thread?.id]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const option = (value: string, words: string): HTMLOptionElement =>
      element('option', { value, selected: value === (agent ?? NOBODY) }, words);
    this.#select.replaceChildren(
      option(NOBODY, 'No agent'),
      ...all.map((name) => option(name, safeName(name)))
    );
    this.#select.disabled = !may;
    const purpose = this.#agents.find(({ name }) => name === agent)?.description ?? '';
    this.#field.title = agent === null ? 'No agent answers here' : `${safeName(agent)}: ${purpose}`;
    this.#field.classList.toggle('has-agent', agent !== null);
  }
}

/** Whether a refusal means that this user cannot use the HTTP API, and can still name an agent in a message. */
function isNoDoor(code: string): boolean {
  return ['forbidden', 'unauthorized', 'unknown', 'unreachable'].includes(code);
}

function answersWords(agent: string | null): string {
  return agent === null
    ? 'No agent answers in this thread any more.'
    : `${safeName(agent)} answers in this thread.`;
}
