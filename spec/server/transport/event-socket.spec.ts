import { expect } from 'chai';
import { placeText } from '../../../protocol/place.js';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { openEventSocket } from '../../../server/transport/event-socket.js';
import { OutFrame } from '../../../server/transport/out-frame.js';
import type { Socket } from '../../../server/transport/transport.js';
import {
  ENGINES,
  LIMITS,
  Rig,
  call,
  out,
  streamed,
  withoutComments,
  type Recorder,
  type State
} from './transport-rig.js';

/** A client that keeps all text it was sent, and finds the offsets of the messages in it. */
class Peer {
  readonly tcp: TcpSocket;
  text = '';
  private wake: () => void = () => undefined;

  constructor(port: number, path: string) {
    this.tcp = connect(port, '127.0.0.1');
    this.tcp.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    this.tcp.on('error', () => undefined);
    this.tcp.on('data', (data) => {
      this.text += data.toString('latin1');
      this.wake();
    });
  }

  get ids(): number[] {
    return Array.from(this.text.matchAll(/^id: x1:(\d+)$/gm), ([, id]) => Number(id));
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

const message = (offset: number, length = 10): OutFrame =>
  new OutFrame(
    `{"x":"${'x'.repeat(length)}"}`,
    'message',
    't',
    offset,
    null,
    placeText('x1', offset)
  );

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`openEventSocket on ${engine}`, () => {
    let rig: Rig;
    let events: Recorder;
    const peers: Peer[] = [];

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      ({ events } = rig);
      events.onRequest = ({ path }) =>
        streamed((stream) => {
          openEventSocket(rig.transport.fanOut, { name: path }, stream);
        });
    });
    afterEach(async () => {
      for (const { tcp } of peers.splice(0)) tcp.destroy();
      await rig.stop();
    });

    const open = async (name: string): Promise<[Peer, Socket<State>]> => {
      const peer = new Peer(rig.port, `/${name}`);
      peers.push(peer);
      return [peer, await events.socket(`/${name}`)];
    };

    it('gives a stream and a WebSocket of a topic the same frames', async () => {
      const [peer, stream] = await open('stream');
      const [client, socket] = await rig.open('socket');
      stream.join('t');
      socket.join('t');
      rig.transport.fanOut.publish('t', message(1));
      stream.send(out('own'));
      rig.transport.fanOut.publish('t', message(2));
      stream.leave('t');
      rig.transport.fanOut.publish('t', message(3));
      stream.send(out('end'));
      await peer.until(() => peer.text.includes('data: end\n\n'));
      await client.until(() => client.texts.length === 3);
      expect(peer.ids).to.deep.equal([1, 2]);
      expect(peer.text.match(/^data: .*$/gm)).to.deep.equal([
        'data: {"x":"xxxxxxxxxx"}',
        'data: own',
        'data: {"x":"xxxxxxxxxx"}',
        'data: end'
      ]);
    });

    it('reports what a slow stream is not given, by the rule of every socket, and when it has room', async () => {
      const [peer, stream] = await open('slow');
      await peer.until(() => peer.text !== '');
      peer.tcp.pause();
      stream.join('t');
      const taken: number[] = [];
      for (let offset = 1; events.droppedOf(stream).length === 0; offset++) {
        rig.transport.fanOut.publish('t', message(offset, 1_000));
        if (events.droppedOf(stream).length === 0) taken.push(offset);
        // Let the kernel take what it can: only the rest counts as lag.
        if (offset % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(stream.buffered()).to.be.greaterThan(LIMITS.lagBytes);
      expect(stream.buffered()).to.be.lessThan(LIMITS.lagBytes * 2);
      expect(stream.send(message(0))).to.equal(false);
      peer.tcp.resume();
      await events.until(
        () => events.seen.some((s) => s.kind === 'drain' && s.socket.buffered() === 0) || undefined
      );
      expect(stream.send(message(1_000_000))).to.equal(true);
      await peer.until(() => peer.ids.at(-1) === 1_000_000);
      expect(peer.ids).to.deep.equal([...taken, 1_000_000]);
    });

    it('sends what was published before it ends the stream, in good order and once', async () => {
      const [peer, stream] = await open('ended');
      stream.join('t');
      rig.transport.fanOut.publish('t', message(1));
      stream.end(3001, 'shutdown');
      stream.end(3001, 'shutdown');
      rig.transport.fanOut.publish('t', message(2));
      await peer.until(() => peer.text.endsWith('0\r\n\r\n'));
      expect(peer.ids).to.deep.equal([1]);
      expect([stream.send(message(3)), stream.buffered()]).to.deep.equal([false, 0]);
      expect(events.closesOf(stream)).to.deep.equal([3001]);
    });

    for (const connection of ['close', 'x, close']) {
      it(`ends in good order when the request says Connection: ${connection}`, async () => {
        const replied = call(rig.port, 'GET', '/last', { connection });
        const stream = await events.socket('/last');
        stream.send(out('1'));
        stream.end(3001, 'shutdown');
        const { headers, body } = await replied;
        expect(headers.connection).to.equal('close');
        expect(withoutComments(body)).to.equal('event: said\ndata: 1\n\n');
      });
    }

    it('is not ended by the engine while its reader takes nothing: that is for the rule of lag', async () => {
      // The engine ends a connection after 10 s without a write. The spec runs the timer that prevents this by hand.
      const timers: { work: () => void; ms: number }[] = [];
      const { setInterval: original } = globalThis;
      globalThis.setInterval = ((work: () => void, ms: number) => {
        timers.push({ work, ms });
        return original(() => undefined, 1_000_000);
      }) as typeof setInterval;
      try {
        const [peer, stream] = await open('stalled');
        await peer.until(() => peer.text !== '');
        peer.tcp.pause();
        while (stream.send(message(1, 30_000)) && stream.buffered() === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          if (engine === 'createWsTransport' && stream.buffered() > 0) break;
        }
        expect(timers.every(({ ms }) => ms < 10_000)).to.equal(true);
        if (engine === 'createUwsTransport') {
          const before = stream.buffered();
          timers[0]?.work();
          expect(stream.buffered()).to.be.greaterThan(before);
        }
        peer.tcp.resume();
        await events.until(
          () =>
            events.seen.some((s) => s.kind === 'drain' && s.socket.buffered() === 0) || undefined
        );
        expect(events.closesOf(stream)).to.deep.equal([]);
      } finally {
        globalThis.setInterval = original;
      }
    });

    it('tells once that the peer has gone', async () => {
      const [peer, stream] = await open('gone');
      await peer.until(() => peer.text !== '');
      peer.tcp.destroy();
      await once(peer.tcp, 'close');
      expect(await events.closeOf(stream)).to.equal(1006);
      stream.terminate();
      expect(events.closesOf(stream)).to.deep.equal([1006]);
    });
  });
}
