import { expect } from 'chai';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ENGINES, LIMITS, out, Recorder, type ServedTransport } from './transport-rig.js';

const BESIDE_LIMITS = { messageBytes: 100, lagBytes: 4_096 };

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`${engine} with a second path`, () => {
    let chat: Recorder;
    let beside: Recorder;
    let transport: ServedTransport;
    let port: number;

    beforeEach(async () => {
      [chat, beside] = [new Recorder(), new Recorder()];
      transport = create(chat, LIMITS, { path: '/beside', events: beside, limits: BESIDE_LIMITS });
      port = await transport.listen('127.0.0.1', 0);
    });
    afterEach(() => transport.close());

    const open = async (path: string): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`);
      await once(socket, 'open');
      return socket;
    };

    it('gives each path its own sockets, messages and topics', async () => {
      const [one, other] = [await open('/ws?a'), await open('/beside?b')];
      const [a, b] = [await chat.socket('a'), await beside.socket('b')];
      one.send('to the chat');
      other.send('to the other');
      await chat.until(() => chat.messages()[0]);
      await beside.until(() => beside.messages()[0]);
      expect([chat.messages(), beside.messages()]).to.deep.equal([
        ['to the chat'],
        ['to the other']
      ]);
      a.join('t');
      b.join('t');
      const heard: string[] = [];
      other.on('message', (data: Buffer) => heard.push(`other ${data.toString()}`));
      one.on('message', (data: Buffer) => heard.push(`one ${data.toString()}`));
      transport.fanOut.publish('t', out('published'));
      b.send(out('sent'));
      await Promise.all([once(one, 'message'), once(other, 'message')]);
      expect(heard.sort()).to.deep.equal(['one published', 'other sent']);
    });

    it('gives each path its own bounds', async () => {
      const [one, other] = [await open('/ws?a'), await open('/beside?b')];
      one.send('x'.repeat(BESIDE_LIMITS.messageBytes + 1));
      await chat.until(() => chat.messages()[0]);
      other.send('x'.repeat(BESIDE_LIMITS.messageBytes + 1));
      const [code] = (await once(other, 'close')) as [number];
      expect(code).to.equal(1009);
      expect(beside.messages()).to.deep.equal([]);
    });

    it('answers what each path decides about an upgrade', async () => {
      beside.onUpgrade = () => ({
        accept: false,
        reply: { status: 401, headers: {}, body: 'no' }
      });
      const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/beside`);
      const [, response] = (await once(socket, 'unexpected-response')) as [
        unknown,
        { statusCode: number; destroy(): void }
      ];
      expect(response.statusCode).to.equal(401);
      response.destroy();
      (await open('/ws?a')).close();
    });

    it('cuts the sockets of both when it closes', async () => {
      const sockets = [await open('/ws?a'), await open('/beside?b')];
      await Promise.all([chat.socket('a'), beside.socket('b')]);
      const ends = sockets.map((socket) => once(socket, 'close'));
      await transport.close();
      await Promise.all(ends);
      expect([chat, beside].map(({ seen }) => seen.at(-1)?.kind)).to.deep.equal(['close', 'close']);
    });
  });
}
