/** Source of a module of agents that stop where a spec wants them to. */
export const AGENTS_MODULE = `
  import { setTimeout as pause } from 'node:timers/promises';
  /** Until somebody writes to the run. */
  async function written({ steered, signal }) {
    for (;;) {
      const [later] = steered();
      if (later !== undefined) return later.body.text;
      await pause(5, undefined, { signal });
    }
  }
  export default [
    {
      name: 'halves',
      async *run(context) {
        yield 'one ';
        yield { type: 'toolCall', call: 'c1', tool: 'wait', args: {} };
        yield { type: 'toolResult', call: 'c1', ok: true, result: await written(context) };
        yield 'two';
        yield { type: 'usage', input: 1, output: 2 };
      }
    },
    {
      name: 'asks',
      async *run() {
        yield 'shall I? ';
        const answer = yield { type: 'ask', prompt: 'Sure?', schema: { type: 'boolean' } };
        yield answer.isAnswered && answer.value === true ? 'yes' : 'no';
      }
    },
    {
      name: 'says',
      async *run({ message }) { yield 'you said ' + message.body.text; }
    }
  ];
`;
