import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ai7 from 'ai-v7';
import WebSocket from 'ws';
import { shownText } from '../../protocol/ai/ai-readers.js';
import { PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { AGENTS_MODULE } from './agents.js';
import { Reading, send, userMessage, whole, type Transport } from './transports.js';

/** The real transport, and a way to lose its socket. */
type WsTransport = Transport & { close(): void };

/** What a plain socket hears: its messages as JSON, and the code of its end. */
class Plain {
  readonly heard: { type?: string; requestId?: string; errorText?: string; sequence?: number }[] =
    [];
  readonly socket: WebSocket;
  readonly ended: Promise<number>;

  constructor(url: string, protocols: string[]) {
    this.socket = new WebSocket(url.replace('http', 'ws'), protocols);
    this.socket.on('message', (data) => {
      this.heard.push(JSON.parse((data as Buffer).toString()) as object);
    });
    this.ended = new Promise((resolve) => {
      this.socket.on('close', resolve);
      this.socket.on('error', () => undefined);
    });
  }

  async open(): Promise<this> {
    await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }

  /** Sends a text and resolves to the next message. */
  async ask(text: string | object): Promise<Plain['heard'][number]> {
    const next = new Promise((resolve) => this.socket.once('message', resolve));
    this.socket.send(typeof text === 'string' ? text : JSON.stringify(text));
    await next;
    return this.heard.at(-1)!;
  }
}

for (const engine of ['ws', 'uws'] as const) {
  describe(`WS /ai/ws by ${engine}`, function () {
    this.timeout(120_000);
    let folder: string;
    let server: ServerProcess;
    let token: string;
    let ids = 0;
    const transports: WsTransport[] = [];

    const start = async (): Promise<void> => {
      server = await startServer({
        dataDir: join(folder, 'data'),
        env: { ...PRODUCTION, AGENTS: join(folder, 'agents.mjs'), TRANSPORT: engine }
      });
    };
    before(async () => {
      folder = await temporaryDir();
      await writeFile(join(folder, 'agents.mjs'), AGENTS_MODULE);
      await start();
      token = await tokenOf('ada');
    });
    afterEach(() => {
      for (const transport of transports.splice(0)) transport.close();
    });
    after(async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const fresh = (): string => `chat-${String(++ids)}`;
    const client = (agent: string, shown = token): WsTransport => {
      const transport = new ai7.WebSocketChatTransport({
        url: `${server.url.replace('http', 'ws')}/ai/ws`,
        protocols: [`bearer.${shown}`],
        body: { agent },
        webSocket: WebSocket as never
      }) as unknown as WsTransport;
      transports.push(transport);
      return transport;
    };
    const plain = (path = '/ai/ws', protocols = [`bearer.${token}`]): Plain =>
      new Plain(`${server.url}${path}`, protocols);

    const post = async (path: string, body: object): Promise<void> => {
      await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify(body)
      });
    };
    const steer = (thread: string): Promise<void> =>
      post(`/api/threads/${thread}/messages`, {
        mid: `go-${String(++ids)}`,
        body: { text: 'go' },
        whileRunning: 'steer',
        expect: 'stored'
      });

    it('answers several chats over one socket', async () => {
      const transport = client('says');
      const streams = await Promise.all(
        ['one', 'two', 'three'].map((text) => send(transport, fresh(), [userMessage('m1', text)]))
      );
      const texts = await Promise.all(
        streams.map(async (stream) => shownText((await whole(7, stream)).message))
      );
      expect(texts).to.deep.equal(['you said one', 'you said two', 'you said three']);
    });

    it('goes on after a lost socket, by a whole replay of the same message', async () => {
      const chatId = fresh();
      const lost = client('halves');
      const first = new Reading(await send(lost, chatId, [userMessage('m1', 'go')]));
      await first.until('text-delta');
      lost.close();
      const other = client('halves');
      const stream = await other.reconnectToStream({ chatId });
      await steer(chatId);
      const { message } = await whole(7, stream!);
      expect(message.id).to.equal(first.chunks[0]!['messageId']);
      expect(shownText(message)).to.equal('one two');
      expect(await other.reconnectToStream({ chatId })).to.equal(null);
    });

    it('cancels a run by an abort', async () => {
      const chatId = fresh();
      const transport = client('halves');
      const abort = new AbortController();
      const reading = new Reading(
        await send(transport, chatId, [userMessage('m1', 'go')], { abortSignal: abort.signal })
      );
      await reading.until('text-delta');
      const watched = await client('halves').reconnectToStream({ chatId });
      abort.abort();
      expect((await new Reading(watched!).rest()).at(-1)!.type).to.equal('abort');
    });

    it('asks, and takes the answer as the next request', async () => {
      const chatId = fresh();
      const transport = client('asks');
      const question = [userMessage('m1', 'do it')];
      const { message } = await whole(7, await send(transport, chatId, question));
      const answered = {
        ...message,
        parts: message.parts.map((part) =>
          part.toolName === 'ask'
            ? {
                ...part,
                state: 'approval-responded',
                approval: { id: part.toolCallId, approved: true }
              }
            : part
        )
      };
      const done = await whole(7, await send(transport, chatId, [...question, answered]), answered);
      expect(shownText(done.message)).to.equal('shall I? yes');
    });

    it('says after its death what became of the run', async () => {
      const chatId = fresh();
      const cut = new Reading(await send(client('halves'), chatId, [userMessage('m1', 'go')]));
      await cut.until('text-delta');
      await server.stop('SIGKILL');
      let failed = false;
      await cut.rest().catch(() => {
        failed = true;
      });
      expect(failed).to.equal(true);
      await start();
      const { message, errors } = await whole(
        7,
        await send(client('halves'), chatId, [userMessage('m1', 'go')])
      );
      expect(errors).to.have.length(1);
      expect(message.metadata).to.have.nested.property('error.code', 'interrupted');
    });

    it('numbers the chunks of each request from 0, one message each', async () => {
      const { socket, heard } = await plain().open();
      const message = userMessage('m1', 'hi');
      for (const requestId of ['a', 'b']) {
        const body = { agent: 'says' };
        const more = { headers: {}, body, trigger: 'submit-message', messages: [message] };
        socket.send(JSON.stringify({ type: 'send', requestId, id: fresh(), ...more }));
      }
      await new Promise<void>((resolve) => {
        socket.on('message', () => {
          if (heard.filter(({ type }) => type === 'end').length === 2) resolve();
        });
      });
      for (const id of ['a', 'b']) {
        const own = heard.filter(({ requestId }) => requestId === id);
        expect(own.map(({ type }) => type)).to.deep.equal([
          'start',
          ...own.slice(2).map(() => 'chunk'),
          'end'
        ]);
        const numbers = own.flatMap(({ sequence }) => sequence ?? []);
        expect(numbers).to.deep.equal(numbers.map((_, index) => index));
      }
      socket.terminate();
    });

    it('takes the protocol that was offered', async () => {
      const { socket } = await plain().open();
      expect(socket.protocol).to.equal(`bearer.${token}`);
      socket.terminate();
    });

    describe('refuses', () => {
      const more = { headers: {}, body: {} };

      it('a wrong token and none', async () => {
        expect(await plain('/ai/ws', ['bearer.wrong']).ended).to.equal(3500);
        expect(await plain('/ai/ws', []).ended).to.equal(3500);
        let failed = false;
        await client('says', 'wrong')
          .sendMessages({
            chatId: 't',
            messages: [userMessage('m', 'x')],
            trigger: 'submit-message'
          })
          .then((stream) => new Reading(stream).rest())
          .catch(() => {
            failed = true;
          });
        expect(failed).to.equal(true);
      });

      it('a version that there is not', async () => {
        expect(await plain('/ai/ws?version=4').ended).to.equal(1006);
      });

      it('what is no request, and goes on where it can answer', async () => {
        const asked = await plain().open();
        const bad = await asked.ask({ type: 'dance', requestId: 'a' });
        expect(bad).to.include({ type: 'error', requestId: 'a' });
        expect(bad.errorText).to.match(/^bad_frame: /);
        const resume = { type: 'resume', requestId: 'b', id: 'a b', ...more };
        expect((await asked.ask(resume)).errorText).to.match(/^bad_thread: /);
        const idle = { type: 'resume', requestId: 'c', id: fresh(), ...more };
        expect(await asked.ask(idle)).to.deep.equal({ type: 'no-active', requestId: 'c' });
        const nobody = {
          type: 'send',
          requestId: 'd',
          id: fresh(),
          ...more,
          trigger: 'submit-message',
          messages: [userMessage('m1', 'hi')]
        };
        expect((await asked.ask(nobody)).errorText).to.match(/^not_found: no agent answers/);
        asked.socket.send('{"type":');
        expect(await asked.ended).to.equal(3501);
      });

      it('a message that is too long', async () => {
        const asked = await plain().open();
        asked.socket.send('x'.repeat(1_100_000));
        expect(await asked.ended).to.equal(1009);
      });

      it('a 17th request at a time, and takes one when another is over', async () => {
        // The streams of a user are limited, too: those of a backend are not.
        const asked = await plain('/ai/ws', [`bearer.${PRODUCTION.API_KEY}`]).open();
        const chatId = fresh();
        const sends = { type: 'send', id: chatId, headers: {}, trigger: 'submit-message' };
        const messages = [userMessage('m1', 'go')];
        await asked.ask({
          ...sends,
          requestId: 'r0',
          body: { agent: 'halves', from: 'ada' },
          messages
        });
        const resume = (requestId: string): object => ({ type: 'resume', requestId, id: chatId });
        for (let n = 1; n < 16; n++) asked.socket.send(JSON.stringify(resume(`r${String(n)}`)));
        asked.socket.send(JSON.stringify(resume('one too many')));
        const told = (id: string): Promise<string | undefined> =>
          new Promise((resolve) => {
            const look = (): void => {
              const heard = asked.heard.find(({ requestId }) => requestId === id);
              if (heard !== undefined) resolve(heard.errorText ?? heard.type);
              else asked.socket.once('message', look);
            };
            look();
          });
        expect(await told('one too many')).to.match(/^rate_limited: a socket has at most 16/);
        asked.socket.send(JSON.stringify({ type: 'abort', requestId: 'r0' }));
        asked.socket.send(JSON.stringify(resume('next')));
        expect(await told('next')).to.not.match(/^rate_limited: a socket/);
        asked.socket.terminate();
      });

      it('a thread that the user may not read', async () => {
        const chatId = fresh();
        await whole(7, await send(client('says'), chatId, [userMessage('m1', 'mine')]));
        const other = await plain('/ai/ws', [`bearer.${await tokenOf('eve')}`]).open();
        const resume = { type: 'resume', requestId: 'a', id: chatId, ...more };
        expect((await other.ask(resume)).errorText).to.match(/^forbidden: /);
        other.socket.terminate();
      });

      it('further requests of a token that is revoked, by closing', async () => {
        const asked = await plain('/ai/ws', [`bearer.${await tokenOf('rob')}`]).open();
        await asked.ask({ type: 'resume', requestId: 'a', id: fresh(), ...more });
        await fetch(`${server.url}/api/users/rob/revoke`, {
          method: 'POST',
          headers: { 'x-api-key': PRODUCTION.API_KEY },
          body: JSON.stringify({ before: Date.now() + 60_000 })
        });
        expect(await asked.ended).to.equal(3500);
      });
    });
  });
}
