import { expect } from 'chai';
import { Connection } from '../../../server/chat/connection.js';
import {
  CONNECT_WITHIN_MS,
  Connections,
  LAG_MAX_MS,
  PING_MS,
  SWEEP_MS
} from '../../../server/chat/connections.js';
import { VirtualClock } from '../../virtual-clock.js';
import { FakeSocket } from './fake-socket.js';

const NO_LIMITS = { total: 0, perUser: 0, perAddress: 0 };

describe('Connections', () => {
  let clock: VirtualClock;
  let connections: Connections;

  beforeEach(() => {
    clock = new VirtualClock();
    connections = new Connections(clock, NO_LIMITS);
  });

  const open = (user: string | null): { connection: Connection; socket: FakeSocket } => {
    const connection = new Connection('c', '::1', null, false, clock.now());
    const socket = new FakeSocket(connection);
    connections.add(connection);
    if (user !== null) connections.name(connection, user);
    return { connection, socket };
  };
  /** Lets time pass in the steps of the sweep; `each` is what the client does meanwhile. */
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
      connection.heardAt = clock.now();
    });
    expect(socket.sent).to.eql([]);
    expect(socket.ended).to.equal(null);
  });

  it('closes with 3005 when the token expires', async () => {
    const { connection, socket } = open('ada');
    connection.expiresAt = clock.now() + 3 * SWEEP_MS;
    await pass(2 * SWEEP_MS);
    expect(socket.ended).to.equal(null);
    await pass(SWEEP_MS);
    expect(socket.ended).to.equal(3005);
  });

  it('closes with 3008 what has lagged for too long, heard of or not', async () => {
    const { connection, socket } = open('ada');
    connections.lagBegins(connection);
    const heard = (): void => {
      connection.heardAt = clock.now();
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
    const stranger = new Connection('e1', '::1', null, false, clock.now());
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
      // The transport reports the end of those that were refused as well.
      for (const connection of [three, one, two, one]) limited.remove(connection);
      expect(limited.open).to.equal(0);
    }
  });
});
