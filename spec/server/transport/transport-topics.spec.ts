import { expect } from 'chai';
import { TOPIC_ENGINES, LIMITS, type Recorder, Rig, maskedFrame, out } from './transport-rig.js';

for (const [engine, create] of Object.entries(TOPIC_ENGINES)) {
  describe(engine, () => {
    let rig: Rig;
    let events: Recorder;

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      ({ events } = rig);
    });
    afterEach(() => rig.stop());

    describe('topics', () => {
      it('reach their sockets and no others', async () => {
        const [one, a] = await rig.open('a');
        const [two, b] = await rig.open('b');
        a.join('t');
        a.join('t');
        b.join('u');
        rig.publish('t', 'to t');
        rig.publish('u', 'to u');
        rig.publish('none', 'to nobody');
        a.send(out('end'));
        b.send(out('end'));
        await one.until(() => one.texts.includes('end'));
        await two.until(() => two.texts.includes('end'));
        expect([one.texts, two.texts]).to.deep.equal([
          ['to t', 'end'],
          ['to u', 'end']
        ]);
      });

      it('keep the order of publishes and sends of one turn', async () => {
        const [client, socket] = await rig.open('a');
        socket.join('t');
        const sent: string[] = [];
        for (let n = 0; n < 100; n++) {
          // every seventh one is big: engines treat frames over 16 kB in another way
          const frame = `${String(n)}${n % 7 === 0 ? 'x'.repeat(20_000) : ''}`;
          sent.push(frame);
          if (n % 3 === 0) socket.send(out(frame));
          else rig.publish('t', frame);
          await client.until(() => n % 10 !== 9 || client.texts.length === n + 1);
        }
        expect(client.texts).to.deep.equal(sent);
      });

      it('give what was published before a leave, and nothing from before a join', async () => {
        const [client, socket] = await rig.open('a');
        for (const size of [1, 20_000]) {
          const fill = 'x'.repeat(size);
          rig.publish('t', `before join ${fill}`);
          socket.join('t');
          rig.publish('t', `1 ${fill}`);
          socket.leave('t');
          rig.publish('t', `between ${fill}`);
          socket.join('t');
          rig.publish('t', `2 ${fill}`);
          socket.leave('t');
          rig.publish('t', `after ${fill}`);
        }
        socket.send(out('end'));
        await client.until(() => client.texts.includes('end'));
        expect(client.texts.map((frame) => frame.split(' x')[0])).to.deep.equal([
          '1',
          '2',
          '1',
          '2',
          'end'
        ]);
      });

      it('do the same from inside a message', async () => {
        const [client, socket] = await rig.open('a');
        events.onSeen = (seen) => {
          if (seen.kind !== 'message') return;
          rig.publish('t', 'before join');
          socket.join('t');
          socket.send(out('1'));
          rig.publish('t', '2');
          socket.send(out('3'));
          socket.leave('t');
          rig.publish('t', 'after leave');
          socket.send(out('end'));
        };
        client.send('go');
        await client.until(() => client.texts.includes('end'));
        expect(client.texts).to.deep.equal(['1', '2', '3', 'end']);
      });

      it('send what was published in the turn that ends the connection', async () => {
        const [client, socket] = await rig.open('a');
        socket.join('t');
        rig.publish('t', '1');
        socket.send(out('2'));
        socket.end(3001, 'shutdown');
        rig.publish('t', 'after');
        await client.ended();
        expect([client.texts, client.closeCode]).to.deep.equal([['1', '2'], 3001]);
      });
    });

    describe('slow readers', () => {
      for (const frameLength of [1_000, 30_000]) {
        it(`get every frame that was not reported dropped, in order (${String(frameLength)} bytes)`, async () => {
          const { client, socket, taken } = await rig.lag('slow', 't', frameLength);
          const [quick, other] = await rig.open('quick');
          other.join('t');
          for (let n = 0; n < 40; n++) rig.publish('t', `more ${String(n)}`);
          other.send(out('end'));
          await quick.until(() => quick.texts.includes('end'));
          expect(quick.texts).to.have.length(41);
          expect(events.droppedOf(socket)).to.have.length(41);
          expect(events.droppedOf(socket).slice(1)).to.deep.equal(quick.texts.slice(0, 40));
          expect(socket.buffered()).to.be.greaterThan(LIMITS.lagBytes);
          expect(socket.send(out('one more'))).to.equal(false);

          client.tcp.resume();
          await events.until(
            () =>
              events.seen.some((s) => s.kind === 'drain' && s.socket.buffered() === 0) || undefined
          );
          expect(socket.buffered()).to.equal(0);
          rig.publish('t', 'again');
          expect(socket.send(out('and again'))).to.equal(true);
          await client.until(() => client.texts.includes('and again'));
          expect(client.texts).to.deep.equal([...taken, 'again', 'and again']);
          expect(events.droppedOf(socket)).to.have.length(41);
        });
      }

      it('take up to lagBytes and one frame more in a single turn', async () => {
        const [client, socket] = await rig.open('a');
        client.tcp.pause();
        let taken = 0;
        // the kernel takes megabytes before any frame waits in the socket
        while (socket.send(out('x'.repeat(1_000)))) taken++;
        expect(taken * 1_000).to.be.greaterThan(LIMITS.lagBytes);
        expect(socket.buffered()).to.be.within(LIMITS.lagBytes, LIMITS.lagBytes + 1_100 * 20);
        client.tcp.resume();
        await client.until(() => client.texts.length === taken);
      });

      for (const frameLength of [100, 30_000]) {
        it(`may be taken out, put back, ended and published about in dropped (${String(frameLength)} bytes)`, async () => {
          const { socket: first } = await rig.lag('first', 't', frameLength);
          const { socket: second } = await rig.lag('second', 't2', frameLength);
          const { socket: third } = await rig.lag('third', 't3', frameLength);
          const [quick, other] = await rig.open('quick');
          for (const socket of [second, third, other]) socket.join('t');
          other.join('u');
          events.onSeen = (seen) => {
            if (seen.kind !== 'dropped') return;
            if (seen.socket === first) {
              first.leave('t');
              first.join('t');
            } else if (seen.socket === second) {
              second.end(3008, 'too slow');
              first.leave('t');
              rig.publish('u', 'said in dropped');
              first.join('t');
            } else {
              third.terminate();
            }
          };
          for (let n = 0; n < 40; n++) rig.publish('t', 'x'.repeat(frameLength));
          other.send(out('end'));
          await quick.until(() => quick.texts.includes('end'));
          expect(quick.texts.filter((frame) => frame.startsWith('xx'))).to.have.length(40);
          expect(quick.texts.filter((frame) => frame.startsWith('said'))).to.have.length(1);
          expect(events.closesOf(second)).to.deep.equal([3008]);
          expect(events.closesOf(third)).to.deep.equal([1006]);
        });
      }

      it('cannot fill the memory with pings', async () => {
        const [client, socket] = await rig.open('a');
        client.tcp.pause();
        const pings = Buffer.concat(
          Array.from({ length: 500 }, () => maskedFrame(Buffer.alloc(125), 9))
        );
        // 250 × 64 kB of answers: more than the kernel and twice lagBytes hold
        for (let n = 0; n < 250; n++) {
          await new Promise<void>((resolve) =>
            client.tcp.write(pings, () => {
              resolve();
            })
          );
        }
        client.send('end');
        await events.until(() => events.messages()[0] ?? undefined);
        expect(socket.buffered()).to.be.greaterThan(0);
        expect(socket.buffered()).to.be.lessThan(LIMITS.lagBytes * 2 + 1_000);
      });
    });
  });
}
