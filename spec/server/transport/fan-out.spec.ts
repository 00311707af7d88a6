import { expect } from 'chai';
import fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  FanOut,
  FLUSH_BYTES,
  FLUSHES_PER_TURN,
  QueuedSocket
} from '../../../server/transport/fan-out.js';
import { ByteBudget } from '../../../actors/memory/byte-budget.js';
import { OutFrame } from '../../../server/transport/out-frame.js';
import type { SocketEvents } from '../../../server/transport/transport.js';

const LAG_BYTES = 100;

const out = (text: string): OutFrame => new OutFrame(text, 'said');

/** A socket whose engine keeps all frames until the spec calls `drain`. */
class FakeSocket extends QueuedSocket<number> {
  readonly wire: string[] = [];
  writes = 0;
  private backlog = 0;

  drain(): void {
    this.backlog = 0;
  }
  protected engineBuffered(): number {
    return this.backlog;
  }
  protected engineWrite(frames: readonly OutFrame[]): void {
    this.writes++;
    for (const frame of frames) {
      this.wire.push(frame.text);
      this.backlog += frame.bytes.length;
    }
  }
  protected engineEnd(code: number): void {
    this.settle(code);
  }
  protected engineTerminate(): void {
    this.settle(1006);
  }
}

function fanOutWith(
  dropped: (socket: number, frame: string) => void,
  closed: (socket: number, code: number) => void = () => undefined
): FanOut<number> {
  const events: SocketEvents<number> = {
    upgrade: () => ({ accept: true, protocol: null, state: 0 }),
    open: () => undefined,
    message: () => undefined,
    dropped: (socket, frame) => {
      dropped(socket.state, frame.text);
    },
    drain: () => undefined,
    close: (socket, code) => {
      closed(socket.state, code);
    }
  };
  return new FanOut(events, { messageBytes: 1_000, lagBytes: LAG_BYTES });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('FanOut', () => {
  it('writes all that one turn gives a socket in one write', async () => {
    const fanOut = fanOutWith(() => undefined);
    const socket = new FakeSocket(fanOut, 0);
    socket.join('t');
    fanOut.publish('t', out('1'));
    socket.send(out('2'));
    await Promise.resolve();
    fanOut.publish('t', out('3'));
    expect(socket.wire).to.deep.equal([]);
    expect(socket.buffered()).to.equal(3);
    await turn();
    expect([socket.wire, socket.writes]).to.deep.equal([['1', '2', '3'], 1]);
  });

  it('forgets a topic when its last socket has left or closed', () => {
    const fanOut = fanOutWith(() => undefined);
    const usedBytes = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const each = (join: (topic: string) => void): void => {
      for (let n = 0; n < 50_000; n++) join(`${'t'.repeat(80)}${String(n)}`);
    };
    const before = usedBytes();
    const leaver = new FakeSocket(fanOut, 0);
    each((topic) => {
      leaver.join(topic);
      leaver.leave(topic);
      const closer = new FakeSocket(fanOut, 1);
      closer.join(topic);
      closer.terminate();
    });
    // If the topics were kept, their names would take 4 MB, and their sets at least as much.
    expect(usedBytes() - before).to.be.lessThan(3_000_000);
    fanOut.publish('t', out('used afterwards, so that it was not garbage itself'));
  }).timeout(20_000);

  it('reports a frame as dropped after every other socket has taken it', () => {
    const seen: string[] = [];
    const fanOut = fanOutWith((socket, frame) => {
      seen.push(`${String(socket)} lost ${frame}, 1 holds ${String(quick.buffered())}`);
    });
    const slow = new FakeSocket(fanOut, 0);
    const quick = new FakeSocket(fanOut, 1);
    slow.join('t');
    quick.join('t');
    slow.send(out('x'.repeat(LAG_BYTES + 1)));
    fanOut.publish('t', out('news'));
    expect(seen).to.deep.equal(['0 lost news, 1 holds 4']);
  });

  it('delivers or reports every frame, in order, whatever is interleaved', async () => {
    const socketId = fc.integer({ min: 0, max: 2 });
    const topic = fc.constantFrom('t', 'u');
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), topic }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), socketId }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), socketId, topic }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), socketId, topic }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), socketId }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), socketId }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const) }) }
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const lost = [0, 1, 2].map((): string[] => []);
        const closes = [0, 0, 0];
        const fanOut = fanOutWith(
          (socket, frame) => lost[socket]?.push(frame),
          (socket) => (closes[socket] = (closes[socket] ?? 0) + 1)
        );
        // the model: the frames that each socket was offered while it was open, and those that it refused
        const models = [0, 1, 2].map((state) => ({
          socket: new FakeSocket(fanOut, state),
          topics: new Set<string>(),
          offered: [] as string[],
          refused: [] as string[],
          open: true
        }));
        for (const [n, s] of steps.entries()) {
          const frame = `${String(n)}:${'x'.repeat((n * 7) % 60)}`;
          if (s.do === 'turn') {
            await turn();
          } else if (s.do === 'publish') {
            for (const m of models) if (m.open && m.topics.has(s.topic)) m.offered.push(frame);
            fanOut.publish(s.topic, out(frame));
          } else {
            const m = models[s.socketId];
            if (m === undefined) throw new Error('no such socket');
            if (s.do === 'send') {
              if (m.open) m.offered.push(frame);
              if (!m.socket.send(out(frame)) && m.open) m.refused.push(frame);
            } else if (s.do === 'join') {
              m.socket.join(s.topic);
              m.topics.add(s.topic);
            } else if (s.do === 'leave') {
              m.socket.leave(s.topic);
              m.topics.delete(s.topic);
            } else if (s.do === 'drain') {
              m.socket.drain();
            } else {
              m.socket.end(3001, 'shutdown');
              m.open = false;
            }
          }
        }
        await turn();
        for (const [i, m] of models.entries()) {
          const missing = new Set([...(lost[i] ?? []), ...m.refused]);
          expect(m.socket.wire).to.deep.equal(m.offered.filter((frame) => !missing.has(frame)));
          expect([...missing].every((frame) => m.offered.includes(frame))).to.equal(true);
          expect(closes[i]).to.equal(m.open ? 0 : 1);
        }
      })
    );
  });

  it('writes a frame for very many in several turns, with what came meanwhile in order behind it', async () => {
    const fanOut = fanOutWith(() => undefined);
    const many = Array.from(
      { length: FLUSHES_PER_TURN + 100 },
      (_, n) => new FakeSocket(fanOut, n)
    );
    for (const socket of many) socket.join('t');
    const written = (): number => many.filter(({ writes }) => writes > 0).length;
    fanOut.publish('t', out('1'));
    await turn();
    expect(written()).to.be.within(FLUSHES_PER_TURN - 10, FLUSHES_PER_TURN);
    fanOut.publish('t', out('2'));
    for (let n = 0; n < 5; n++) await turn();
    for (const { wire } of many) expect(wire).to.deep.equal(['1', '2']);
  });

  it('writes less in a turn the longer the frame is', async () => {
    const { events } = fanOutWith(() => undefined);
    const fanOut = new FanOut(events, { messageBytes: 1e6, lagBytes: 1e6 });
    const many = Array.from({ length: 200 }, (_, n) => new FakeSocket(fanOut, n));
    for (const socket of many) socket.join('t');
    fanOut.publish('t', out('x'.repeat(7 * FLUSH_BYTES)));
    await turn();
    expect(many.filter(({ writes }) => writes > 0)).to.have.length(FLUSHES_PER_TURN / 8);
    for (let n = 0; n < 5; n++) await turn();
    for (const { wire } of many) expect(wire).to.have.length(1);
  });

  it('lets sockets lag sooner while all together hold as much as they may', async () => {
    const outgoing = new ByteBudget(3 * FLUSH_BYTES);
    const dropped: number[] = [];
    const { events } = fanOutWith((socket) => dropped.push(socket));
    const limits = { messageBytes: 1_000, lagBytes: 4 * FLUSH_BYTES };
    const fanOut = new FanOut(events, limits, { outgoing, intake: { isFull: false } });
    const [one, other] = [new FakeSocket(fanOut, 1), new FakeSocket(fanOut, 2)];
    for (const socket of [one, other]) socket.join('t');
    const frame = out('x'.repeat(2 * FLUSH_BYTES));
    fanOut.publish('t', frame);
    await turn();
    expect([outgoing.heldBytes, outgoing.isFull]).to.deep.equal([4 * FLUSH_BYTES, true]);
    fanOut.publish('t', frame);
    expect(dropped).to.deep.equal([1, 2]);
    one.drain();
    one.drained();
    expect([outgoing.heldBytes, one.send(frame)]).to.deep.equal([2 * FLUSH_BYTES, true]);
    one.setAside(5);
    one.setAside(3);
    expect(outgoing.heldBytes).to.equal(4 * FLUSH_BYTES + 3);
    for (const socket of [one, other]) socket.terminate();
    expect(outgoing.heldBytes).to.equal(0);
  });
});
