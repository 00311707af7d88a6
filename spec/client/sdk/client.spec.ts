import { expect } from 'chai';
import fc from 'fast-check';
import type { InspectionEvent } from 'xstate';
import {
  connect,
  RollcallError,
  type Client,
  type ConnectOptions
} from '../../../client/sdk/client.js';
import type { ClientState } from '../../../client/sdk/connection/client-state.js';
import { AWAY_MS, PROBE_MS } from '../../../client/sdk/connection/heartbeat.js';
import type {
  ClientEnvironment,
  EnvironmentChange
} from '../../../client/sdk/connection/environment.js';
import type { ThreadItem } from '../../../client/sdk/thread/message-stream.js';
import {
  webOutboxStorage,
  type OutboxStorage,
  type StoredMessage
} from '../../../client/sdk/outbox/outbox-storage.js';
import type { WebSocketConstructor } from '../../../client/sdk/connection/socket.js';
import type { Thread } from '../../../client/sdk/thread/thread.js';
import type { ClientFrame } from '../../../protocol/frames.js';
import { FakeRollcall } from './fake-rollcall.js';
import { memoryWebSocket } from './memory-socket.js';
import { webStorage } from './web-storage.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

describe('connect', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let states: ClientState[];

  async function started(options: ConnectOptions = {}): Promise<Client> {
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      user: 'ada',
      ...options
    });
    states = [];
    client.on('state', (state) => states.push(state));
    await settle();
    return client;
  }

  function record(thread: Thread): { offsets: number[]; gaps: string[] } {
    const seen = { offsets: [] as number[], gaps: [] as string[] };
    thread.on('message', ({ offset }) => seen.offsets.push(offset));
    thread.on('gap', ({ from, to, reason }) =>
      seen.gaps.push(`${reason} ${String(from)}-${String(to)}`)
    );
    return seen;
  }

  /** Delays the server's handling of frames of a type; returns the ids of the frames received meanwhile. */
  function late(type: ClientFrame['type'], byMs: number): ClientFrame['id'][] {
    const ids: ClientFrame['id'][] = [];
    let isDue = false;
    server.intercept = (frame, connection) => {
      if (isDue || frame.type !== type) return false;
      ids.push(frame.id);
      clock.after(byMs, () => {
        isDue = true;
        server.take(connection, JSON.stringify(frame));
        isDue = false;
      });
      return true;
    };
    return ids;
  }

  async function failure(promise: Promise<unknown>): Promise<RollcallError> {
    try {
      await promise;
    } catch (error) {
      if (error instanceof RollcallError) return error;
    }
    throw new Error('did not reject with a RollcallError');
  }

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
  });

  afterEach(() => {
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  describe('connection', () => {
    it('says who it is when the server greets it', async () => {
      await started();
      expect(client.state).to.include({ name: 'connected', user: 'ada' });
    });

    it('tries again when the upgrade is refused with 503', async () => {
      server.refusals = 3;
      await started();
      expect(client.state).to.include({ name: 'waiting', code: 1006, failures: 1 });
      await clock.advance(60_000);
      expect(client.state.name).to.equal('connected');
      expect(server.refusals).to.equal(0);
    });

    it('spreads the first attempt over firstJitterMs when a connection is lost', async () => {
      await started();
      server.closeAll(3001, 'shutdown');
      await settle();
      expect(client.state).to.include({ name: 'waiting', retryAt: clock.now() + 2_500 });
    });

    it('waits as long as the disconnect frame says', async () => {
      await started();
      for (const { peer } of server.connections) {
        peer.send(
          '{"type":"disconnect","code":3001,"reason":"shutdown","reconnect":true,"afterMs":2140}'
        );
      }
      await settle();
      expect(client.state).to.include({
        name: 'waiting',
        code: 3001,
        retryAt: clock.now() + 2_140
      });
      await clock.advance(2_140);
      expect(client.state.name).to.equal('connected');
    });

    for (const code of [3500, 3501, 3503, 3507, 3999]) {
      it(`stops for good when closed with ${String(code)}`, async () => {
        await started();
        server.closeAll(code, 'go away');
        await settle();
        expect(client.state).to.include({ name: 'closed', code, reason: 'go away' });
        expect(clock.waiting).to.equal(0);
      });
    }

    for (const code of [1000, 1006, 1009, 1011, 3001, 3008, 3499, 4000]) {
      it(`comes back when closed with ${String(code)}`, async () => {
        await started();
        server.closeAll(code, '');
        await clock.advance(5_000);
        expect(client.state.name).to.equal('connected');
      });
    }

    it('stops with the words of the error when the token is refused', async () => {
      server.token = 'right';
      await started({ token: 'wrong' });
      expect(client.state.name).to.equal('closed');
      if (client.state.name === 'closed') expect(client.state.error.code).to.equal('unauthorized');
    });

    it('asks for a fresh token when it connects again', async () => {
      let asked = 0;
      await started({ getToken: () => Promise.resolve(`token ${String(++asked)}`) });
      server.closeAll(3005, 'token expired');
      await clock.advance(5_000);
      expect(server.receivedOf('connect').map(({ token }) => token)).to.eql(['token 1', 'token 2']);
    });

    it('waits and tries again when getToken fails', async () => {
      let asked = 0;
      await started({
        getToken: () => {
          if (++asked === 1) throw new Error('offline');
          return 'token';
        }
      });
      expect(client.state).to.include({ name: 'waiting', reason: 'no token: offline' });
      await clock.advance(1_000);
      expect(client.state.name).to.equal('connected');
    });

    it('asks for another token than a kept one after the server said that it ran out', async () => {
      const questions: boolean[] = [];
      await started({
        getToken: ({ expired }) => {
          questions.push(expired);
          return 'token';
        }
      });
      server.closeAll(3005, 'token expired');
      await clock.advance(5_000);
      expect(client.state.name).to.equal('connected');
      expect(questions).to.deep.equal([false, true]);
      expect(states.map(({ name }) => name)).to.deep.equal([
        'connecting',
        'connected',
        'waiting',
        'refreshing',
        'connecting',
        'connected'
      ]);
    });

    it('gives a token that does not come up after 10 s', async () => {
      const errors: string[] = [];
      await started({ getToken: () => new Promise<string>(() => undefined) });
      client.on('error', ({ code }) => errors.push(code));
      expect(client.state.name).to.equal('refreshing');
      await clock.advance(10_000);
      expect(client.state).to.include({
        name: 'waiting',
        reason: 'the application did not give a token in time'
      });
      expect(errors).to.eql(['token']);
    });

    it('takes nothing but text for a token', async () => {
      const errors: RollcallError[] = [];
      await started({ getToken: () => undefined as unknown as string });
      client.on('error', (error) => errors.push(error));
      await clock.advance(1_000);
      expect(client.state.name).to.equal('waiting');
      expect(errors[0]).to.include({
        code: 'token',
        message: 'no token: getToken gave undefined, not text'
      });
    });

    it('does not take the word of the server for its own', async () => {
      await started();
      const thread = client.thread('t');
      await settle();
      const reading = failure(thread[Symbol.asyncIterator]().next());
      for (const one of server.connections) {
        one.send({ type: 'disconnect', code: 1000, reason: 'bye', reconnect: false });
      }
      expect((await reading).message).to.equal('the server closed the connection for good: bye');
    });

    it('stops and says why when the platform lets no WebSocket be opened', async () => {
      const forbidden = function () {
        throw new Error('insecure');
      } as unknown as WebSocketConstructor;
      await started({ WebSocket: forbidden });
      expect(client.state.name).to.equal('closed');
      expect((client.state as { error: RollcallError }).error).to.include({
        code: 'bad_url',
        message: 'no WebSocket can be opened to ws://fake/ws: insecure'
      });
    });

    it('is closed at once when a listener closes it, and tells what comes of it in order', async () => {
      await started();
      client.on('state', ({ name }) => {
        if (name === 'waiting') {
          client.close();
          expect(client.state.name).to.equal('closed');
        }
      });
      server.closeAll(1006, '');
      await settle();
      expect(states.map(({ name }) => name).slice(-2)).to.deep.equal(['waiting', 'closed']);
    });

    it('shows its chart to who inspects it, and no token', async () => {
      const seen: string[] = [];
      const inspected: InspectionEvent[] = [];
      await started({
        getToken: () => 'hunter2',
        inspect: (event) => {
          inspected.push(event);
          if (event.type === '@xstate.snapshot') seen.push(JSON.stringify(event.snapshot));
        }
      });
      client.close();
      const values = inspected.flatMap((event) =>
        event.type === '@xstate.snapshot' && 'value' in event.snapshot
          ? [JSON.stringify(event.snapshot.value)]
          : []
      );
      expect(values).to.include.members([
        '"refreshing"',
        '{"linked":"greeting"}',
        '{"linked":{"connected":"fresh"}}',
        '"closed"'
      ]);
      expect(seen.join()).to.not.include('hunter2');
    });

    describe('environment', () => {
      let change: (change: EnvironmentChange) => void;
      let watched: number;
      const environment: ClientEnvironment = {
        watch: (onChange) => {
          change = onChange;
          watched += 1;
          return () => {
            watched -= 1;
          };
        }
      };

      beforeEach(() => {
        watched = 0;
      });

      for (const news of ['online', 'visible'] as const) {
        it(`tries at once instead of waiting when it hears ${news}`, async () => {
          server.refusals = 1;
          await started({ environment });
          expect(client.state.name).to.equal('waiting');
          change(news);
          await settle();
          expect(client.state.name).to.equal('connected');
        });
      }

      it('goes on at its pace when the network has gone: a server may be on the same machine', async () => {
        server.refusals = 1;
        await started({ environment });
        change('offline');
        await settle();
        expect(client.state.name).to.equal('waiting');
        await clock.advance(1_000);
        expect(client.state.name).to.equal('connected');
      });

      it('lives on when the server answers what it asks after such news', async () => {
        await started({ environment });
        change('visible');
        await clock.advance(PROBE_MS);
        expect(client.state.name).to.equal('connected');
        expect(server.received.filter(({ type }) => type === 'ping')).to.have.length(1);
      });

      it('reconnects when a connection that is thought to live does not answer', async () => {
        await started({ environment });
        server.intercept = ({ type }) => type === 'ping';
        change('online');
        await clock.advance(PROBE_MS);
        expect(client.state).to.include({ name: 'waiting', reason: 'the server has gone silent' });
      });

      it('hears no more once it is closed', async () => {
        await started({ environment });
        expect(watched).to.equal(1);
        client.close();
        expect(watched).to.equal(0);
      });
    });

    it('gives an attempt up when the greeting does not come in 10 s', async () => {
      server.intercept = ({ type }) => type === 'connect';
      await started();
      await clock.advance(9_999);
      expect(client.state.name).to.equal('connecting');
      await clock.advance(1);
      expect(client.state.name).to.equal('waiting');
    });

    it('doubles the bound of the wait when attempts go on failing', async () => {
      server.refusals = 7;
      await started({ random: () => 1 });
      await clock.advance(120_000);
      const waits: number[] = [];
      let at = 0;
      for (const state of states) {
        if (state.name === 'waiting') waits.push(state.failures);
        if (state.name === 'waiting') at = state.retryAt;
      }
      expect(waits).to.eql([1, 2, 3, 4, 5, 6, 7]);
      expect(at - 1_767_225_600_000).to.equal(1_000 + 2_000 + 4_000 + 8_000 + 16_000 + 2 * 20_000);
    });

    it('tries at once when told to', async () => {
      server.refusals = 1;
      await started();
      client.reconnectNow();
      await settle();
      expect(client.state.name).to.equal('connected');
    });

    it('answers the ping of the server', async () => {
      await started();
      for (const connection of server.connections) connection.send({ type: 'ping' });
      await settle();
      expect(server.receivedOf('pong')).to.have.length(1);
    });

    it('asks when nothing has come for one interval and lives on the answer', async () => {
      await started();
      await clock.advance(25_000);
      expect(server.receivedOf('ping')).to.have.length(1);
      await clock.advance(60_000);
      expect(client.state.name).to.equal('connected');
    });

    it('reconnects when nothing has come for two intervals', async () => {
      await started();
      server.intercept = ({ type }) => type === 'ping';
      await clock.advance(49_999);
      expect(client.state.name).to.equal('connected');
      await clock.advance(1);
      expect(client.state).to.include({ name: 'waiting', reason: 'the server has gone silent' });
    });

    for (const jumpMs of [3_600_000, -3_600_000]) {
      it(`finds a silent server after two intervals when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        await started();
        server.intercept = ({ type }) => type === 'ping';
        await clock.advance(30_000);
        clock.jump(jumpMs);
        await clock.advance(20_000 + PROBE_MS);
        const reason = 'the server has gone silent';
        expect(states.find(({ name }) => name === 'waiting')).to.include({ reason });
      });

      it(`stays with a server that answers when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        await started();
        await clock.advance(10_000);
        clock.jump(jumpMs);
        await clock.advance(300_000);
        expect(states.filter(({ name }) => name === 'waiting')).to.eql([]);
      });
    }

    it('does not hold its own sleep against the server, and asks', async () => {
      await started();
      await clock.sleep(3_600_000);
      expect(server.receivedOf('ping')).to.have.length(1);
      await clock.advance(3 * PROBE_MS);
      expect(states.filter(({ name }) => name === 'waiting')).to.eql([]);
    });

    it('asks, too, after a sleep in which only the wall clock went on', async () => {
      await started();
      await clock.advance(24_999);
      clock.jump(3_600_000);
      await clock.advance(1);
      expect(server.receivedOf('ping')).to.have.length(1);
      await clock.advance(3 * PROBE_MS);
      expect(client.state.name).to.equal('connected');
    });

    it('drops a connection that does not answer after its own sleep', async () => {
      await started();
      server.intercept = ({ type }) => type === 'ping';
      await clock.sleep(25_000 + AWAY_MS + 1);
      await clock.advance(PROBE_MS - 1);
      expect(client.state.name).to.equal('connected');
      await clock.advance(1);
      expect(client.state.name).to.equal('waiting');
    });

    it('counts down to the next attempt by a clock that nobody sets', async () => {
      server.refusals = 1;
      await started({ random: () => 1 });
      expect(client.state).to.include({ name: 'waiting', retryMs: 1_000 });
      clock.jump(3_600_000);
      await clock.advance(1_000);
      expect(client.state.name).to.equal('connected');
    });

    it('asks no more often than once a second when the server wants to be asked all the time', async () => {
      server.pingMs = 0.001;
      await started();
      await clock.advance(10_000);
      expect(server.receivedOf('ping')).to.have.length.within(1, 10);
    });

    it('reports a line that is no frame and lives on', async () => {
      await started();
      const errors: string[] = [];
      client.on('error', ({ code }) => errors.push(code));
      for (const { peer } of server.connections)
        peer.send('{oops\n{"type":"ack"}\n{"type":"news"}');
      await settle();
      expect(errors).to.eql(['bad_frame', 'bad_frame']);
      expect(client.state.name).to.equal('connected');
    });
  });

  describe('thread', () => {
    it('goes on from the beginning when the server says that more is replayed than there is', async () => {
      await started();
      const thread = client.thread('t');
      server.intercept = ({ type, id }, connection) => {
        if (type !== 'subscribe') return false;
        const place = { thread: 't', epoch: 'x1', offset: 1, replay: 9, recovered: true };
        const rest = { gap: null, runs: [], present: [] };
        connection.send({
          type: 'subscribed',
          ...(id === undefined ? {} : { id }),
          ...place,
          ...rest
        });
        return true;
      };
      server.closeAll(1006, '');
      await clock.advance(5_000);
      expect(thread.position).to.eql({ offset: 0, epoch: 'x1' });
    });

    it('gets the replay and then what is live, each message once, in order', async () => {
      for (let i = 0; i < 5; i++) server.say('t', 'bob', i);
      await started();
      const seen = record(client.thread('t', { since: 'start' }));
      await settle();
      server.say('t', 'bob', 'live');
      await settle();
      expect(seen).to.eql({ offsets: [1, 2, 3, 4, 5, 6], gaps: [] });
    });

    it('starts with what comes when not told where to start', async () => {
      server.say('t', 'bob', 'old');
      await started();
      const seen = record(client.thread('t'));
      await settle();
      server.say('t', 'bob', 'new');
      await settle();
      expect(seen.offsets).to.eql([2]);
    });

    it('gets what nobody has taken yet when it starts live', async () => {
      for (const text of ['taken', 'held 1', 'held 2']) server.say('t', 'bob', text);
      server.thread('t').heldFrom = 2;
      await started();
      const seen = record(client.thread('t'));
      await settle();
      expect(seen).to.eql({ offsets: [2, 3], gaps: [] });
    });

    it('goes on where it was when the connection is lost', async () => {
      await started();
      const seen = record(client.thread('t'));
      await settle();
      server.say('t', 'bob', 1);
      server.say('t', 'bob', 2);
      await settle();
      server.closeAll(1006, '');
      server.say('t', 'bob', 3);
      server.say('t', 'bob', 4);
      await clock.advance(5_000);
      server.say('t', 'bob', 5);
      await settle();
      expect(seen).to.eql({ offsets: [1, 2, 3, 4, 5], gaps: [] });
      expect(server.receivedOf('subscribe').at(-1)?.since).to.eql({ offset: 2, epoch: 'x1' });
    });

    it('goes on after what it got when lost before it was caught up', async () => {
      for (let i = 0; i < 3; i++) server.say('t', 'bob', i);
      await started();
      const thread = client.thread('t', { since: 'start' });
      const seen = record(thread);
      thread.on('message', ({ offset }) => {
        if (offset === 2) server.closeAll(1006, '');
      });
      await clock.advance(10_000);
      expect(seen).to.eql({ offsets: [1, 2, 3], gaps: [] });
    });

    it('drops a message that comes twice', async () => {
      await started();
      const seen = record(client.thread('t'));
      await settle();
      const message = server.say('t', 'bob', 1);
      for (const connection of server.connections) connection.send(message);
      await settle();
      expect(seen.offsets).to.eql([1]);
    });

    it('says which messages were trimmed when it comes back too late', async () => {
      await started();
      const seen = record(client.thread('t'));
      await settle();
      server.say('t', 'bob', 1);
      await settle();
      server.closeAll(1006, '');
      for (let i = 2; i <= 6; i++) server.say('t', 'bob', i);
      server.thread('t').first = 5;
      await clock.advance(5_000);
      expect(seen).to.eql({ offsets: [1, 5, 6], gaps: ['trimmed 2-4'] });
    });

    it('says that the thread began anew when its epoch changes', async () => {
      await started();
      const seen = record(client.thread('t'));
      await settle();
      for (let i = 1; i <= 3; i++) server.say('t', 'bob', i);
      await settle();
      server.closeAll(1006, '');
      server.thread('t').log.length = 0;
      server.thread('t').epoch = 'x2';
      server.say('t', 'bob', 'anew');
      await clock.advance(5_000);
      expect(seen).to.eql({ offsets: [1, 2, 3, 1], gaps: ['epoch 1-3'] });
      expect(client.thread('t').position).to.eql({ offset: 1, epoch: 'x2' });
    });

    it('says what is missing when the server skips an offset', async () => {
      await started();
      const seen = record(client.thread('t'));
      await settle();
      const first = server.say('t', 'bob', 1);
      for (const connection of server.connections) connection.send({ ...first, offset: 4 });
      await settle();
      expect(seen).to.eql({ offsets: [1, 4], gaps: ['missing 2-3'] });
    });

    it('tells how many are there when the server tells no names', async () => {
      await started();
      const told: string[] = [];
      const thread = client.thread('t');
      thread.on('presence', ({ present, count }) =>
        told.push(`${present.join()} ${String(count)}`)
      );
      await settle();
      const say = (change: object): void => {
        for (const one of server.connections)
          one.send({ type: 'presence', thread: 't', ...change });
      };
      say({ count: 201 });
      say({ join: ['bob'] });
      say({ leave: ['bob', 'cy', 'di'] });
      await settle();
      expect(told).to.eql(['ada 1', ' 201', ' 202', ' 199']);
      expect(thread.presentCount).to.equal(199);
    });

    it('tells who is there, who types and who has read', async () => {
      await started();
      const bob = connect('ws://fake/ws', {
        WebSocket: memoryWebSocket(server),
        clock,
        user: 'bob'
      });
      const told: string[] = [];
      const thread = client.thread('t');
      thread.on('presence', ({ present }) => told.push(`present ${present.join()}`));
      thread.on('typing', ({ user, on }) => told.push(`typing ${user} ${String(on)}`));
      thread.on('mark', ({ user, read }) => told.push(`mark ${user} ${String(read)}`));
      await settle();
      const his = bob.thread('t');
      await settle();
      his.typing(true);
      his.typing(true);
      his.typing(false);
      his.markRead(3);
      his.markRead(2);
      await settle();
      bob.close();
      await settle();
      expect(told).to.eql([
        'present ada',
        'present ada,bob',
        'typing bob true',
        'typing bob false',
        'mark bob 3',
        'present ada'
      ]);
      told.length = 0;
      server.closeAll(1006, '');
      await clock.advance(5_000);
      // The answer to the new subscription holds the read marks of others.
      expect(told).to.include('mark bob 3');
    });

    it('forgets who types when the time is over, a message has come, or the connection is lost', async () => {
      await started();
      const thread = client.thread('t1');
      await settle();
      const told: string[] = [];
      thread.on('typing', ({ user, on }) => told.push(`${user} ${String(on)}`));
      const types = async (user: string) => {
        for (const one of server.connections) {
          one.send({ type: 'typing', thread: 't1', user, on: true, forMs: 6_000 });
        }
        await settle();
      };
      await types('bob');
      await types('cy');
      expect(thread.typists).to.eql(['bob', 'cy']);
      await clock.advance(3_000);
      await types('bob');
      await clock.advance(3_000);
      expect(thread.typists).to.eql(['bob']);
      server.say('t1', 'bob', 'done');
      await settle();
      expect(thread.typists).to.eql([]);
      await types('dan');
      server.closeAll(1006, '');
      await settle();
      expect(thread.typists).to.eql([]);
      expect(told).to.eql([
        'bob true',
        'cy true',
        'bob true',
        'cy false',
        'bob false',
        'dan true',
        'dan false'
      ]);
    });

    it('takes the first answer, and each message once, when answers take longer than 15 s', async () => {
      for (let i = 1; i <= 3; i++) server.say('t', 'bob', i);
      await started();
      const ids = late('subscribe', 16_000);
      const seen = record(client.thread('t', { since: 'start' }));
      await clock.advance(16_000);
      expect(seen.offsets).to.eql([1, 2, 3]);
      server.say('t', 'bob', 4);
      await clock.advance(16_000);
      server.say('t', 'bob', 5);
      await settle();
      expect(ids).to.eql([1, 1]);
      expect(seen).to.eql({ offsets: [1, 2, 3, 4, 5], gaps: [] });
    });

    it('tries a subscription again when it is refused for a moment', async () => {
      let refused = 0;
      server.intercept = (frame, connection) => {
        if (frame.type !== 'subscribe' || refused++ > 0) return false;
        server.refuse(frame, connection, { code: 'unavailable', retry: true, afterMs: 700 });
        return true;
      };
      await started();
      const thread = client.thread('t');
      await clock.advance(699);
      expect(thread.joined).to.equal(false);
      await clock.advance(1);
      expect(thread.joined).to.equal(true);
    });

    it('ends when the server refuses the subscription', async () => {
      server.intercept = (frame, connection) => {
        if (frame.type !== 'subscribe') return false;
        server.refuse(frame, connection, { code: 'forbidden', retry: false });
        return true;
      };
      await started();
      const thread = client.thread('t');
      const reader = thread[Symbol.asyncIterator]();
      const refusal = new Promise<RollcallError>((resolve) => thread.on('refused', resolve));
      expect((await failure(reader.next())).code).to.equal('forbidden');
      expect((await refusal).code).to.equal('forbidden');
    });

    it('asks no more to be let into a thread that was left meanwhile', async () => {
      await started();
      server.intercept = ({ type }) => type === 'subscribe';
      client.thread('t').leave();
      await clock.advance(60_000);
      expect(server.receivedOf('subscribe')).to.have.length(1);
    });

    it('refuses a question that is no JSON, and lives on', async () => {
      await started();
      const thread = client.thread('t');
      const before = 10n as unknown as number;
      expect((await failure(thread.history({ before }))).code).to.equal('bad_frame');
      server.closeAll(1006, '');
      await clock.advance(5_000);
      expect(thread.joined).to.equal(true);
    });

    it('ignores a read mark that is no offset', async () => {
      await started();
      server.say('t', 'bob', 1);
      const thread = client.thread('t');
      await settle();
      thread.markRead(NaN);
      thread.markRead(1);
      await settle();
      expect(server.receivedOf('mark').map(({ read }) => read)).to.eql([1]);
    });

    it('does not count itself among those who type', async () => {
      await started();
      const thread = client.thread('t');
      await settle();
      for (const user of ['ada', 'bob']) {
        for (const one of server.connections) {
          one.send({ type: 'typing', thread: 't', user, on: true, forMs: 6_000 });
        }
      }
      await settle();
      expect(thread.typists).to.eql(['bob']);
    });

    it('hears no more of a thread it has left', async () => {
      await started();
      const thread = client.thread('t');
      const seen = record(thread);
      await settle();
      const read = thread[Symbol.asyncIterator]().next();
      thread.leave();
      await settle();
      server.say('t', 'bob', 1);
      await settle();
      expect(seen.offsets).to.eql([]);
      expect((await read).done).to.equal(true);
      expect(server.receivedOf('unsubscribe')).to.have.length(1);
      expect(client.thread('t')).not.to.equal(thread);
    });

    it('answers a page of history, also when asked before it is connected', async () => {
      for (let i = 1; i <= 9; i++) server.say('t', 'bob', i);
      const start = started();
      const page = client.thread('t').history({ before: 6, limit: 2 });
      await start;
      expect((await page).messages.map(({ offset }) => offset)).to.eql([4, 5]);
    });

    it('gives up on a question when no answer comes', async () => {
      server.intercept = ({ type }) => type === 'threads';
      await started();
      const answer = failure(client.threads());
      await clock.advance(15_000);
      expect(await answer).to.include({ code: 'timeout', retry: true });
    });

    it('is read with for await, gaps included, and says what a slow reader lost', async () => {
      await started();
      const thread = client.thread('t');
      await settle();
      const items: ThreadItem[] = [];
      const reader = thread[Symbol.asyncIterator]();
      for (let i = 1; i <= 1_003; i++) server.say('t', 'bob', i);
      await settle();
      for await (const item of reader) {
        items.push(item);
        if (items.length === 1_001) break;
      }
      expect(items[0]).to.eql({ type: 'gap', gap: { from: 1, to: 3, reason: 'overflow' } });
      const offsets = items.map((item) => (item.type === 'message' ? item.message.offset : 0));
      expect(offsets.slice(1)).to.eql(Array.from({ length: 1_000 }, (_, i) => i + 4));
    });

    it('has every message once and in order whenever connections break', async () => {
      const step = fc.constantFrom('say', 'cut', 'wait', 'step');
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          clock = new VirtualClock();
          server = new FakeRollcall(() => clock.now());
          await started();
          const seen = record(client.thread('t', { since: 'start' }));
          let said = 0;
          for (const one of steps) {
            if (one === 'say') server.say('t', 'bob', ++said);
            else if (one === 'cut') server.closeAll(1006, '');
            else if (one === 'wait') await clock.advance(3_000);
            // A wait so short that a cut in the next step finds unanswered requests.
            else for (let i = 0; i < 3; i++) await Promise.resolve();
          }
          await clock.advance(60_000);
          client.close();
          expect(seen).to.eql({ offsets: Array.from({ length: said }, (_, i) => i + 1), gaps: [] });
        }),
        { numRuns: 60 }
      );
    });
  });

  describe('send', () => {
    it('answers the ack', async () => {
      await started();
      const ack = await client.thread('t').send({ text: 'hi' }, { mid: 'm1' });
      expect(ack).to.include({ thread: 't', mid: 'm1', offset: 1, duplicate: false });
    });

    it('sends with the same mid when the ack was lost with the connection', async () => {
      await started();
      server.intercept = (frame) => {
        if (frame.type !== 'publish') return false;
        // The message is stored, but the connection is lost before the ack.
        server.say(frame.thread, 'ada', frame.body, frame.mid);
        server.closeAll(1006, '');
        server.intercept = () => false;
        return true;
      };
      const thread = client.thread('t');
      const seen = record(thread);
      const sent = thread.send({ text: 'once' });
      await clock.advance(10_000);
      expect(await sent).to.include({ offset: 1, duplicate: true });
      expect(server.thread('t').log).to.have.length(1);
      expect(seen.offsets).to.eql([1]);
      const mids = server.receivedOf('publish').map(({ mid }) => mid);
      expect(mids).to.have.length(2);
      expect(new Set(mids).size).to.equal(1);
    });

    it('sends again when a living connection does not answer in 10 s', async () => {
      await started();
      let ignored = 0;
      server.intercept = ({ type }) => type === 'publish' && ignored++ === 0;
      const sent = client.publish('t', 'x');
      await clock.advance(10_000);
      expect(await sent).to.include({ offset: 1, duplicate: false });
    });

    it('takes the answer to the first attempt when answers take longer than 10 s', async () => {
      await started();
      const ids = late('publish', 12_000);
      const sent = client.publish('t', 'x');
      await clock.advance(12_000);
      expect(client.pending).to.equal(0);
      expect(await sent).to.include({ offset: 1, duplicate: false });
      await clock.advance(12_000);
      expect(ids).to.eql([1, 1]);
      expect(server.thread('t').log).to.have.length(1);
    });

    it('keeps what was sent before it was connected, in order', async () => {
      server.refusals = 2;
      await started();
      const sent = [1, 2, 3].map((body) => client.publish('t', body));
      expect(client.pending).to.equal(3);
      await clock.advance(30_000);
      await Promise.all(sent);
      expect(server.thread('t').log.map(({ body }) => body)).to.eql([1, 2, 3]);
      expect(client.pending).to.equal(0);
    });

    it('waits afterMs and keeps the order when the server refuses for a moment', async () => {
      await started();
      let refused = 0;
      server.intercept = (frame, connection) => {
        if (frame.type !== 'publish' || frame.body !== 2 || refused++ > 0) return false;
        server.refuse(frame, connection, { code: 'rate_limited', retry: true, afterMs: 800 });
        return true;
      };
      const sent = [1, 2, 3].map((body) => client.publish('t', body));
      await clock.advance(799);
      expect(server.thread('t').log).to.have.length(1);
      await clock.advance(1);
      await Promise.all(sent);
      expect(server.thread('t').log.map(({ body }) => body)).to.eql([1, 2, 3]);
    });

    it('rejects and goes on with the next when the server refuses for good', async () => {
      await started();
      server.intercept = (frame, connection) => {
        if (frame.type !== 'publish' || frame.body !== 1) return false;
        server.refuse(frame, connection, { code: 'forbidden', retry: false });
        return true;
      };
      const refused = failure(client.publish('t', 1));
      const kept = client.publish('t', 2);
      expect(await refused).to.include({ code: 'forbidden', retry: false });
      expect((await kept).offset).to.equal(1);
    });

    it('refuses a frame the server would close the connection for', async () => {
      await started();
      const error = await failure(client.publish('t', 'é'.repeat(40_000)));
      expect(error.code).to.equal('too_large');
      expect(server.receivedOf('publish')).to.have.length(0);
      expect(client.state.name).to.equal('connected');
      expect(error.message).to.match(/^\d+ bytes too long: /);
    });

    it('tells the size of a message before it is sent, to the byte', async () => {
      server.frameBytes = 300;
      await started();
      const free = 300 - (client.sizeOf('t', { text: '' })?.bytes ?? 0);
      const fits = { text: 'x'.repeat(free) };
      const over = { text: `${fits.text}é` };
      expect(client.sizeOf('t', fits)).to.eql({ bytes: 300, limit: 300, over: 0 });
      expect(client.sizeOf('t', over)).to.eql({ bytes: 302, limit: 300, over: 2 });
      expect((await client.publish('t', fits)).offset).to.equal(1);
      expect((await failure(client.publish('t', over))).code).to.equal('too_large');
      expect(client.sizeOf('t', undefined)).to.equal(null);
    });

    it('measures by the default of servers until one has told its limit', async () => {
      server.frameBytes = 300;
      const starting = started();
      expect(client.sizeOf('t', 'é')?.limit).to.equal(65_536);
      await starting;
      expect(client.sizeOf('t', 'é')?.limit).to.equal(300);
    });

    it('answers the same promise when the same mid is sent again, and refuses it with another body', async () => {
      await started();
      const options = { mid: 'm1' };
      const first = client.publish('t', { text: 'a' }, options);
      expect(client.publish('t', { text: 'a' }, options)).to.equal(first);
      const object = client.publish('t', { a: 1, b: [2] }, { mid: 'm2' });
      expect(client.publish('t', { b: [2], a: 1 }, { mid: 'm2' })).to.equal(object);
      expect((await failure(client.publish('t', { text: 'b' }, options))).code).to.equal(
        'conflict'
      );
      expect((await first).offset).to.equal(1);
    });

    it('refuses more than maxPending', async () => {
      server.refusals = 1_000;
      await started({ maxPending: 2 });
      const kept = [failure(client.publish('t', 1)), failure(client.publish('t', 2))];
      expect(await failure(client.publish('t', 3))).to.include({ code: 'overflow', retry: true });
      client.close();
      for (const error of await Promise.all(kept)) expect(error.code).to.equal('closed');
    });

    it('refuses what is no JSON value', async () => {
      await started();
      const circle: unknown[] = [];
      circle.push(circle);
      for (const body of [undefined, 1n, circle]) {
        expect((await failure(client.publish('t', body))).code).to.equal('bad_frame');
      }
    });

    it('shows what is on its way: pending, sent, and gone when its message has come', async () => {
      await started();
      const thread = client.thread('t1');
      await settle();
      const seen: string[] = [];
      thread.on('outgoing', ({ mid, state }) => seen.push(`${mid} ${state}`));
      thread.on('message', ({ mid }) => seen.push(`${mid} came`));
      const sent = thread.send({ text: 'hi' }, { mid: 'm1' });
      expect(thread.outgoing).to.have.length(1);
      expect(thread.outgoing[0]).to.deep.include({
        mid: 'm1',
        state: 'pending',
        body: { text: 'hi' },
        offset: null
      });
      await sent;
      await settle();
      expect(seen).to.have.members(['m1 pending', 'm1 sent', 'm1 came']);
      expect(seen[0]).to.equal('m1 pending');
      expect(thread.outgoing).to.deep.equal([]);
    });

    it('keeps showing what failed, with the reason, until it is sent again or given up', async () => {
      await started();
      const thread = client.thread('t1');
      await settle();
      let isRefusing = true;
      server.intercept = (frame, connection) => {
        if (frame.type !== 'publish' || !isRefusing) return false;
        connection.send({
          type: 'error',
          id: frame.id ?? 0,
          code: 'forbidden',
          message: 'not for you',
          retry: false
        });
        return true;
      };
      const options = { kind: 'note', expect: 'stored' } as const;
      await failure(thread.send('a', { ...options, mid: 'm1' }));
      await failure(thread.send('b', { mid: 'm2' }));
      expect(thread.outgoing.map(({ mid, state, error }) => [mid, state, error?.code])).to.eql([
        ['m1', 'failed', 'forbidden'],
        ['m2', 'failed', 'forbidden']
      ]);
      isRefusing = false;
      thread.discard('m2');
      const ack = await thread.retry('m1');
      expect(ack.mid).to.equal('m1');
      await settle();
      expect(thread.outgoing).to.eql([]);
      expect(server.received.at(-1)).to.deep.include({ type: 'publish', body: 'a', ...options });
      expect((await failure(thread.retry('m2'))).code).to.equal('not_found');
    });

    describe('with storage', () => {
      /** Sends while the server is away, and ends the session. */
      async function leaveBehind(storage: OutboxStorage, ...bodies: string[]): Promise<void> {
        server.refusals = 1_000;
        await started({ storage });
        const sends = bodies.map((body) => failure(client.thread('t1').send(body)));
        client.close();
        await Promise.all(sends);
        server.refusals = 0;
      }

      it('sends in the next session what had no ack in the last, in order, before anything new', async () => {
        const web = webStorage();
        await leaveBehind(webOutboxStorage(web, 'ada'), 'one', 'two');
        expect(web.items.size).to.equal(2);
        client = connect('ws://fake/ws', {
          WebSocket: memoryWebSocket(server),
          clock,
          storage: webOutboxStorage(web, 'ada')
        });
        const thread = client.thread('t1');
        expect(thread.outgoing.map(({ body, state }) => [body, state])).to.eql([
          ['one', 'pending'],
          ['two', 'pending']
        ]);
        await thread.send('three');
        await settle();
        expect(server.thread('t1').log.map(({ body }) => body)).to.eql(['one', 'two', 'three']);
        expect(thread.outgoing).to.eql([]);
        expect(web.items.size).to.equal(0);
      });

      it('waits for storage that is slow, so that order is kept', async () => {
        const kept = { thread: 't1', mid: 'm1', at: 5, body: 'one' };
        let give: (messages: StoredMessage[]) => void = () => undefined;
        await started({
          storage: {
            load: () =>
              new Promise((resolve) => {
                give = resolve;
              }),
            put: () => Promise.resolve(),
            remove: () => Promise.resolve()
          }
        });
        const sent = client.publish('t1', 'two');
        await settle();
        expect(server.thread('t1').log).to.eql([]);
        give([kept]);
        await sent;
        expect(server.thread('t1').log.map(({ body }) => body)).to.eql(['one', 'two']);
      });

      it('stores once what two tabs have kept', async () => {
        const web = webStorage();
        await leaveBehind(webOutboxStorage(web, 'ada'), 'one');
        const storage = webOutboxStorage(web, 'ada');
        const other = connect('ws://fake/ws', {
          WebSocket: memoryWebSocket(server),
          clock,
          storage
        });
        await started({ storage });
        await settle();
        other.close();
        expect(server.thread('t1').log.map(({ body }) => body)).to.eql(['one']);
      });

      it('goes on without storage that fails, and says so', async () => {
        const errors: RollcallError[] = [];
        const broken = (): never => {
          throw new Error('quota');
        };
        await started({ storage: { load: () => [], put: broken, remove: () => undefined } });
        client.on('error', (error) => errors.push(error));
        await client.publish('t1', 'one');
        expect(errors.map(({ code }) => code)).to.eql(['storage']);
        expect(errors[0]?.message).to.include('could not be written: quota');
        expect(server.thread('t1').log).to.have.length(1);
      });

      it('is not undone by storage that answers nonsense, and takes what is good of it', async () => {
        const kept = { thread: 't1', mid: 'm1', at: 5, body: 'one' };
        for (const answer of [null, 'x', [null, 7, kept, kept, { ...kept, mid: 'm2', at: 'zz' }]]) {
          const errors: string[] = [];
          const load = () => Promise.resolve(answer as unknown as StoredMessage[]);
          await started({ storage: { load, put: () => undefined, remove: () => undefined } });
          client.on('error', ({ code }) => errors.push(code));
          await client.publish('t1', 'two');
          client.close();
          if (Array.isArray(answer)) expect(errors).to.eql([]);
        }
        expect(server.thread('t1').log.map(({ body }) => body)).to.eql([
          'two',
          'two',
          'one',
          'two'
        ]);
      });

      it('sends without storage that does not answer in 10 s', async () => {
        const errors: string[] = [];
        const load = () => new Promise<StoredMessage[]>(() => undefined);
        await started({ storage: { load, put: () => undefined, remove: () => undefined } });
        client.on('error', ({ code }) => errors.push(code));
        const sent = client.publish('t1', 'one');
        await clock.advance(10_000);
        await sent;
        expect(errors).to.eql(['storage']);
      });

      it('keeps nothing that has its ack, however slow the storage writes', async () => {
        const kept = new Set<string>();
        let write: () => void = () => undefined;
        await started({
          storage: {
            load: () => [],
            put: ({ mid }) =>
              new Promise((resolve) => {
                write = () => {
                  kept.add(mid);
                  resolve();
                };
              }),
            remove: (_, mid) => {
              kept.delete(mid);
            }
          }
        });
        await client.publish('t1', 'one');
        write();
        await settle();
        expect([...kept]).to.eql([]);
      });

      it('goes on without storage that cannot be read', async () => {
        await started({
          storage: {
            load: () => Promise.reject(new Error('locked')),
            put: () => undefined,
            remove: () => undefined
          }
        });
        await client.publish('t1', 'one');
        expect(server.thread('t1').log).to.have.length(1);
      });
    });

    it('stores every message once and in order whatever is lost or refused', async () => {
      const fate = fc.constantFrom('ok', 'lost', 'stored and lost', 'unanswered', 'refused');
      await fc.assert(
        fc.asyncProperty(fc.array(fate, { maxLength: 25 }), fc.nat(12), async (fates, count) => {
          clock = new VirtualClock();
          server = new FakeRollcall(() => clock.now());
          const left = [...fates];
          server.intercept = (frame, connection) => {
            if (frame.type !== 'publish') return false;
            const one = left.shift() ?? 'ok';
            if (one === 'ok') return false;
            const known = server.thread('t').log.some(({ mid }) => mid === frame.mid);
            if (one === 'stored and lost' && !known) server.say('t', 'ada', frame.body, frame.mid);
            if (one === 'refused') {
              server.refuse(frame, connection, { code: 'unavailable', retry: true });
            } else if (one !== 'unanswered') server.closeAll(1006, '');
            return true;
          };
          await started();
          const sent = Array.from({ length: count }, (_, i) => client.publish('t', i));
          await clock.advance(30 * 60_000);
          await Promise.all(sent);
          client.close();
          const bodies = server.thread('t').log.map(({ body }) => body);
          expect(bodies).to.eql(Array.from({ length: count }, (_, i) => i));
        }),
        { numRuns: 60 }
      );
    });
  });

  it('refuses an address that is none', async () => {
    await started();
    expect(() => connect('chat.example.org')).to.throw(RollcallError, 'is not ws://');
    expect(() => connect('ftp://chat.example.org')).to.throw(RollcallError, 'is not ws://');
  });
});
