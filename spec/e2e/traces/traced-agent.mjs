/** An agent that asks, calls a tool, and tells another service which trace it belongs to. */
export default {
  name: 'traced',
  description: '',
  /** @param {import('../../../actors/agents/agent.js').RunContext} context */
  async *run({ traceparent, signal }) {
    yield { type: 'ask', prompt: 'May I?' };
    yield { type: 'toolCall', call: 'k1', tool: 'look', args: {} };
    const headers = { traceparent: traceparent ?? 'none' };
    await fetch(process.env['PEER_URL'] ?? '', { headers, signal });
    yield { type: 'toolResult', call: 'k1', ok: true, result: 1 };
    yield 'done';
  }
};
