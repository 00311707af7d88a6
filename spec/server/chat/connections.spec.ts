import { expect } from 'chai';
import { Connection } from '../../../server/chat/connection.js';
import {
  CONNECT_WITHIN_MS,
  Connections,
  GOODBYES_PER_SWEEP,
  LAG_MAX_MS,
  PING_MS,
  SWEEP_MS,
  TOKEN_GRACE_MS
} from '../../../server/chat/connections.js';
import { VirtualClock } from '../../virtual-clock.js';
import { FakeSocket } from './fake-socket.js';
import { TokenBucket } from '../../../server/chat/work/token-bucket.js';

const NO_LIMITS = { total: 0, perUser: 0, perAddress: 0 };

describe('the newcomers of an address', () => {
  const rig = (unnamed: number, perSecond: number) => {
    const clock = new VirtualClock();
    const connections = new Connections(clock, { ...NO_LIMITS, newcomers: { unnamed, perSecond } });
    const open = (address = '::1', isStream = false): Connection => {
      const connection = new Connection('c', address, null, false, clock.elapsed());
      connection.isStream = isStream;
      connections.add(connection);
      return connection;
    };
    return { clock, connections, open };
  };

  it('are as many as may have no user, until one has signed in or gone', () => {
    const { connections, open } = rig(2, 0);
    const [first, second] = [open(), open()];
    open('::1', true);
    expect(connections.admit('::1')).to.equal('unnamed');
    expect(connections.admit('::2')).to.equal(null);
    expect(connections.admit('::1', { user: 'ada' })).to.equal(null);
    connections.name(first, 'ada');
    expect(connections.admit('::1')).to.equal(null);
    const third = open();
    expect(connections.admit('::1')).to.equal('unnamed');
    // Signing in freed the place of `first`, so its end frees no other one.
    connections.remove(first);
    expect(connections.admit('::1')).to.equal('unnamed');
    connections.remove(second);
    connections.remove(second);
    connections.remove(third);
    open();
    expect(connections.admit('::1')).to.equal(null);
    open();
    expect(connections.admit('::1')).to.equal('unnamed');
  });

  it('come as often as they may, twice as often in a burst, and again afterwards', async () => {
    const { clock, connections } = rig(0, 4);
    for (let n = 0; n < 8; n++) expect(connections.admit('::1')).to.equal(null);
    expect(connections.admit('::1')).to.equal('too often');
    expect(connections.admit('::2')).to.equal(null);
    await clock.advance(249);
    expect(connections.admit('::1')).to.equal('too often');
    await clock.advance(1);
    expect(connections.admit('::1')).to.equal(null);
    expect(connections.admit('::1')).to.equal('too often');
  });
});

