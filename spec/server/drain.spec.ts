import { expect } from 'chai';
import { Connection } from '../../server/connection.js';
import { Connections } from '../../server/connections.js';
import { COME_BACK_MIN_MS, DRAIN_SLICE_MS, drainConnections } from '../../server/drain.js';
import { VirtualClock } from '../virtual-clock.js';
import { FakeSocket } from './fake-socket.js';

describe('drainConnections', () => {
  const drain = (
    count: number,
    shutdownMs: number
  ): { sockets: FakeSocket[]; clock: VirtualClock; done: Promise<void> } => {
    const clock = new VirtualClock();
    const connections = new Connections(clock, { total: 0, perUser: 0, perAddress: 0 });
    const sockets = Array.from({ length: count }, (_, index) => {
      const connection = new Connection(`c${String(index)}`, '::1', null, false, 0);
      connections.add(connection);
      return new FakeSocket(connection);
    });
    let next = 0;
    const random = (): number => (next = (next + 0.37) % 1);
    return { sockets, clock, done: drainConnections({ connections, clock, random, shutdownMs }) };
  };

  it('tells everybody, in slices, and spreads their coming back', async () => {
    const { sockets, clock, done } = drain(200, 30_000);
    expect(sockets.filter(({ ended }) => ended !== null)).to.have.length(20);
    await clock.advance(DRAIN_SLICE_MS);
    expect(sockets.filter(({ ended }) => ended !== null)).to.have.length(40);
    await clock.advance(200);
    await done;
    expect(sockets.every(({ ended }) => ended === 3001)).to.equal(true);
    const afterMs = sockets.map(({ frames }) => Number(frames[0]?.['afterMs']));
    expect(Math.min(...afterMs)).to.be.at.least(COME_BACK_MIN_MS);
    expect(new Set(afterMs).size).to.be.greaterThan(50);
  });

  it('takes a third of the shutdown at the most', async () => {
    const { sockets, clock, done } = drain(5_000, 300);
    await clock.advance(100);
    await done;
    expect(sockets.every(({ ended }) => ended === 3001)).to.equal(true);
  });

  it('is done at once when nobody is there', async () => {
    const { clock, done } = drain(0, 30_000);
    await done;
    expect(clock.waiting).to.equal(0);
  });
});
