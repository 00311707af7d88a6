/** Agents that stay in one state of a run for longer than a round of the proof lives: with an open tool, or in a second attempt. */
import { setTimeout as wait } from 'node:timers/promises';

/** @typedef {import('../../actors/agents/agent.js').RunContext} RunContext */
/** @typedef {import('../../actors/agents/agent.js').Answer} Answer */
/** @typedef {import('../../actors/agents/agent.js').AgentEvent} AgentEvent */
/** @typedef {AsyncGenerator<AgentEvent, void, Answer | undefined>} Events */

const LONG_MS = 8_000;

/** @param {AbortSignal} signal */
const pause = (signal) => wait(LONG_MS, undefined, { signal }).catch(() => undefined);

/** What the server takes for an `AgentError`, also from a module that has no copy of the class. */
const BUSY = { name: 'AgentError', code: 'busy', retryAfterMs: 20 };

export default [
  {
    name: 'tool',
    /** @param {RunContext} context @returns {Events} */
    async *run({ signal }) {
      yield { type: 'toolCall', call: 'c', tool: 'long', args: {} };
      await pause(signal);
      yield { type: 'toolResult', call: 'c', ok: true, result: 1 };
      yield 'done';
    }
  },
  {
    name: 'ask',
    /** @returns {Events} */
    async *run() {
      const answer = yield { type: 'ask', prompt: 'How many?', schema: { type: 'integer' } };
      yield answer?.isAnswered === true ? `got ${String(answer.value)}` : 'nobody';
    }
  },
  {
    name: 'second',
    /** @param {RunContext} context @returns {Events} */
    async *run({ attempt, signal }) {
      yield `attempt ${String(attempt)}`;
      if (attempt === 1) throw Object.assign(new Error('come back'), BUSY);
      await pause(signal);
    }
  }
];
