import {
  HttpAgent,
  runHttpRequest,
  transformHttpEventStream,
  type AgentStateMutation
} from '@ag-ui/client';
import type { RunAgentInput, RunFinishedEvent } from '@ag-ui/core';
import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY, PRODUCTION, tokenOf } from '../access/doors.js';
import { ROOT } from '../../scripts/docs/blocks.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';

/** The agent `halves` waits after ten words until somebody writes to the run. */
const AGENTS = `
import { setTimeout as pause } from 'node:timers/promises';
export default [
  { name: 'order', async *run({ message }) {
    yield 'You said: ' + message.body.text + '. ';
    yield { type: 'thinking', text: 'hm' };
    const answer = yield { type: 'ask', prompt: 'How many?', schema: { type: 'integer' } };
    if (!answer.isAnswered) return;
    yield { type: 'toolCall', call: 'c1', tool: 'kitchen', args: { count: answer.value } };
    yield { type: 'toolResult', call: 'c1', ok: true, result: { minutes: 5 } };
    yield String(answer.value) + ' will come.';
  } },
  { name: 'halves', async *run({ message, steered, signal }) {
    for (const [at, word] of message.body.text.match(/\\s*\\S+/g).entries()) {
      while (at === 10 && steered().length === 0) await pause(5, undefined, { signal });
      yield word;
    }
  } },
  { name: 'slow', async *run({ signal }) {
    yield 'begun ';
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  } },
  { name: 'fails', async *run() { throw Object.assign(new Error('no flour'), { name: 'AgentError', code: 'no_flour', retryAfterMs: null }); } }
];`;

/** The real client, with the `connect` of docs/agui.md. */
class Client extends HttpAgent {
  readonly seen: string[] = [];
  errors: { code?: string | undefined; message: string }[] = [];
  last: RunFinishedEvent | null = null;
  /** Resolves as soon as an answer has begun. */
  readonly begun: Promise<void>;
  private readonly base: string;

  constructor(url: string, threadId: string, token: string, query = '') {
    super({ url: `${url}/agui${query}`, threadId, headers: { authorization: `Bearer ${token}` } });
    this.base = url;
    let begin = (): void => undefined;
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.subscribe({
      onTextMessageContentEvent: () => {
        begin();
      },
      onEvent: ({ event }) => void this.seen.push(event.type),
      // It throws and logs otherwise when the server dies.
      onRunFailed: () => ({ stopPropagation: true }) as AgentStateMutation,
      onRunErrorEvent: ({ event }) => void this.errors.push(event),
      onRunFinishedEvent: ({ event }) => {
        this.last = event;
      }
    });
  }

  protected override connect({ threadId }: RunAgentInput): ReturnType<HttpAgent['run']> {
    return transformHttpEventStream(
      runHttpRequest(() =>
        fetch(`${this.base}/agui/${threadId}?until=idle`, { headers: this.headers })
      )
    );
  }

  /** Says something, and resolves when the answer is read. */
  async say(text: string, id: string = crypto.randomUUID()): Promise<void> {
    this.addMessage({ id, role: 'user', content: text });
    await this.runAgent();
  }

  /** Resolves when the next event comes. */
  hears(): Promise<void> {
    return new Promise((resolve) => {
      this.subscribe({
        onEvent: () => {
          resolve();
        }
      });
    });
  }

  get texts(): unknown[] {
    return this.messages
      .filter(({ role, content }) => role === 'assistant' && content !== undefined)
      .map(({ content }) => content);
  }
}

