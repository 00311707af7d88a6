/**
 * Runs that are in a certain state when the server is killed: with an open tool, with an open question, in a second
 * attempt. Each must have one end after the restart, and the right one. Pure; `agents.mjs` has the agents.
 */
import { Faults } from '../kill-proof/faults.js';
import type { Check } from '../kill-proof/verdict.js';
import { endOf, type Entry } from './verdict.js';

/** The agents, by the state in which they stay. */
export const STATE_AGENTS = ['tool', 'ask', 'second'] as const;

/** One of {@link STATE_AGENTS}. */
export type StateAgent = (typeof STATE_AGENTS)[number];

/** What is given as the answer to the agent `ask`. */
export const ANSWER = 7;

/** Returns the open question of a thread; null when none is open. */
export function openAsk(entries: readonly Entry[]): { run: string; ask: string } | null {
  const asked = entries.findLast(({ kind }) => kind === 'agent_waiting');
  const isClosed = entries.some(({ kind, body }) => kind === 'agent_answered' || endOf(kind, body));
  if (asked === undefined || isClosed) return null;
  return { run: String(asked.body.run), ask: String(asked.body.ask) };
}

/** Judges the threads of these agents. */
export class StateVerdict {
  readonly #faults = new Faults();
  readonly #caught: Record<StateAgent, number> = { tool: 0, ask: 0, second: 0 };

  /** How many runs the kill has found in each state. */
  get caught(): Readonly<Record<StateAgent, number>> {
    return this.#caught;
  }

  /** Takes the entries of a thread with one message to the agent, when its run should have ended. */
  take(agent: StateAgent, thread: string, entries: readonly Entry[]): void {
    const ends = entries.filter(({ kind, body }) => endOf(kind, body) !== null);
    const [end] = ends;
    if (end === undefined || ends.length > 1) {
      const kinds = entries.map(({ kind }) => kind).join(', ');
      this.#faults.add(`${thread} (${agent}) has ${String(ends.length)} ends: ${kinds}`);
      return;
    }
    const how = endOf(end.kind, end.body);
    const text = typeof end.body.text === 'string' ? end.body.text : '';
    const count = (kind: string): number => entries.filter((entry) => entry.kind === kind).length;
    if (agent === 'ask') {
      if (how === 'interrupted') return;
      this.#caught.ask += 1;
      const isAsked = count('agent_waiting') === 1 && count('agent_answered') === 1;
      if (how !== 'completed' || text !== `got ${String(ANSWER)}` || !isAsked) {
        this.#faults.add(`${thread} (ask) was ${String(how)} with ${text}`);
      }
      return;
    }
    if (how === 'completed') return;
    if (how !== 'interrupted') this.#faults.add(`${thread} (${agent}) was ${String(how)}`);
    if (agent === 'tool' && count('tool_executing') > 0) {
      this.#caught.tool += 1;
      if (count('tool_completed') !== count('tool_executing')) {
        this.#faults.add(`${thread} (tool) has a tool without an end`);
      }
    }
    if (agent === 'second' && text.includes('2')) this.#caught.second += 1;
    if (agent === 'second' && !['', 'attempt 1', 'attempt 2'].includes(text)) {
      this.#faults.add(`${thread} (second) has the text ${text}`);
    }
  }

  /** Returns the check. */
  check(): Check {
    const { tool, ask, second } = this.#caught;
    return {
      name: 'a run with an open tool, an open question or in a second attempt has one end',
      figure: `${String(tool)} tools, ${String(ask)} questions, ${String(second)} second attempts`,
      faults: this.#faults
    };
  }
}
