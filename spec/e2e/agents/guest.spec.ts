import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';

/** As on a fresh clone: no keys, no tokens. */
describe('the doors for chat clients in development', function () {
  this.timeout(60_000);
  let server: ServerProcess;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  const message = (id: string) => ({ id, role: 'user', content: 'hi' });
  const post = async (path: string, body: object): Promise<string> => {
    const reply = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    });
    const text = await reply.text();
    expect(reply.status, text).to.equal(200);
    return text;
  };
  const authors = async (thread: string): Promise<unknown> => {
    const text = await (await fetch(`${server.url}/agui/${thread}?until=idle`)).text();
    const snapshot = /"MESSAGES_SNAPSHOT","messages":(\[.*\])/.exec(text)?.[1] ?? '[]';
    const messages = JSON.parse(snapshot) as { role: string; name: string }[];
    return messages.map(({ role, name }) => `${role} ${name}`);
  };

  it('let clients of AG-UI write as a guest, or under the name they give', async () => {
    const input = (threadId: string) => ({ threadId, runId: 'r', messages: [message('m1')] });
    await post('/agui', input('agent-agui'));
    expect(await authors('agent-agui')).to.deep.equal(['user guest', 'assistant echo']);
    await post('/agui?from=ada', input('agent-named'));
    expect(await authors('agent-named')).to.deep.equal(['user ada', 'assistant echo']);
  });

  it('let useChat of the AI SDK write as the same guest', async () => {
    const parts = [{ type: 'text', text: 'hi' }];
    await post('/ai/chat', {
      id: 'agent-ai',
      trigger: 'submit-message',
      messages: [{ id: 'm1', role: 'user', parts }]
    });
    expect(await authors('agent-ai')).to.deep.equal(['user guest', 'assistant echo']);
  });
});
