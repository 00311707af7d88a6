import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import { Connection } from '../../../server/chat/connection.js';
import { Connections } from '../../../server/chat/connections.js';
import {
  COME_BACK_MIN_MS,
  COME_BACK_SPREAD_MS,
  DRAIN_LINGER_MS,
  DRAIN_SLICE_MS,
  Drain,
  drainConnections,
  PATIENCE_MS
} from '../../../server/wiring/drain.js';
import { VirtualClock } from '../../virtual-clock.js';
import { FakeSocket } from '../chat/fake-socket.js';

class Rig {
  readonly clock = new VirtualClock();
  readonly connections = new Connections(this.clock, { total: 0, perUser: 0, perAddress: 0 });
  readonly sockets: FakeSocket[] = [];
  /** When sockets were closed, in order, in milliseconds after the start of the drain. */
  readonly closedMs: number[] = [];
  isDone = false;
  #startedAt = 0;

  constructor(count: number, streams = 0) {
    for (let index = 0; index < count + streams; index++) {
      const connection = new Connection(`c${String(index)}`, '::1', null, false, 0);
      connection.isStream = index >= count;
      this.connections.add(connection);
      const socket = new FakeSocket(connection);
      const end = socket.end.bind(socket);
      socket.end = (code) => {
        end(code);
        this.closedMs.push(this.clock.now() - this.#startedAt);
      };
      this.sockets.push(socket);
    }
  }

  start(shutdownMs = 30_000): void {
    let next = 0;
    const random = (): number => (next = (next + 0.37) % 1);
    const { clock, connections } = this;
    this.#startedAt = clock.now();
    void drainConnections({ connections, clock, random, shutdownMs }).then(() => {
      this.isDone = true;
    });
  }

  /** Close code of each socket; null when it was not closed. */
  get ends(): (number | null)[] {
    return this.sockets.map(({ ended }) => ended);
  }
}

describe('drainConnections', () => {
  it('closes in slices', async () => {
    const rig = new Rig(200);
    rig.start();
    expect(rig.closedMs).to.have.length(20);
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(rig.closedMs).to.have.length(40);
  });

  it('spreads the closes of 2,000 clients evenly over two seconds', async () => {
    const rig = new Rig(2_000);
    rig.start();
    await rig.clock.advance(2_000);
    expect(rig.ends.every((code) => code === 3001)).to.equal(true);
    for (let tenth = 1; tenth <= 10; tenth++) {
      const at = rig.closedMs[tenth * 200 - 1];
      expect(at).to.be.within(tenth * 200 - 2 * DRAIN_SLICE_MS, tenth * 200);
    }
  });

  it('sends nobody back before the drain is over, and spreads their coming back', async () => {
    const rig = new Rig(2_000);
    rig.start();
    await rig.clock.advance(2_000);
    const backMs = rig.sockets
      .map(({ frames }, index) => Number(frames[0]?.['afterMs']) + Number(rig.closedMs[index]))
      .sort((a, b) => a - b);
    const from = 2_000 + COME_BACK_MIN_MS;
    expect(backMs[0]).to.be.at.least(from - 1);
    for (let tenth = 1; tenth <= 10; tenth++) {
      const at = from + (COME_BACK_SPREAD_MS * tenth) / 10;
      expect(backMs[tenth * 200 - 1]).to.be.within(at - 100, at + 100);
    }
  });

  it('takes a third of the shutdown at the most', async () => {
    const rig = new Rig(5_000);
    rig.start(300);
    await rig.clock.advance(100);
    expect(rig.ends.every((code) => code === 3001)).to.equal(true);
  });

  it('takes no longer when its turns come late', async () => {
    const rig = new Rig(2_000);
    const { clock } = rig;
    const inTime = clock.setTimeout.bind(clock);
    clock.setTimeout = (work, timeoutMs) => inTime(work, timeoutMs * 10);
    rig.start();
    await clock.advance(2_000);
    expect(rig.ends.every((code) => code === 3001)).to.equal(true);
  });

  for (const jumpMs of [172_800_000, -172_800_000]) {
    it(`takes as long as ever when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
      const rig = new Rig(100);
      const { clock } = rig;
      rig.start();
      await clock.advance(DRAIN_SLICE_MS);
      const gone = (): number => rig.ends.filter((code) => code === 3001).length;
      clock.jump(jumpMs);
      await clock.advance(DRAIN_SLICE_MS);
      expect(gone()).to.be.within(1, 99);
      await clock.advance(200);
      expect(gone()).to.equal(100);
    });
  }

  it('waits for the answer to what a client has asked', async () => {
    const rig = new Rig(2);
    const [busy] = rig.sockets;
    busy!.state.unanswered = 2;
    rig.start();
    await rig.clock.advance(1_000);
    expect(rig.ends).to.deep.equal([null, 3001]);
    expect(busy!.state.isLeaving).to.equal(true);
    busy!.state.unanswered = 0;
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(rig.ends).to.deep.equal([3001, 3001]);
  });

  it('waits for the check of a token that is under way', async () => {
    const rig = new Rig(1);
    rig.sockets[0]!.state.early = [];
    rig.start();
    await rig.clock.advance(1_000);
    expect(rig.ends).to.deep.equal([null]);
    rig.sockets[0]!.state.early = null;
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(rig.ends).to.deep.equal([3001]);
  });

  it('feeds a client with a full buffer no more, and tells it once the buffer is empty', async () => {
    const rig = new Rig(1);
    const [slow] = rig.sockets;
    const thread = new ActiveThread('t', false, 'x', 7, 0);
    slow!.state.subscriptions = [
      { thread, may: [], cursor: 0, replayTo: null, isLive: true, behind: null }
    ];
    slow!.join('t');
    slow!.bufferedBytes = 900_000;
    rig.start();
    await rig.clock.advance(1_000);
    expect(rig.ends).to.deep.equal([null]);
    expect([...slow!.topics]).to.deep.equal([]);
    slow!.bufferedBytes = 0;
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(slow!.frames).to.have.length(1);
    expect(slow!.frames[0]).to.include({ type: 'disconnect', code: 3001 });
  });

  it('waits for one that does not read for a few seconds, not longer', async () => {
    const rig = new Rig(1);
    rig.sockets[0]!.bufferedBytes = 1;
    rig.start();
    await rig.clock.advance(PATIENCE_MS - 1);
    expect(rig.ends).to.deep.equal([null]);
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(rig.ends).to.deep.equal([3001]);
  });

  it('waits for nobody longer than half the shutdown', async () => {
    const rig = new Rig(1);
    rig.sockets[0]!.bufferedBytes = 1;
    rig.start(1_000);
    await rig.clock.advance(500);
    expect(rig.ends).to.deep.equal([3001]);
  });

  it('sends event streams away with the others', async () => {
    const rig = new Rig(100, 100);
    rig.start();
    await rig.clock.advance(100 - DRAIN_SLICE_MS);
    expect(rig.closedMs).to.have.length(100);
    await rig.clock.advance(100);
    expect(rig.ends.every((code) => code === 3001)).to.equal(true);
  });

  it('passes over who goes by itself meanwhile', async () => {
    const rig = new Rig(100);
    rig.start();
    for (const { state } of rig.sockets.slice(50)) {
      rig.connections.remove(state);
      state.socket = null;
    }
    await rig.clock.advance(100 + DRAIN_LINGER_MS);
    expect(rig.ends.filter((code) => code !== null)).to.have.length(50);
    expect(rig.isDone).to.equal(true);
  });

  it('lingers after the last goodbye', async () => {
    const rig = new Rig(1);
    rig.start();
    await rig.clock.advance(DRAIN_LINGER_MS);
    expect(rig.isDone).to.equal(false);
    await rig.clock.advance(DRAIN_SLICE_MS);
    expect(rig.isDone).to.equal(true);
  });

  it('is done at once when nobody is there', async () => {
    const rig = new Rig(0);
    rig.start();
    await rig.clock.advance(0);
    expect(rig.isDone).to.equal(true);
    expect(rig.clock.waiting).to.equal(0);
  });
});

describe('Drain', () => {
  it('asks each part to begin before the first goodbye and to end after the last, and waits for it', async () => {
    const clock = new VirtualClock();
    const connections = new Connections(clock, { total: 0, perUser: 0, perAddress: 0 });
    const connection = new Connection('c1', '::1', null, false, 0);
    connections.add(connection);
    const socket = new FakeSocket(connection);
    const seen: string[] = [];
    const end = socket.end.bind(socket);
    socket.end = (code) => {
      end(code);
      seen.push('goodbye');
    };
    const drain = new Drain({ connections, clock, random: () => 0, shutdownMs: 30_000 });
    for (const name of ['one', 'two']) {
      drain.add({
        begin: (forMs) => {
          seen.push(`${name} begins, for ${String(forMs)}`);
        },
        end: () =>
          new Promise((resolve) => {
            clock.setTimeout(() => {
              seen.push(`${name} ends`);
              resolve();
            }, 10);
          })
      });
    }
    const isDone = drain.run().then(() => seen.push('done'));
    await clock.advance(2_000);
    await isDone;
    expect(seen).to.deep.equal([
      'one begins, for 30000',
      'two begins, for 30000',
      'goodbye',
      'one ends',
      'two ends',
      'done'
    ]);
  });
});
