import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { BodyTooLargeError } from '../../../server/transport/transport.js';
import {
  BODIES_BYTES,
  ENGINES,
  type Recorder,
  Rig,
  call,
  streamed,
  text,
  upgradeHeaders,
  withoutComments
} from './transport-rig.js';

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(engine, () => {
    let rig: Rig;
    let events: Recorder;
    let port: number;

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      ({ events, port } = rig);
    });
    afterEach(() => rig.stop());

    describe('HTTP', () => {
      it('hands over method, path, query, headers and body, and answers in full', async () => {
        events.onRequest = async (r) =>
          text(
            201,
            JSON.stringify([
              r.method,
              r.path,
              r.query,
              r.header('x-test'),
              r.header('x-none') ?? null,
              r.address,
              await r.body(100)
            ]),
            { 'x-reply': 'yes' }
          );
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          const body = method === 'GET' ? '' : 'grüße';
          const reply = await call(port, method, '/a%20b/c?d=%20e', { 'X-Test': 'one' }, body);
          expect(reply.status).to.equal(201);
          expect(reply.headers['x-reply']).to.equal('yes');
          expect(reply.headers['content-length']).to.equal(String(Buffer.byteLength(reply.body)));
          expect(JSON.parse(reply.body)).to.deep.equal([
            method,
            '/a%20b/c',
            'd=%20e',
            'one',
            null,
            '127.0.0.1',
            body
          ]);
        }
      });

      it('answers HEAD with the length of the body and no body', async () => {
        events.onRequest = () => text(200, 'grüße');
        const reply = await call(port, 'HEAD', '/');
        expect([reply.headers['content-length'], reply.body]).to.deep.equal(['7', '']);
      });

      it('answers 204 without a length', async () => {
        events.onRequest = () => text(204, '');
        const reply = await call(port, 'GET', '/');
        expect([reply.status, reply.headers['content-length']]).to.deep.equal([204, undefined]);
      });

      it('answers bytes unchanged', async () => {
        const body = randomBytes(300_000);
        events.onRequest = () => ({ status: 200, headers: {}, body });
        const reply = await fetch(`http://127.0.0.1:${String(port)}/`);
        expect(Buffer.from(await reply.arrayBuffer()).equals(body)).to.equal(true);
      });

      it('answers a problem with status 500 when the handler throws or rejects', async () => {
        for (const fail of [
          () => {
            throw new Error('thrown');
          },
          () => Promise.reject(new Error('rejected'))
        ]) {
          events.onRequest = fail;
          const reply = await call(port, 'GET', '/');
          expect(reply.status).to.equal(500);
          expect(reply.headers['content-type']).to.equal('application/problem+json');
          expect(JSON.parse(reply.body)).to.include({ status: 500 });
        }
      });

      it('takes GET /ws without an upgrade, and upgrades elsewhere, for ordinary requests', async () => {
        events.onRequest = (r) => text(404, r.path);
        expect(await call(port, 'GET', '/ws')).to.include({ status: 404, body: '/ws' });
        for (const path of ['/', '/other', '/ws/', '/ws/x']) {
          const reply = await call(port, 'GET', path, upgradeHeaders());
          expect(reply).to.include({ status: 404, body: path });
        }
        expect(events.seen).to.deep.equal([]);
      });

      it('refuses a body over the limit and still answers', async () => {
        events.onRequest = async (r) => {
          try {
            return text(200, await r.body(1_000));
          } catch (error) {
            return text(error instanceof BodyTooLargeError ? 413 : 500, '');
          }
        };
        expect((await call(port, 'POST', '/', {}, 'x'.repeat(1_000))).status).to.equal(200);
        expect((await call(port, 'POST', '/', {}, 'x'.repeat(1_001))).status).to.equal(413);
        expect((await call(port, 'POST', '/', {}, 'x'.repeat(200_000))).status).to.equal(413);
      });

      it('keeps nothing of a body that nobody asks for, and ends the connection when it does not end', async () => {
        events.onRequest = () => text(404, 'nothing is here');
        const tcp = connect(port, '127.0.0.1');
        tcp.write(
          `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`
        );
        let received = '';
        tcp.on('data', (data) => (received += data.toString('latin1')));
        await once(tcp, 'close');
        expect(received).to.match(/^HTTP\/1.1 404 .*nothing is here$/s);
        expect(rig.transport.bodies.heldBytes).to.equal(0);
      });

      it('goes on with the connection when a body that nobody asked for has come in full', async () => {
        events.onRequest = (r) => text(404, r.path);
        const tcp = connect(port, '127.0.0.1');
        const body = 'x'.repeat(200_000);
        tcp.write(`POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${body}`);
        let received = '';
        await new Promise<void>((resolve) => {
          tcp.on('data', (data) => {
            received += data.toString('latin1');
            if (received.endsWith('/one')) tcp.write('GET /two HTTP/1.1\r\nHost: x\r\n\r\n');
            if (received.endsWith('/two')) resolve();
          });
        });
        tcp.destroy();
        expect(rig.transport.bodies.heldBytes).to.equal(0);
      });

      it('refuses a body that its head says is too long before it comes', async () => {
        const refused = new Promise<unknown>((resolve) => {
          events.onRequest = async (r) => {
            await r.body(1_000).catch(resolve);
            return text(413, '');
          };
        });
        const tcp = connect(port, '127.0.0.1');
        tcp.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n');
        expect(await refused).to.be.instanceOf(BodyTooLargeError);
        tcp.destroy();
      });

      it('refuses a body for which all bodies together leave no room, until one of them has gone', async () => {
        const outcomes: string[] = [];
        let isHeld = (): void => undefined;
        const held = new Promise<void>((resolve) => (isHeld = resolve));
        events.onRequest = async (r) => {
          if (r.path === '/held') isHeld();
          try {
            outcomes.push(String((await r.body(BODIES_BYTES)).length));
          } catch (error) {
            outcomes.push(error instanceof Error ? error.name : '');
          }
          return text(200, '');
        };
        const half = BODIES_BYTES / 2;
        const tcp = connect(port, '127.0.0.1');
        tcp.write(`POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(half + 1)}\r\n\r\n`);
        tcp.write('x'.repeat(half));
        await held;
        while (rig.transport.bodies.heldBytes < half) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        await call(port, 'POST', '/', {}, 'x'.repeat(half + 1));
        tcp.write('x');
        await once(tcp, 'data');
        tcp.destroy();
        await call(port, 'POST', '/', {}, 'x'.repeat(half + 1));
        expect(outcomes).to.deep.equal(['BodiesFullError', String(half + 1), String(half + 1)]);
        expect(rig.transport.bodies.heldBytes).to.equal(0);
      });

      it('cuts a connection that may not stay, and serves the next that may', async () => {
        events.onRequest = () => text(200, 'here');
        events.admits = false;
        const tcp = connect(port, '127.0.0.1');
        tcp.on('error', () => undefined);
        tcp.resume();
        await once(tcp, 'close');
        events.admits = true;
        expect((await call(port, 'GET', '/')).body).to.equal('here');
      });

      it('releases an upgrade that was refused, also when the peer never ends its side', async () => {
        events.onUpgrade = () => ({ accept: false, reply: text(403, 'no') });
        const tcp = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        const lines = Object.entries(upgradeHeaders()).map(([name, value]) => `${name}: ${value}`);
        tcp.write(`GET /ws HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
        tcp.resume();
        await once(tcp, 'end');
        // Once the socket is released, further bytes are answered with a reset.
        const reset = once(tcp, 'error');
        const timer = setInterval(() => tcp.write('x'), 5);
        const [error] = (await reset) as [NodeJS.ErrnoException];
        clearInterval(timer);
        expect(error.code).to.be.oneOf(['EPIPE', 'ECONNRESET']);
        tcp.destroy();
      });

      it('puts characters together that were cut between chunks', async () => {
        const arrived = new Promise<string>((resolve) => {
          events.onRequest = async (r) => {
            resolve(await r.body(100));
            return text(200, '');
          };
        });
        const tcp = connect(port, '127.0.0.1');
        const body = Buffer.from('ü€😀');
        tcp.setNoDelay(true);
        tcp.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(body.length)}\r\n\r\n`);
        for (const byte of body) {
          await new Promise<void>((resolve) => {
            tcp.write(Buffer.from([byte]), () => {
              setImmediate(resolve);
            });
          });
        }
        expect(await arrived).to.equal('ü€😀');
        tcp.destroy();
      });

      it('rejects the body when the peer goes away in the middle of it', async () => {
        let started = (): void => undefined;
        const hasStarted = new Promise<void>((resolve) => (started = resolve));
        const outcome = new Promise<unknown>((resolve) => {
          events.onRequest = async (r) => {
            started();
            await r.body(100).catch(resolve);
            return text(200, 'to nobody');
          };
        });
        const tcp = connect(port, '127.0.0.1');
        tcp.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
        await hasStarted;
        tcp.destroy();
        expect(await outcome).to.be.instanceOf(Error);
      });

      it('lives on when a peer cuts in a head, in an upgrade and before its answer', async () => {
        let release = (): void => undefined;
        const held = new Promise<void>((resolve) => (release = resolve));
        let asked = (): void => undefined;
        const hasAsked = new Promise<void>((resolve) => (asked = resolve));
        events.onRequest = async (r) => {
          if (r.path === '/held') {
            asked();
            await held;
          }
          return text(200, 'here');
        };
        for (const start of ['GET / HT', 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n', '\0\0\0']) {
          const tcp = connect(port, '127.0.0.1');
          await new Promise<void>((resolve) =>
            tcp.write(start, () => {
              resolve();
            })
          );
          tcp.destroy();
        }
        const tcp = connect(port, '127.0.0.1');
        tcp.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n');
        await hasAsked;
        tcp.destroy();
        await once(tcp, 'close');
        expect((await call(port, 'GET', '/')).body).to.equal('here');
        release();
        expect((await call(port, 'GET', '/')).body).to.equal('here');
      });
    });

    describe('HTTP streams', () => {
      it('writes chunks as they come and tells of the end once', async () => {
        let closes = 0;
        events.onRequest = () =>
          streamed((out) => {
            out.onClose(() => closes++);
            out.write('data: 1\n\n');
            setImmediate(() => {
              out.write('data: 2\n\n');
              out.end();
              out.end();
              out.write('data: 3\n\n');
            });
          });
        const reply = await call(port, 'GET', '/');
        expect(reply.headers['content-type']).to.equal('text/event-stream');
        expect(withoutComments(reply.body)).to.equal('data: 1\n\ndata: 2\n\n');
        expect(closes).to.equal(1);
      });

      it('sends the head before the first chunk', async () => {
        events.onRequest = () => streamed(() => undefined);
        const tcp = connect(port, '127.0.0.1');
        tcp.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        const head: unknown[] = await once(tcp, 'data');
        expect(String(head[0])).to.match(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n/);
        tcp.destroy();
      });

      it('tells of the end once when the peer goes away', async () => {
        let closes = 0;
        const closed = new Promise<void>((resolve) => {
          events.onRequest = () =>
            streamed((out) => {
              out.onClose(() => {
                closes++;
                resolve();
              });
              out.write('data: 1\n\n');
            });
        });
        const tcp = connect(port, '127.0.0.1');
        tcp.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        await once(tcp, 'data');
        tcp.destroy();
        await closed;
        expect(closes).to.equal(1);
      });

      it('brings a slow reader all that was written, also when nothing is written after it', async () => {
        const chunk = `data: ${'x'.repeat(1_000)}\n\n`;
        let written = 0;
        const drained = new Promise<void>((resolve) => {
          events.onRequest = () =>
            streamed((out) => {
              out.onDrain(resolve);
              do written++;
              while (out.write(chunk));
            });
        });
        const tcp = connect(port, '127.0.0.1');
        tcp.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        let received = '';
        await new Promise<void>((resolve) => {
          tcp.on('data', (data) => {
            received += data.toString('latin1');
            if (received.split('data: ').length > written) resolve();
          });
        });
        await drained;
        tcp.destroy();
      });

      it('says when a slow reader has filled its buffer and when there is room again', async () => {
        const chunk = `data: ${'x'.repeat(1_000)}\n\n`;
        let written = 0;
        let full = (): void => undefined;
        const isFull = new Promise<void>((resolve) => (full = resolve));
        let drains = 0;
        events.onRequest = () =>
          streamed((out) => {
            out.onDrain(() => {
              drains++;
              out.end();
            });
            const fill = (): void => {
              for (let n = 0; n < 64; n++) {
                written++;
                if (!out.write(chunk)) {
                  full();
                  return;
                }
              }
              setImmediate(fill);
            };
            fill();
          });
        const tcp = connect(port, '127.0.0.1');
        tcp.pause();
        tcp.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        await isFull;
        let received = '';
        tcp.on('data', (data) => (received += data.toString('latin1')));
        tcp.resume();
        await once(tcp, 'close');
        expect(drains).to.equal(1);
        expect(received.split('data: ').length - 1).to.equal(written);
        expect(received.endsWith('0\r\n\r\n')).to.equal(true);
      });
    });
  });
}
