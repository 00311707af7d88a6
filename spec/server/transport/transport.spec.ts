import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { Transport } from '../../../server/transport/transport.js';
import {
  TOPIC_ENGINES,
  LIMITS,
  RawClient,
  type Recorder,
  Rig,
  call,
  maskedFrame,
  text,
  upgradeHeaders,
  out
} from './transport-rig.js';

for (const [engine, create] of Object.entries(TOPIC_ENGINES)) {
  describe(engine, () => {
    let rig: Rig;
    let events: Recorder;
    let transport: Transport;
    let port: number;

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      ({ events, transport, port } = rig);
    });
    afterEach(() => rig.stop());

    describe('upgrade', () => {
      it('answers a refused one as plain HTTP', async () => {
        events.onUpgrade = () => ({
          accept: false,
          reply: text(503, '{"status":"initializing"}', { 'retry-after': '1' })
        });
        const reply = await call(port, 'GET', '/ws', upgradeHeaders());
        expect(reply.status).to.equal(503);
        expect(reply.headers['retry-after']).to.equal('1');
        expect(reply.body).to.equal('{"status":"initializing"}');
        expect(events.seen).to.deep.equal([]);
      });

      it('shows the request and carries the state of the decision', async () => {
        let seen: unknown[] = [];
        events.onUpgrade = (r) => {
          seen = [r.method, r.path, r.query, r.header('origin'), r.address];
          return { accept: true, protocol: null, state: { name: 'from the decision' } };
        };
        rig.clients.push(new RawClient(port, 'q', { Origin: 'http://here' }));
        expect((await events.socket('from the decision')).state.name).to.equal('from the decision');
        expect(seen).to.deep.equal(['GET', '/ws', 'q', 'http://here', '127.0.0.1']);
      });

      it('answers the key and selects the protocol of the decision, or none', async () => {
        const offer = { 'Sec-WebSocket-Protocol': 'bearer.x, rollcall.v1' };
        const key = randomBytes(16).toString('base64');
        const [without] = await rig.open('a', { ...offer, 'Sec-WebSocket-Key': key });
        const accept = createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        expect(without.head).to.include(accept);
        expect(without.head.toLowerCase()).to.not.include('sec-websocket-protocol');
        events.onUpgrade = () => ({
          accept: true,
          protocol: 'rollcall.v1',
          state: { name: 'b' }
        });
        const [selected] = await rig.open('b', offer);
        expect(selected.head).to.match(/^sec-websocket-protocol: rollcall\.v1$/im);
      });

      it('turns compression down', async () => {
        const [client] = await rig.open('a', { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
        expect(client.head.toLowerCase()).to.not.include('permessage-deflate');
      });
    });

    describe('messages', () => {
      it('hands over text, and binary as null, in order', async () => {
        const [client] = await rig.open('a');
        client.send('grüße');
        client.send(Buffer.from([1, 2, 3]), 2);
        client.send('x'.repeat(LIMITS.messageBytes));
        await events.until(() => (events.messages().length === 3 ? true : undefined));
        expect(events.messages()).to.deep.equal(['grüße', null, 'x'.repeat(LIMITS.messageBytes)]);
      });

      it('answers pings', async () => {
        const [client] = await rig.open('a');
        client.send('hello', 9);
        await client.until(() => client.frames.some((f) => f.opcode === 10));
        expect(client.frames[0]?.payload.toString()).to.equal('hello');
      });

      it('closes with 1009 when a message is over the limit', async () => {
        const [client, socket] = await rig.open('a');
        client.send('x'.repeat(LIMITS.messageBytes + 1));
        await client.ended();
        expect([client.closeCode, await events.closeOf(socket)]).to.deep.equal([1009, 1009]);
        expect(events.messages()).to.deep.equal([]);
      });

      it('ends the connection when a message is many times the limit', async () => {
        const [client, socket] = await rig.open('a');
        client.send('x'.repeat(LIMITS.messageBytes * 10));
        await client.ended();
        const code = transport.kind === 'uws' ? 1006 : 1009;
        expect(await events.closeOf(socket)).to.equal(code);
        expect(events.messages()).to.deep.equal([]);
      });

      it('ends the connection when text is not UTF-8', async () => {
        const [client, socket] = await rig.open('a');
        client.send(Buffer.from([0xc3, 0x28]));
        await client.ended();
        expect(await events.closeOf(socket)).to.equal(transport.kind === 'uws' ? 1006 : 1007);
        expect(events.messages()).to.deep.equal([]);
      });

      it('hands over nothing after the server has ended the connection', async () => {
        const [client, socket] = await rig.open('a');
        events.onSeen = (seen) => {
          if (seen.kind === 'message') socket.end(3501, 'bad frames');
        };
        client.tcp.write(
          Buffer.concat([maskedFrame(Buffer.from('1'), 1), maskedFrame(Buffer.from('2'), 1)])
        );
        await client.ended().catch(() => undefined);
        expect(events.messages()).to.deep.equal(['1']);
      });
    });

    describe('close', () => {
      it('reports the code of the peer, 1005 for none and 1006 for a cut, once', async () => {
        const codes: [(client: RawClient) => void, number][] = [
          [
            (client) => {
              client.send(Buffer.from([0x0f, 0xa0]), 8);
            },
            4000
          ],
          [
            (client) => {
              client.send('', 8);
            },
            1005
          ],
          [
            (client) => {
              client.tcp.destroy();
            },
            1006
          ],
          [
            (client) => {
              client.tcp.end();
            },
            1006
          ],
          [
            (client) => {
              client.tcp.resetAndDestroy();
            },
            1006
          ]
        ];
        for (const [i, [leave, code]] of codes.entries()) {
          const [client, socket] = await rig.open(String(i));
          leave(client);
          expect(await events.closeOf(socket)).to.equal(code);
        }
        await transport.close();
        expect(events.seen.filter((s) => s.kind === 'close')).to.have.length(codes.length);
      });

      it('reports it before end and terminate return', async () => {
        const [first, ended] = await rig.open('a');
        ended.end(3001, 'shutdown');
        expect(events.closesOf(ended)).to.deep.equal([3001]);
        await first.ended();
        expect(first.closeCode).to.equal(3001);
        expect(first.frames.at(-1)?.payload.subarray(2).toString()).to.equal('shutdown');
        const [second, cut] = await rig.open('b');
        cut.terminate();
        expect(events.closesOf(cut)).to.deep.equal([1006]);
        await second.ended();
        expect(second.closeCode).to.equal(undefined);
      });

      it('speaks the closing handshake with an ordinary client', async () => {
        const client = new WebSocket(`ws://127.0.0.1:${String(port)}/ws?a`);
        const socket = await events.socket('a');
        await once(client, 'open');
        const closed = once(client, 'close');
        socket.end(3500, 'bad token');
        const seen: unknown[] = await closed;
        expect(seen.map(String)).to.deep.equal(['3500', 'bad token']);
      });

      it('leaves methods that do nothing', async () => {
        const [, socket] = await rig.open('a');
        socket.join('t');
        socket.terminate();
        socket.join('t');
        socket.leave('t');
        socket.end(3001, '');
        socket.terminate();
        expect(socket.send(out('x'))).to.equal(false);
        expect(socket.buffered()).to.equal(0);
        rig.publish('t', 'x');
        expect(events.closesOf(socket)).to.deep.equal([1006]);
      });

      it('sends everything taken before, then the close frame, to a peer that reads late', async () => {
        const { client, socket, taken } = await rig.lag('a', 't', 1_000);
        socket.end(3008, 'too slow');
        client.tcp.resume();
        await client.ended();
        expect(client.texts).to.deep.equal(taken);
        expect(client.closeCode).to.equal(3008);
      });
    });
  });
}
