/** What a chat does with the agents of its thread: it chooses one, shows its runs, and stops, answers and repeats them. */
import type { AgentInfo, Client, MessageFrame, Run, Thread } from '../../../client/sdk/client.js';
import type { SendOptions } from '../../../client/sdk/outbox/outbox.js';
import { isRecord } from '../../../client/sdk/json.js';
import { safeLine, safeName } from '../../terminal/safe-text.js';
import type { PassingLine, Screen } from '../../terminal/screen.js';
import { answerWords, readAnswer } from './answer-text.js';
import { agentName, queueLines, runLines } from './run-lines.js';
import { failureAdvice } from './run-words.js';

/** Most messages whose texts are kept for `/again` and `/queue`. */
const SAID_MAX = 500;

/** Options of {@link RunDesk}. */
export interface RunDeskOptions {
  readonly client: Pick<Client, 'agents'>;
  readonly thread: Thread;
  readonly screen: Screen;
  /** The agent that the user wants, named with the next message; null for whichever answers. */
  readonly agent: string | null;
  /** Name of the user; empty while there is no connection. */
  readonly user: () => string;
  /** Sends a message of the user. */
  readonly send: (text: string, options: SendOptions) => void;
  /** Lets no agent answer in the thread from now on. */
  readonly silence: () => Promise<void>;
  /** Returns in words why something was refused. */
  readonly why: (error: unknown) => string;
  /** Called when the lines above the prompt have changed. */
  readonly changed: () => void;
}

/** A message that a user wrote. */
interface Said {
  readonly user: string;
  readonly text: string;
}

/** The agents and runs of one thread. */
export class RunDesk {
  readonly #options: RunDeskOptions;
  /** Agent to be named with the next message; null when there is nothing to change. */
  #chosen: string | null;
  readonly #said = new Map<string, Said>();
  /** Failed runs whose advice has been given. */
  readonly #advised = new Set<string>();
  #isGreeted = false;

  constructor(options: RunDeskOptions) {
    const { thread, changed } = options;
    this.#options = options;
    this.#chosen = options.agent;
    thread.on('subscribed', () => {
      this.#greet();
    });
    thread.on('agent', ({ agent, by }) => {
      if (agent === this.#chosen) this.#chosen = null;
      const who = by === null || by === options.user() ? '' : ` (${safeName(by)} chose it)`;
      this.#note(
        agent === null
          ? `no agent answers here any more${who}`
          : `${agent} answers here from now on${who}`
      );
    });
    thread.on('run', (run) => {
      this.#ran(run);
      changed();
    });
  }

  /** What the next message says to the agents. */
  get fields(): SendOptions {
    return this.#chosen === null ? {} : { agent: this.#chosen };
  }

  /** Whether agents matter here: the server has some. */
  get hasAgents(): boolean {
    return this.#options.client.agents.length > 0;
  }