describe('Connections', () => {
  let clock: VirtualClock;
  let connections: Connections;

  beforeEach(() => {
    clock = new VirtualClock();
    connections = new Connections(clock, NO_LIMITS);
  });

  const open = (user: string | null): { connection: Connection; socket: FakeSocket } => {
    const connection = new Connection('c', '::1', null, false, clock.elapsed());
    const socket = new FakeSocket(connection);
    connections.add(connection);
    if (user !== null) connections.name(connection, user);
    return { connection, socket };
  };
  /** Lets time pass and sweeps at each step. `each` is what the client does before a sweep. */
  const pass = async (ms: number, each: () => void = () => undefined): Promise<void> => {
    for (let passed = 0; passed < ms; passed += SWEEP_MS) {
      await clock.advance(SWEEP_MS);
      each();
      connections.sweep();
    }
  };

  it('closes with 3502 what has not connected in time, and not before', async () => {
    const { socket } = open(null);
    await pass(CONNECT_WITHIN_MS - SWEEP_MS);
    expect(socket.ended).to.equal(null);
    await pass(SWEEP_MS);
    expect(socket.ended).to.equal(3502);
    expect(socket.frames[0]).to.include({ code: 3502, reconnect: false });
  });

  it('closes with 3004, to come back, what has connected in time and has its token still checked', async () => {
    const { connection, socket } = open(null);
    connection.early = [];
    await pass(CONNECT_WITHIN_MS);
    expect(socket.frames[0]).to.include({ code: 3004, reconnect: true });
  });

  it('pings what is silent, once each time, and closes it with 3012 when nothing comes', async () => {
    const { socket } = open('ada');
    await pass(PING_MS);
    expect(socket.frames).to.eql([{ type: 'ping' }]);
    await pass(PING_MS - SWEEP_MS);
    expect(socket.frames).to.have.length(1);
    await pass(SWEEP_MS);
    expect(socket.ended).to.equal(3012);
  });

  it('leaves in peace what lets itself be heard', async () => {
    const { connection, socket } = open('ada');
    await pass(10 * PING_MS, () => {
      connection.heard(clock.elapsed());
    });
    expect(socket.sent).to.eql([]);
    expect(socket.ended).to.equal(null);
  });

  const DAY_MS = 86_400_000;

  for (const [name, jumpMs] of [
    ['set ahead by two days', 2 * DAY_MS],
    ['set back by two days', -2 * DAY_MS]
  ] as const) {
    describe(`with the wall clock ${name}`, () => {
      it('pings what is silent, and closes only what does not answer', async () => {
        const polite = open('ada');
        const dead = open('bob');
        const answer = (): void => {
          const asked = polite.socket.frames.length;
          if (asked > answered) polite.connection.heard(clock.elapsed());
          answered = asked;
        };
        let answered = 0;
        await pass(5 * SWEEP_MS, answer);
        clock.jump(jumpMs);
        await pass(PING_MS - 6 * SWEEP_MS, answer);
        expect([polite.socket.sent, dead.socket.sent]).to.eql([[], []]);
        await pass(SWEEP_MS, answer);
        expect(polite.socket.frames).to.eql([{ type: 'ping' }]);
        await pass(PING_MS - SWEEP_MS, answer);
        expect(dead.socket.ended).to.equal(null);
        await pass(SWEEP_MS, answer);
        expect([polite.socket.ended, dead.socket.ended]).to.eql([null, 3012]);
        await pass(3 * PING_MS, answer);
        expect(polite.socket.ended).to.equal(null);
      });

      it('gives as long as ever to connect and to catch up', async () => {
        const stranger = open(null);
        const slow = open('ada');
        connections.lagBegins(slow.connection);
        const heard = (): void => {
          slow.connection.heard(clock.elapsed());
        };
        clock.jump(jumpMs);
        await pass(CONNECT_WITHIN_MS - SWEEP_MS, heard);
        expect(stranger.socket.ended).to.equal(null);
        await pass(SWEEP_MS, heard);
        expect(stranger.socket.ended).to.equal(3502);
        await pass(LAG_MAX_MS - CONNECT_WITHIN_MS - SWEEP_MS, heard);
        expect(slow.socket.ended).to.equal(null);
        await pass(SWEEP_MS, heard);
        expect(slow.socket.ended).to.equal(3008);
      });
    });
  }

  describe('after the server itself slept', () => {
    const sleep = async (): Promise<void> => {
      await clock.sleep(10 * LAG_MAX_MS);
      connections.sweep();
    };

    it('closes nobody who was not pinged, and pings when it would have', async () => {
      const { socket } = open('ada');
      await pass(PING_MS - 2 * SWEEP_MS);
      await sleep();
      expect(socket.sent).to.eql([]);
      await pass(SWEEP_MS);
      expect(socket.frames).to.eql([{ type: 'ping' }]);
      await pass(PING_MS);
      expect(socket.ended).to.equal(3012);
    });

    it('gives who was pinged the time that was left to answer', async () => {
      const { socket } = open('ada');
      await pass(PING_MS + 5 * SWEEP_MS);
      await sleep();
      await pass(PING_MS - 7 * SWEEP_MS);
      expect(socket.ended).to.equal(null);
      await pass(SWEEP_MS);
      expect(socket.ended).to.equal(3012);
    });

    it('gives who is connecting, or lags, the time that was left', async () => {
      const stranger = open(null);
      const slow = open('ada');
      connections.lagBegins(slow.connection);
      await sleep();
      expect([stranger.socket.ended, slow.socket.ended]).to.eql([null, null]);
      await pass(CONNECT_WITHIN_MS - SWEEP_MS);
      expect(stranger.socket.ended).to.equal(3502);
    });

    it('lets in what a client sent meanwhile at its rate', async () => {
      const { connection } = open('ada');
      connection.frames = new TokenBucket(1, clock.elapsed());
      connection.publishes = new TokenBucket(1, clock.elapsed());
      await clock.sleep(30_000);
      connections.sweep();
      for (const bucket of [connection.frames, connection.publishes]) {
        for (let n = 0; n < 30; n++) expect(bucket.take(clock.elapsed())).to.equal(0);
      }
    });

    it('does not count the sleep of before to one who was heard of since', async () => {
      const { connection, socket } = open('ada');
      await pass(5 * SWEEP_MS);
      await clock.sleep(LAG_MAX_MS);
      connection.heard(clock.elapsed());
      connections.sweep();
      await pass(PING_MS - SWEEP_MS);
      expect(socket.sent).to.eql([]);
      await pass(SWEEP_MS);
      expect(socket.frames).to.eql([{ type: 'ping' }]);
    });

    it('closes a token that has expired meanwhile', async () => {
      const { connection, socket } = open('ada');
      connection.expiresAt = clock.now() + LAG_MAX_MS;
      await sleep();
      expect(socket.ended).to.equal(3005);
    });
  });

  it('spreads goodbyes to many, and when they may come back', async () => {
    const all = Array.from({ length: GOODBYES_PER_SWEEP + 2 }, () => open('ada'));
    const heard = (): void => {
      for (const { connection } of all) connection.heard(clock.elapsed());
    };
    for (const { connection } of all) connections.lagBegins(connection);
    await pass(LAG_MAX_MS, heard);
    const gone = all.filter(({ socket }) => socket.ended === 3008);
    expect(gone).to.have.length(GOODBYES_PER_SWEEP);
    const waits = gone.map(({ socket }) => socket.frames[0]!['afterMs']);
    expect(waits.slice(0, 3)).to.eql([0, 1, 2]);
    expect(new Set(waits).size).to.equal(GOODBYES_PER_SWEEP);
    await pass(SWEEP_MS);
    expect(all.filter(({ socket }) => socket.ended === null)).to.eql([]);
    expect(all.at(-1)!.socket.frames[0]).to.include({ afterMs: 1 });
  });

  it('closes on time whose token has ended, however many, and spreads when they may come back', async () => {
    const all = Array.from({ length: GOODBYES_PER_SWEEP + 2 }, () => open('ada'));
    for (const { connection } of all) connection.expiresAt = clock.now() + 1;
    await pass(TOKEN_GRACE_MS + SWEEP_MS);
    expect(all.filter(({ socket }) => socket.ended !== 3005)).to.eql([]);
    const waits = all.map(({ socket }) => socket.frames[0]!['afterMs']);
    expect(new Set(waits).size).to.equal(all.length);
  });

  it('closes with 3005 when the token has expired for as long as it is still taken', async () => {
    const { connection, socket } = open('ada');
    connection.expiresAt = clock.now() + 3 * SWEEP_MS;
    await pass(2 * SWEEP_MS + TOKEN_GRACE_MS);
    expect(socket.ended).to.equal(null);
    await pass(SWEEP_MS);
    expect(socket.ended).to.equal(3005);
  });

  it('closes with 3008 what has lagged for too long, heard of or not', async () => {
    const { connection, socket } = open('ada');
    connections.lagBegins(connection);
    const heard = (): void => {
      connection.heard(clock.elapsed());
    };
    await pass(LAG_MAX_MS - SWEEP_MS, heard);
    expect([socket.ended, connections.lagging]).to.eql([null, 1]);
    await pass(SWEEP_MS, heard);
    expect(socket.ended).to.equal(3008);
  });

  it('tells how many read behind when that changes, by their coming, their catching up and their going', () => {
    const told: unknown[] = [];
    connections = new Connections(clock, NO_LIMITS, (...figures) => told.push(figures));
    const [one, two] = [open('ada'), open('bob')].map(({ connection }) => connection);
    const stranger = new Connection('e1', '::1', null, false, clock.elapsed());
    for (const connection of [one!, one!, two!, stranger]) connections.lagBegins(connection);
    connections.lagEnds(one!);
    connections.lagEnds(stranger);
    connections.remove(two!);
    connections.lagEnds(two!);
    expect(told).to.eql([
      [1, 2],
      [2, 2],
      [1, 2],
      [0, 1]
    ]);
    expect([stranger.laggingSince, one!.laggingSince]).to.eql([null, null]);
  });

  it('forgets users and addresses with their last connection', () => {
    const limited = new Connections(clock, { total: 2, perUser: 1, perAddress: 2 });
    for (let round = 0; round < 3; round++) {
      const one = new Connection('c1', '::1', null, false, 0);
      const two = new Connection('c2', '::1', null, false, 0);
      const three = new Connection('c3', '::2', null, false, 0);
      expect([limited.add(one), limited.add(two), limited.add(three)]).to.eql([true, true, false]);
      expect([limited.name(one, 'ada'), limited.name(two, 'ada')]).to.eql([true, false]);
      // The transport reports the end of refused connections too.
      for (const connection of [three, one, two, one]) limited.remove(connection);
      expect(limited.open).to.equal(0);
    }
  });

  it('gives ids that no other process gives, since they are stored', () => {
    const other = new Connections(clock, NO_LIMITS);
    const ids = [connections, connections, other].map((each) => each.newId());
    expect(new Set(ids).size).to.equal(3);
    for (const id of ids) expect(id).to.match(/^c[0-9A-Za-z]{6,}$/);
  });

  it('tells when the first connection of a user comes and the last one is gone', () => {
    const told: string[] = [];
    connections.onUser = (user, isHere) => told.push(`${user} ${isHere ? 'here' : 'gone'}`);
    const [one, two] = [open('ada'), open('ada')].map(({ connection }) => connection);
    connections.remove(one!);
    connections.remove(one!);
    expect(told).to.eql(['ada here']);
    connections.remove(two!);
    connections.remove(open(null).connection);
    expect(told).to.eql(['ada here', 'ada gone']);
  });

  describe('with an event stream', () => {
    const stream = (): { connection: Connection; socket: FakeSocket } => {
      const opened = open(null);
      opened.connection.isStream = true;
      return opened;
    };

    it('keeps it open though it never says anything, with a ping each time', async () => {
      const { socket } = stream();
      await pass(4 * PING_MS);
      expect(socket.ended).to.equal(null);
      expect(socket.frames).to.eql([1, 2, 3, 4].map(() => ({ type: 'ping' })));
    });

    it('closes it with 3008 when it has lagged for too long, and counts it until then', async () => {
      const { connection, socket } = stream();
      connections.lagBegins(connection);
      expect(connections.lagging).to.equal(1);
      await pass(LAG_MAX_MS - SWEEP_MS);
      expect(socket.ended).to.equal(null);
      await pass(SWEEP_MS);
      expect(socket.ended).to.equal(3008);
    });

    it('counts it for the limits with the others', () => {
      connections = new Connections(clock, { total: 3, perUser: 0, perAddress: 2 });
      open('ada');
      expect(connections.full('::1')).to.equal(null);
      stream();
      expect(connections.full('::1')).to.equal('address');
      expect(connections.full('::2')).to.equal(null);
      connections.add(new Connection('c', '::2', null, false, 0));
      expect(connections.full('::2')).to.equal('server');
    });

    it('counts it for the limit of its user', () => {
      connections = new Connections(clock, { total: 0, perUser: 2, perAddress: 0 });
      open('ada');
      expect(connections.full('::1', 'ada')).to.equal(null);
      const { connection } = stream();
      connections.name(connection, 'ada');
      expect(connections.full('::1', 'ada')).to.equal('user');
      expect([connections.full('::1', 'bob'), connections.full('::1')]).to.eql([null, null]);
      connections.remove(connection);
      expect(connections.full('::1', 'ada')).to.equal(null);
    });

    it('lets a user have as many streams as it may, and no fewer WebSockets', () => {
      const limits = { ...NO_LIMITS, streamsPerUser: 2 };
      connections = new Connections(clock, limits);
      const ada = { user: 'ada' };
      open('ada');
      open('ada');
      const streams = [0, 1].map(() => {
        expect(connections.admit('::1', ada)).to.equal(null);
        const { connection } = stream();
        connections.name(connection, 'ada');
        return connection;
      });
      expect(connections.admit('::1', ada)).to.equal('streams');
      expect(connections.admit('::1', { user: 'bob' })).to.equal(null);
      expect(connections.admit('::1', { user: null })).to.equal(null);
      expect(connections.admit('::1')).to.equal(null);
      if (streams[0] !== undefined) connections.remove(streams[0]);
      expect(connections.admit('::1', ada)).to.equal(null);
    });

    it('gives it no message of another thread as a fallback', () => {
      const { connection, socket } = stream();
      expect(connections.name(connection, 'ada')).to.equal(true);
      expect(connections.isReachable('ada')).to.equal(false);
      expect(connections.fallback('ada', 't', { offset: 1, frame: '{}' })).to.equal(0);
      expect(socket.sent).to.eql([]);
    });
  });
});
