/** Agents for the specs of the chat page: each does what one spec wants to see. */

/**
 * An error as the package's own, which is recognized by its name.
 * @param {string} code
 * @param {string} message
 * @param {number | null} retryAfterMs
 */
function agentError(code, message, retryAfterMs) {
  return Object.assign(new Error(message), { name: 'AgentError', code, retryAfterMs });
}

const SIZES = {
  type: 'object',
  required: ['size', 'count', 'name'],
  properties: {
    size: { title: 'Size', enum: ['small', 'medium', 'large'], default: 'medium' },
    count: { title: 'How many', type: 'integer', minimum: 1, maximum: 10 },
    name: { title: 'Name on the box', type: 'string', minLength: 2, maxLength: 40 },
    tip: { title: 'Tip in euros', type: 'number', minimum: 0 },
    cutlery: { title: 'With cutlery', type: 'boolean' }
  }
};

let answers = 0;

/** @param {any} body */
function textOf(body) {
  return String(body.text);
}

/**
 * Resolves after a time, or as soon as the signal is aborted.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** @type {Parameters<typeof import('../../../../actors/agents/agent.js').defineAgent>[0][]} */
const agents = [
  {
    name: 'order',
    description: 'takes an order',
    async *run() {
      yield {
        type: 'thinking',
        text: 'Somebody is hungry. I need to know how hungry, and whether it is for here.'
      };
      yield { type: 'toolCall', call: 'c1', tool: 'menu', args: { day: 'today', limit: 5 } };
      yield { type: 'toolResult', call: 'c1', ok: true, result: { dishes: ['soup', 'bread'] } };
      yield 'There is **soup** today. ';
      const answer = yield {
        type: 'ask',
        prompt: 'What shall I order for you?',
        schema: SIZES,
        withinMs: 270_000
      };
      if (answer?.isAnswered !== true) {
        yield 'Then nothing.';
        return;
      }
      yield { type: 'toolCall', call: 'c2', tool: 'kitchen', args: answer.value };
      yield { type: 'toolResult', call: 'c2', ok: true, result: { minutes: 5 } };
      yield `Ordered: ${JSON.stringify(answer.value)}`;
      yield {
        type: 'usage',
        input: 1_214,
        output: 86,
        cached: 1_024,
        reasoning: 31,
        model: 'none-1'
      };
    }
  },
  {
    name: 'approve',
    description: 'asks before it does something',
    async *run() {
      const answer = yield {
        type: 'ask',
        prompt: 'May I delete 3 files?',
        schema: { type: 'boolean' },
        withinMs: 30_000
      };
      yield answer?.isAnswered === true && answer.value === true
        ? 'They are deleted.'
        : 'They are still there.';
    }
  },
  {
    name: 'impatient',
    description: 'waits for half a second only',
    async *run() {
      const answer = yield { type: 'ask', prompt: 'Quick: which?', withinMs: 500 };
      yield answer?.isAnswered === true ? 'Thanks.' : 'Too late.';
    }
  },
  {
    name: 'endless',
    description: 'counts until it is stopped',
    async *run({ signal, steered }) {
      for (let count = 1; !signal.aborted && count < 10_000; count++) {
        yield `${count} `;
        for (const { body } of steered()) yield `(noted: ${textOf(body)}) `;
        await pause(20, signal);
      }
    }
  },
  {
    name: 'unsteady',
    description: 'fails at first',
    async *run({ attempt, signal }) {
      yield `This is attempt ${attempt}`;
      await pause(100, signal);
      if (attempt === 1) throw agentError('busy', 'the oven is busy', 300);
      yield ', and it is the last.';
    }
  },
  {
    name: 'broken',
    description: 'always fails',
    async *run() {
      yield 'I begin, and then';
      throw agentError('no_flour', 'we have run out of flour', null);
    }
  },
  {
    name: 'counter',
    description: 'answers differently each time',
    async *run({ message }) {
      yield `Answer ${++answers} to: ${textOf(message.body)}`;
    }
  }
];

export default agents;