for (const transport of TRANSPORTS) {
  describe(`the door for AG-UI on ${transport}`, function () {
    this.timeout(60_000);
    let dir: string;
    let server: ServerProcess;
    let token: string;

    const start = async (): Promise<void> => {
      server = await startServer({
        dataDir: join(dir, 'data'),
        env: {
          ...PRODUCTION,
          TRANSPORT: transport,
          AGENTS: `${join(dir, 'agents.mjs')},echo`,
          AGENT_ECHO_WORDS_PER_SECOND: '20'
        }
      });
    };

    before(async function () {
      requireTransport(this, transport);
      dir = await temporaryDir();
      await writeFile(join(dir, 'agents.mjs'), AGENTS);
      token = await tokenOf('ada');
      await start();
    });
    after(async () => {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    });

    const client = (thread: string, agent = 'echo', as = token): Client =>
      new Client(server.url, thread, as, `?agent=${agent}`);

    const post = (body: unknown, as = token, query = ''): Promise<Response> =>
      fetch(`${server.url}/agui${query}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${as}` },
        body: typeof body === 'string' ? body : JSON.stringify(body)
      });

    it('streams the answer, and gives it again by a snapshot', async () => {
      const ada = client('stream');
      await ada.say('one two three');
      expect(ada.texts).to.deep.equal(['one two three']);
      expect(ada.seen.slice(0, 2)).to.deep.equal(['RUN_STARTED', 'CUSTOM']);
      expect(ada.seen.slice(-2)).to.deep.equal(['TEXT_MESSAGE_END', 'RUN_FINISHED']);
      expect(ada.last?.outcome).to.deep.equal({ type: 'success' });
      const other = client('stream');
      await other.connectAgent();
      expect(other.messages.map(({ role, content }) => [role, content])).to.deep.equal([
        ['user', 'one two three'],
        ['assistant', 'one two three']
      ]);
      // The same message again: nothing is published, and nothing doubled.
      await ada.runAgent();
      expect(ada.texts).to.deep.equal(['one two three']);
      await ada.say('four');
      expect(ada.texts).to.deep.equal(['one two three', 'four']);
    });

    it('goes on by a snapshot in the middle, also for who has left the reading', async () => {
      const words = Array.from({ length: 20 }, (_, index) => `word${String(index)}`).join(' ');
      const ada = client('middle', 'halves');
      const said = ada.say(words);
      await ada.begun;
      const other = client('middle');
      const otherHears = other.hears();
      const followed = other.connectAgent();
      ada.abortRun();
      await said;
      expect(ada.texts.join('')).to.not.equal(words);
      const hears = ada.hears();
      const back = ada.connectAgent();
      await Promise.all([hears, otherHears]);
      const steered = await post(
        {
          threadId: 'middle',
          runId: 'r',
          messages: [{ id: 'go', role: 'user', content: 'go' }],
          forwardedProps: { rollcall: { whileRunning: 'steer' } }
        },
        token,
        '?agent=halves'
      );
      expect(await steered.text()).to.include('RUN_FINISHED');
      await Promise.all([back, followed]);
      for (const { texts, last } of [ada, other]) {
        // What was said to the run stands between.
        expect(texts.join('')).to.equal(words);
        expect(last?.outcome).to.deep.equal({ type: 'success' });
      }
    });

    it('asks by an interrupt, and goes on with what resumes it', async () => {
      const ada = client('ask', 'order');
      await ada.say('pizza');
      const [interrupt] = ada.pendingInterrupts;
      expect(interrupt).to.deep.include({
        message: 'How many?',
        responseSchema: { type: 'integer' }
      });
      // After a reload the question is there again.
      const reloaded = client('ask', 'order');
      await reloaded.connectAgent();
      expect(reloaded.pendingInterrupts).to.deep.equal(ada.pendingInterrupts);
      const interruptId = interrupt!.id;
      const wrong = await post({
        threadId: 'ask',
        runId: 'r',
        messages: [],
        resume: [{ interruptId, status: 'resolved', payload: 'many' }]
      });
      expect(wrong.status).to.equal(400);
      await reloaded.runAgent({ resume: [{ interruptId, status: 'resolved', payload: 4 }] });
      expect(reloaded.pendingInterrupts).to.deep.equal([]);
      expect(reloaded.texts.join('')).to.equal('You said: pizza. 4 will come.');
      const tools = reloaded.messages.filter(({ role }) => role === 'tool');
      expect(tools.map(({ content }) => content)).to.deep.equal(['{"minutes":5}']);
      const late = await post({
        threadId: 'ask',
        runId: 'r',
        messages: [],
        resume: [{ interruptId, status: 'resolved', payload: 5 }]
      });
      expect(late.status).to.equal(404);
      // Whoever still holds the question gets on by cancelling it, which changes nothing.
      await ada.runAgent({ resume: [{ interruptId, status: 'cancelled' }] });
      expect(ada.last?.outcome).to.deep.equal({ type: 'success' });
      expect(ada.texts.join('')).to.equal('You said: pizza. 4 will come.');
    });

    it('cancels a run whose question is cancelled, and tells failures by their code', async () => {
      const ada = client('ends', 'order');
      await ada.say('pizza');
      const interruptId = ada.pendingInterrupts[0]!.id;
      await ada.runAgent({ resume: [{ interruptId, status: 'cancelled' }] });
      expect(ada.last?.outcome).to.deep.equal({ type: 'cancelled' });
      const failing = client('ends', 'fails');
      await failing.say('bread');
      expect(failing.errors.map(({ code }) => code)).to.deep.equal(['no_flour']);
    });

    it('is stopped by the frame cancel, by whoever may', async () => {
      const ada = client('stop', 'slow');
      const said = ada.say('hi', 'm-stop');
      await ada.begun;
      const socket = await WireClient.open(server.url);
      socket.send({ type: 'connect', id: 'c', token });
      await socket.next((frame) => frame.id === 'c');
      socket.send({ type: 'cancel', id: 'x', thread: 'stop', mid: 'm-stop' });
      await said;
      expect(ada.last?.outcome).to.deep.equal({ type: 'cancelled' });
      expect(ada.texts).to.deep.equal(['begun ']);
      socket.socket.terminate();
    });

    it('lets in nobody who may not, and tells a reader all and a stranger nothing', async () => {
      await client('mine').say('secret');
      const eve = await tokenOf('eve');
      const asks = {
        threadId: 'mine',
        runId: 'r',
        messages: [{ id: 'e', role: 'user', content: 'x' }]
      };
      expect((await post(asks, eve)).status).to.equal(403);
      expect((await post(asks, 'nonsense')).status).to.equal(401);
      const get = await fetch(`${server.url}/agui/mine`, {
        headers: { authorization: `Bearer ${eve}` }
      });
      expect(get.status).to.equal(403);
      // A run of a thread that eve may write in does not let her answer that of another.
      const ada = client('mine', 'order');
      await ada.say('pizza');
      const interruptId = ada.pendingInterrupts[0]!.id;
      await client('eves', 'echo', eve).say('mine');
      for (const status of ['resolved', 'cancelled']) {
        const body = {
          threadId: 'eves',
          runId: 'r',
          messages: [],
          resume: [{ interruptId, status, payload: 1 }]
        };
        const reply = await post(body, eve);
        expect(reply.status).to.equal(status === 'resolved' ? 404 : 200);
        expect(await reply.text())
          .to.not.include('secret')
          .and.not.include('pizza');
      }
      await ada.runAgent({ resume: [{ interruptId, status: 'resolved', payload: 2 }] });
      expect(ada.texts.join('')).to.include('2 will come.');
      // A backend names the user.
      expect((await post(asks, KEY)).status).to.equal(400);
      const named = await post({ ...asks, threadId: 'theirs' }, KEY, '?from=bob&agent=echo');
      expect(await named.text()).to.include('"name":"echo"');
    });

    it('refuses what is no input, and publishes nothing then', async () => {
      const user = (more: object = {}): object => ({
        id: 'b1',
        role: 'user',
        content: 'x',
        ...more
      });
      const input = (more: object): object => ({
        threadId: 'bad',
        runId: 'r',
        messages: [user()],
        ...more
      });
      const cases: [unknown, number, string][] = [
        ['{', 400, 'bad_json'],
        [[], 400, 'bad_frame'],
        [{}, 400, 'bad_frame'],
        [input({ messages: [] }), 400, 'bad_frame'],
        [input({ messages: [user({ role: 'assistant' })] }), 400, 'bad_frame'],
        [input({ messages: [user({ id: 'x'.repeat(65) })] }), 400, 'bad_frame'],
        [
          input({ messages: [user({ content: [{ type: 'image', source: {} }] })] }),
          400,
          'bad_frame'
        ],
        [input({ runId: '' }), 400, 'bad_frame'],
        [input({ threadId: 'a/b' }), 400, 'bad_thread'],
        [input({ threadId: '' }), 400, 'bad_thread'],
        [input({ forwardedProps: { rollcall: { whileRunning: 'x' } } }), 400, 'bad_frame'],
        [input({ resume: [{ interruptId: 'x', status: 'resolved' }] }), 400, 'bad_frame'],
        [input({ resume: [{ interruptId: 'r1:a1', status: 'resolved' }] }), 404, 'not_found'],
        // No agent answers there.
        [input({}), 404, 'not_found'],
        [input({ messages: [user({ content: 'x'.repeat(2_000_000) })] }), 413, 'too_large']
      ];
      for (const [body, status, code] of cases) {
        const reply = await post(body);
        const said = JSON.stringify(body).slice(0, 200);
        expect(reply.status, said).to.equal(status);
        expect(((await reply.json()) as { code: string }).code, said).to.equal(code);
      }
      const page = await fetch(`${server.url}/api/threads/bad/messages`, {
        headers: { authorization: `Bearer ${KEY}` }
      });
      expect(((await page.json()) as { messages: unknown[] }).messages).to.deep.equal([]);
      // Known already, with another text.
      await client('twice').say('one', 'same');
      const again = await post({ threadId: 'twice', runId: 'r', messages: [user({ id: 'same' })] });
      expect(again.status).to.equal(409);
    });

    it('tells who comes back after a death how the run has ended', async () => {
      const ada = client('death', 'slow');
      const said = ada.say('hi');
      await ada.begun;
      await server.stop('SIGKILL');
      await said;
      await start();
      const back = client('death', 'slow');
      back.setMessages(ada.messages);
      await back.runAgent();
      expect(back.errors.map(({ code }) => code)).to.deep.equal(['interrupted']);
      await client('death').say('still here');
    });

    it('is a thread for the agent of another server, which speaks AG-UI too', async () => {
      const modules = join(dir, 'relay.mjs');
      const url = `${server.url}/agui?agent=order&from=relay`;
      await writeFile(
        modules,
        `import { agUi } from ${JSON.stringify(join(ROOT, 'dist/index.js'))};
         export default { name: 'relay', run: agUi(${JSON.stringify(url)}, { key: ${JSON.stringify(KEY)} }) };`
      );
      const near = await startServer({
        env: { ...PRODUCTION, TRANSPORT: transport, AGENTS: modules }
      });
      try {
        const ada = new Client(near.url, 'near', token, '?agent=relay');
        await ada.say('pizza');
        const [interrupt] = ada.pendingInterrupts;
        expect(interrupt?.message).to.equal('How many?');
        await ada.runAgent({
          resume: [{ interruptId: interrupt!.id, status: 'resolved', payload: 3 }]
        });
        expect(ada.errors).to.deep.equal([]);
        expect(ada.texts.join('')).to.equal('You said: pizza. \n\n3 will come.');
        const far = client('near');
        far.headers = { authorization: `Bearer ${KEY}` };
        await far.connectAgent();
        expect(far.texts.join('')).to.equal('You said: pizza. 3 will come.');
      } finally {
        await near.stop();
      }
    });
  });
}
