import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { freePorts } from '../../free-ports.js';
import { ListenError, type Transport } from '../../../server/transport/transport.js';
import {
  ENGINES,
  LIMITS,
  RawClient,
  Recorder,
  Rig,
  portOf,
  streamed,
  text,
  out
} from './transport-rig.js';

for (const [engine, create] of Object.entries(ENGINES)) {
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

    describe('listen and close', () => {
      const others: Transport[] = [];
      afterEach(async () => {
        for (const other of others.splice(0)) await other.close();
      });

      async function refusal(host: string, at: number): Promise<unknown> {
        const other = create(new Recorder(), LIMITS);
        others.push(other);
        return other.listen(host, at).then(
          () => 'listens',
          (error: unknown) => error
        );
      }

      it('says that the port is in use, whoever has it', async () => {
        const own = await refusal('127.0.0.1', port);
        expect(own).to.be.instanceOf(ListenError).and.to.have.property('code', 'EADDRINUSE');
        for (const occupant of Object.values(ENGINES)) {
          const other = occupant(new Recorder(), LIMITS);
          others.push(other);
          // a port chosen by number, since two engines could share only such a port
          const [free = 0] = await freePorts(1);
          const taken = await other.listen('127.0.0.1', free);
          expect(await refusal('127.0.0.1', taken)).to.have.property('code', 'EADDRINUSE');
        }
        const plain = createServer().listen(0, '127.0.0.1');
        await once(plain, 'listening');
        expect(await refusal('127.0.0.1', portOf(plain))).to.have.property('code', 'EADDRINUSE');
        plain.close();
      });

      it('says that the address is not this machine’s', async () => {
        const error = await refusal('203.0.113.1', 0);
        expect(error).to.be.instanceOf(ListenError).and.to.have.property('code', 'EADDRNOTAVAIL');
      });

      it('listens on every kind of host and gives addresses in their short form', async () => {
        for (const host of ['0.0.0.0', '::', 'localhost', '127.0.0.1']) {
          const recorder = new Recorder();
          recorder.onRequest = (r) => text(200, r.address);
          const other = create(recorder, LIMITS);
          others.push(other);
          const at = await other.listen(host, 0);
          const name = host === 'localhost' ? 'localhost' : '127.0.0.1';
          const reply = await fetch(`http://${name}:${String(at)}/`);
          expect(await reply.text()).to.be.oneOf(['127.0.0.1', '::1']);
        }
        const recorder = new Recorder();
        recorder.onRequest = (r) => text(200, r.address);
        const other = create(recorder, LIMITS);
        others.push(other);
        const at = await other.listen('::', 0);
        expect(await (await fetch(`http://[::1]:${String(at)}/`)).text()).to.equal('::1');
      });

      it('takes no new connection after stopListening and keeps those that are open', async () => {
        const [client, socket] = await rig.open('a');
        transport.stopListening();
        transport.stopListening();
        const late = connect(port, '127.0.0.1');
        const errors: unknown[] = await once(late, 'error');
        expect(errors[0]).to.have.property('code', 'ECONNREFUSED');
        client.send('still here');
        await events.until(() => events.messages()[0] ?? undefined);
        socket.send(out('and answered'));
        await client.until(() => client.texts.includes('and answered'));
      });

      it('cuts everything on close and has reported it when that resolves', async () => {
        const [client, socket] = await rig.open('a');
        const [, ended] = await rig.open('b');
        let streamClosed = 0;
        const streams = new Promise<void>((resolve) => {
          events.onRequest = () =>
            streamed((out) => {
              out.onClose(() => streamClosed++);
              resolve();
            });
        });
        const tcp = connect(port, '127.0.0.1');
        tcp.on('error', () => undefined);
        tcp.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        await streams;
        ended.end(3001, 'shutdown');
        await transport.close();
        expect(events.closesOf(socket)).to.deep.equal([1006]);
        expect(events.closesOf(ended)).to.deep.equal([3001]);
        expect(streamClosed).to.equal(1);
        await client.ended();
        await transport.close();
      });

      it('leaves the port to the next one at once, connections or not', async () => {
        const [at = 0] = await freePorts(1);
        for (let n = 0; n < 3; n++) {
          const next = create(events, LIMITS);
          others.push(next);
          expect(await next.listen('127.0.0.1', at)).to.equal(at);
          const client = new RawClient(at, `next${String(n)}`);
          (await events.socket(`next${String(n)}`)).end(3001, 'shutdown');
          await client.until(() => client.closeCode === 3001);
          rig.clients.push(client, new RawClient(at, `cut${String(n)}`));
          await events.socket(`cut${String(n)}`);
          await next.close();
        }
      });

      it('closes without ever having listened', async () => {
        await create(new Recorder(), LIMITS).close();
      });
    });
  });
}
