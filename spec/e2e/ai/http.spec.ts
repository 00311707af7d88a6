import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AI_VERSIONS } from '../../../protocol/ai/ai-chunk.js';
import { shownText } from '../../protocol/ai/ai-readers.js';
import { PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { AGENTS_MODULE } from './agents.js';
import { overHttp, Reading, send, userMessage, whole, type Transport } from './transports.js';

/** A server with the agents of these specs. */
async function start(folder: string, transport: string): Promise<ServerProcess> {
  return await startServer({
    dataDir: join(folder, 'data'),
    env: { ...PRODUCTION, AGENTS: join(folder, 'agents.mjs'), TRANSPORT: transport }
  });
}

for (const engine of ['ws', 'uws'] as const) {
  describe(`POST /ai/chat by ${engine}`, function () {
    this.timeout(120_000);
    let folder: string;
    let server: ServerProcess;
    let token: string;
    let ids = 0;

    before(async () => {
      folder = await temporaryDir();
      await writeFile(join(folder, 'agents.mjs'), AGENTS_MODULE);
      server = await start(folder, engine);
      token = await tokenOf('ada');
    });
    after(async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const fresh = (): string => `chat-${String(++ids)}`;

    /** Asks one of the doors as a plain client. */
    const ask = async (
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {}
    ): Promise<{ status: number; body: { code?: string; detail?: string; stopped?: unknown } }> => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) })
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return { status: response.status, body: isJson ? (JSON.parse(text) as object) : {} };
    };

    /** Gives a message to the run at work in a thread. */
    const steer = async (thread: string): Promise<void> => {
      const { status } = await ask('POST', `/api/threads/${thread}/messages`, {
        mid: `go-${String(++ids)}`,
        body: { text: 'go' },
        whileRunning: 'steer',
        expect: 'stored'
      });
      expect(status).to.equal(201);
    };

    for (const version of AI_VERSIONS) {
      describe(`with ai ${String(version)}`, () => {
        const agent = (name: string): Transport =>
          overHttp(version, server.url, token, { agent: name });

        it('answers a message, and the same message again with the same answer', async () => {
          const chatId = fresh();
          const messages = [userMessage('m1', 'hello')];
          const first = await whole(version, await send(agent('says'), chatId, messages));
          expect(shownText(first.message)).to.equal('you said hello');
          const again = await whole(version, await send(agent('says'), chatId, messages));
          expect(again.message).to.deep.equal(first.message);
          // The thread keeps its agent, and only the last message is taken.
          const plain = overHttp(version, server.url, token);
          const more = [...messages, first.message, userMessage('m2', 'more')];
          const second = await whole(version, await send(plain, chatId, more));
          expect(shownText(second.message)).to.equal('you said more');
          expect(await plain.reconnectToStream({ chatId })).to.equal(null);
        });

        it('goes on from anywhere in the middle, and after the client has left', async () => {
          const chatId = fresh();
          const transport = agent('halves');
          const left = new Reading(await send(transport, chatId, [userMessage('m1', 'go')]));
          const [started] = (await left.until('text-delta')).chunks;
          await left.leave();
          const resumed = await transport.reconnectToStream({ chatId });
          const other = await transport.reconnectToStream({ chatId });
          await steer(chatId);
          for (const stream of [resumed, other]) {
            const { message, chunks } = await whole(version, stream!);
            expect(shownText(message)).to.equal('one two');
            expect(chunks[0]!['messageId']).to.equal(started!['messageId']);
            expect(message.metadata).to.deep.include({ usage: { input: 1, output: 2 } });
          }
          expect(await transport.reconnectToStream({ chatId })).to.equal(null);
        });

        it('stops a run, and waits for the one before', async () => {
          const chatId = fresh();
          const transport = agent('halves');
          const first = new Reading(await send(transport, chatId, [userMessage('m1', 'go')]));
          await first.until('text-delta');
          const second = await send(agent('says'), chatId, [userMessage('m2', 'later')]);
          const stopped = await ask('POST', `/ai/chat/${chatId}/stop`);
          expect(stopped.body.stopped).to.equal(first.chunks[0]!['messageId']);
          expect((await first.rest()).at(-1)!.type).to.equal('abort');
          const { message } = await whole(version, second);
          expect(shownText(message)).to.equal('you said later');
          expect(await ask('POST', `/ai/chat/${chatId}/stop`)).to.deep.equal({
            status: 200,
            body: { stopped: null }
          });
        });

        it('asks, and goes on with the same message once it is answered', async () => {
          const chatId = fresh();
          const question = [userMessage('m1', 'do it')];
          const asked = await whole(version, await send(agent('asks'), chatId, question));
          expect(shownText(asked.message)).to.equal('shall I? ');
          const answered = {
            ...asked.message,
            parts: asked.message.parts.map((part) => {
              if (part.toolName !== 'ask') return part;
              return version === 5
                ? { ...part, state: 'output-available', output: true }
                : {
                    ...part,
                    state: 'approval-responded',
                    approval: { id: part.toolCallId, approved: true }
                  };
            })
          };
          // A reload in the meantime ends at the question, too.
          const resumed = await agent('asks').reconnectToStream({ chatId });
          expect((await new Reading(resumed!).rest()).at(-1)!.type).to.equal('finish');
          const done = await whole(
            version,
            await send(agent('asks'), chatId, [...question, answered]),
            answered
          );
          expect(done.message.id).to.equal(asked.message.id);
          expect(shownText(done.message)).to.equal('shall I? yes');
          // Too late.
          const late = await ask('POST', '/ai/chat', { id: chatId, messages: [answered] });
          expect(late.status).to.equal(409);
        });

        it('answers anew, and answers an edited message', async () => {
          const chatId = fresh();
          const messages = [userMessage('m1', 'hello')];
          const first = await whole(version, await send(agent('says'), chatId, messages));
          const again = await whole(
            version,
            await send(agent('says'), chatId, messages, {
              trigger: 'regenerate-message',
              messageId: first.message.id
            })
          );
          expect(again.message.id).to.not.equal(first.message.id);
          expect(shownText(again.message)).to.equal('you said hello');
          const edited = await whole(
            version,
            await send(agent('says'), chatId, [userMessage('m1', 'bye')], { messageId: 'm1' })
          );
          expect(shownText(edited.message)).to.equal('you said bye');
          const page = await fetch(`${server.url}/api/threads/${chatId}/messages`, {
            headers: { authorization: `Bearer ${token}` }
          });
          const log = (await page.json()) as { messages: { kind: string; body: object }[] };
          const started = log.messages.filter(({ kind }) => kind === 'agent_started');
          expect(started.map(({ body }) => Object.keys(body)).flat()).to.include.members([
            'regenerates',
            'edits'
          ]);
        });
      });
    }

    it('keeps the beginning when the server dies in the middle, and says what has happened', async () => {
      const chatId = fresh();
      const transport = overHttp(7, server.url, token, { agent: 'halves' });
      const cut = new Reading(await send(transport, chatId, [userMessage('m1', 'go')]));
      await cut.until('text-delta');
      await server.stop('SIGKILL');
      let failed = false;
      await cut.rest().catch(() => {
        failed = true;
      });
      expect(failed).to.equal(true);
      server = await start(folder, engine);
      const after = overHttp(7, server.url, token);
      expect(await after.reconnectToStream({ chatId })).to.equal(null);
      const { message, errors, chunks } = await whole(
        7,
        await send(after, chatId, [userMessage('m1', 'go')])
      );
      expect(errors).to.have.length(1);
      expect(message.id).to.equal(cut.chunks[0]!['messageId']);
      expect(message.metadata).to.have.nested.property('error.code', 'interrupted');
      expect(chunks.at(-1)!.type).to.equal('error');
    });

    describe('refuses', () => {
      const message = userMessage('m1', 'hello');
      const says = { agent: 'says' };
      type Case = [status: number, code: string, () => ReturnType<typeof ask>];
      const cases: Readonly<Record<string, Case>> = {
        'a version that there is not': [
          400,
          'bad_frame',
          () =>
            ask(
              'POST',
              '/ai/chat',
              { id: 't', messages: [message], ...says },
              { 'x-ai-version': '4' }
            )
        ],
        'a body that is not JSON': [400, 'bad_json', () => ask('POST', '/ai/chat', '{"id":')],
        'a body that is too long': [
          413,
          'too_large',
          () => ask('POST', '/ai/chat', 'x'.repeat(1_100_000))
        ],
        'a message that is too long': [
          413,
          'too_large',
          () =>
            ask('POST', '/ai/chat', {
              id: 't',
              messages: [userMessage('m1', 'x'.repeat(300_000))],
              ...says
            })
        ],
        'an id that is no thread': [
          400,
          'bad_thread',
          () => ask('POST', '/ai/chat', { id: 'a b', messages: [message], ...says })
        ],
        'no messages': [400, 'bad_frame', () => ask('POST', '/ai/chat', { id: 't', messages: [] })],
        'a message of the system': [
          400,
          'bad_frame',
          () =>
            ask('POST', '/ai/chat', {
              id: 't',
              messages: [{ ...message, role: 'system' }],
              ...says
            })
        ],
        'a message without a text': [
          400,
          'bad_frame',
          () => ask('POST', '/ai/chat', { id: 't', messages: [userMessage('m1', '')], ...says })
        ],
        'an agent that there is not': [
          404,
          'not_found',
          () => ask('POST', '/ai/chat', { id: 'none', messages: [message], agent: 'nobody' })
        ],
        'a thread without an agent': [
          404,
          'not_found',
          () => ask('POST', '/ai/chat', { id: 'none', messages: [message] })
        ],
        'an answer that nobody asked for': [
          409,
          'conflict',
          () =>
            ask('POST', '/ai/chat', {
              id: 'none',
              messages: [{ id: 'r1', role: 'assistant', parts: [] }]
            })
        ],
        'the name of somebody else': [
          403,
          'forbidden',
          () => ask('POST', '/ai/chat', { id: 't', messages: [message], ...says, from: 'max' })
        ],
        'a stop that is not understood': [
          400,
          'bad_frame',
          () => ask('POST', '/ai/chat/t/stop', { run: 1 })
        ],
        'a stream of no thread': [400, 'bad_thread', () => ask('GET', '/ai/chat/a%20b/stream')]
      };
      for (const [what, [status, code, request]] of Object.entries(cases)) {
        it(what, async () => {
          const refused = await request();
          expect(refused).to.deep.include({ status });
          expect(refused.body.code).to.equal(code);
          if (what === 'a thread without an agent') {
            expect(refused.body.detail).to.include('PUT /api/threads/{thread}/agent');
          }
        });
      }

      it('people without a right, and stores nothing of theirs', async () => {
        const chatId = fresh();
        await whole(
          7,
          await send(overHttp(7, server.url, token, says), chatId, [userMessage('m1', 'mine')])
        );
        const mine = token;
        try {
          token = await tokenOf('eve');
          const body = { id: chatId, messages: [userMessage('m2', 'hi')], ...says };
          expect((await ask('POST', '/ai/chat', body)).status).to.equal(403);
          expect((await ask('GET', `/ai/chat/${chatId}/stream`)).status).to.equal(403);
          expect((await ask('POST', `/ai/chat/${chatId}/stop`)).status).to.equal(403);
        } finally {
          token = mine;
        }
      });
    });
  });
}