  /** Notes a message of the thread. */
  noted({ mid, from, kind, body }: MessageFrame): void {
    if (kind !== 'user_message' || !isRecord(body) || typeof body['text'] !== 'string') return;
    this.#said.set(mid, { user: from.user, text: body['text'] });
    const [oldest] = this.#said.keys();
    if (this.#said.size > SAID_MAX && oldest !== undefined) this.#said.delete(oldest);
  }

  /** Lines above the prompt. */
  lines(): PassingLine[] {
    return runLines(this.#open, this.#options.screen.columns);
  }

  /** Stops the run at work. */
  async stop(): Promise<void> {
    const run = this.#open.find(({ state }) => state !== 'queued');
    if (run === undefined) {
      const waits = this.#open.length > 0;
      this.#note(
        waits ? 'nothing is being written; /withdraw takes back what waits' : NOTHING_RUNS
      );
      return;
    }
    await this.#do('not stopped', () => this.#options.thread.cancel({ run: run.run }));
  }

  /** Answers the open question; null says what it is. */
  async answer(text: string | null): Promise<void> {
    const { thread, screen } = this.#options;
    const run = this.#open.find(({ state, ask }) => state === 'waiting' && ask !== null);
    const ask = run?.ask ?? null;
    if (run === undefined || ask === null) {
      this.#note('no agent asks anything now');
      return;
    }
    if (text === null) {
      screen.note('yellow', `${agentName(run)} asks: ${safeLine(ask.prompt)}`);
      this.#note(`/answer takes ${answerWords(ask.schema)}`);
      return;
    }
    const read = readAnswer(ask.schema, text);
    if (!read.ok) {
      screen.note('red', read.words);
      return;
    }
    await this.#do('not answered', () => thread.answer(run.run, ask.ask, read.value));
  }

  /** Takes a run out of the queue: that of a number in the list of {@link queue}, by default the last of the user's own. */
  async withdraw(number: number | null): Promise<void> {
    const queued = this.#open.filter(({ state }) => state === 'queued');
    const run = number === null ? queued.findLast((one) => this.#isOwn(one)) : queued[number - 1];
    if (run === undefined) {
      this.#note(
        number === null ? 'no message of yours waits' : `no message ${String(number)} waits`
      );
      return;
    }
    await this.#do('not withdrawn', () => this.#options.thread.withdraw(run.run));
  }

  /** Asks the user's last answered question again. */
  again(): void {
    const { thread, send } = this.#options;
    const run = thread.runs.findLast((one) => this.#isOwn(one));
    const mid = run?.inReplyTo ?? this.#lastOwn() ?? null;
    const said = mid === null ? undefined : this.#said.get(mid);
    if (mid === null || said === undefined) {
      this.#note('there is no question of yours here that could be asked again');
      return;
    }
    send(said.text, { ...this.fields, regenerates: mid });
  }

  /** Chooses the agent for the messages from now on; `none`: no agent, null: says which one answers and which there are. */
  async agent(name: string | null): Promise<void> {
    const { client, thread, silence } = this.#options;
    if (name === 'none') {
      this.#chosen = null;
      if (thread.agent === null) this.#note(NOBODY_ANSWERS);
      else await this.#do('it still answers', silence);
    } else if (name === null) {
      this.#note(this.#chosen === null ? answersWords(thread.agent) : nextWords(this.#chosen));
      for (const line of agentLines(client.agents)) this.#note(line);
    } else if (!client.agents.some((one) => one.name === name)) this.#tellMissing(name);
    else {
      this.#chosen = thread.agent === name ? null : name;
      this.#note(this.#chosen === null ? answersWords(name) : nextWords(name));
    }
  }

  /** Shows what is at work and what waits. */
  queue(): void {
    const lines = queueLines(this.#open, (mid) => {
      const said = this.#said.get(mid);
      return said === undefined ? null : `${safeName(said.user)} wrote ${safeLine(said.text)}`;
    });
    for (const line of lines.length === 0 ? [NOTHING_RUNS] : lines) this.#note(line);
  }

  get #open(): readonly Run[] {
    return this.#options.thread.runs.filter(
      ({ state }) => state === 'queued' || state === 'streaming' || state === 'waiting'
    );
  }

  #greet(): void {
    const { client, thread } = this.#options;
    if (this.#chosen === thread.agent) this.#chosen = null;
    if (this.#isGreeted) return;
    this.#isGreeted = true;
    const chosen = this.#chosen;
    if (chosen !== null && !client.agents.some(({ name }) => name === chosen)) {
      this.#chosen = null;
      this.#tellMissing(chosen);
    } else if (chosen !== null) this.#note(nextWords(chosen));
    else if (thread.agent !== null) this.#note(answersWords(thread.agent));
  }

  #ran(run: Run): void {
    if (run.state !== 'failed' || run.error === null || !this.#isOwn(run)) return;
    if (this.#advised.has(run.run)) return;
    this.#advised.add(run.run);
    this.#note(failureAdvice(run.error.code));
  }

  #isOwn({ inReplyTo }: Run): boolean {
    return inReplyTo !== null && this.#said.get(inReplyTo)?.user === this.#options.user();
  }

  #lastOwn(): string | undefined {
    const user = this.#options.user();
    return [...this.#said].findLast(([, said]) => said.user === user)?.[0];
  }

  async #do(failed: string, work: () => Promise<unknown>): Promise<void> {
    const { screen, why } = this.#options;
    try {
      await work();
    } catch (error) {
      screen.note('red', `${failed}: ${why(error)}`);
    }
  }

  #tellMissing(name: string): void {
    const { client, screen } = this.#options;
    screen.note('red', `there is no agent ${safeLine(name)}`);
    for (const line of agentLines(client.agents)) this.#note(line);
  }

  #note(words: string): void {
    this.#options.screen.note('dim', words);
  }
}

const NOTHING_RUNS = 'no agent is at work here';
const NOBODY_ANSWERS = 'no agent answers here';

function answersWords(agent: string | null): string {
  return agent === null ? NOBODY_ANSWERS : `${safeLine(agent)} answers here`;
}

function nextWords(agent: string): string {
  return `${safeLine(agent)} answers from your next message on`;
}

function agentLines(agents: readonly AgentInfo[]): string[] {
  if (agents.length === 0) return ['this server has no agents: AGENTS names them'];
  const width = Math.max(...agents.map(({ name }) => name.length));
  return agents.map(({ name, description }) =>
    `  ${name.padEnd(width)}  ${safeLine(description)}`.trimEnd()
  );
}
