import { someOrigins } from '../auth/some-origins.js';
import { expect } from 'chai';
import { createActor, createMachine, type AnyActor } from 'xstate';
import { contained } from '../../../actors/inspection.js';
import { RunActors } from '../../../actors/agents/seeing/run-actors.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Connection } from '../../../server/chat/connection.js';
import { Connections } from '../../../server/chat/connections.js';
import { INSPECT_SUBPROTOCOL } from '../../../protocol/inspection.js';
import { Inspector } from '../../../server/inspector/inspector.js';
import {
  VIEWER_PING_MS,
  VIEWER_REQUESTS_PER_SECOND,
  VIEWER_STUCK_MS,
  VIEWERS_MAX
} from '../../../server/inspector/viewer-limits.js';
import { RouteTable } from '../../../server/http/route-table.js';
import { DOWNLOADS_PER_SECOND } from '../../../server/inspector/inspect-route.js';
import type { Viewer } from '../../../server/inspector/viewer.js';
import type { TransportRequest } from '../../../server/transport/transport.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';
import { FakeSocket } from '../chat/fake-socket.js';
import { threadRig } from '../chat/thread-rig.js';
import { NO_WRONG_KEYS } from '../chat/work/no-wrong-keys.js';

const GRACE_MS = 10_000;

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  states: { off: { on: { press: 'on' } }, on: { on: { press: 'off' } } }
});

function requestOf(path: string, headers: Record<string, string> = {}): TransportRequest {
  const [bare = '', query = ''] = path.split('?');
  return {
    method: 'GET',
    path: bare,
    query,
    address: '127.0.0.1',
    header: (name) => headers[name],
    body: () => Promise.resolve('')
  };
}

/** An inspector over a lamp and some threads. */
class Rig {
  /** How many listeners for messages the inspector has now. */
  messageListeners = 0;
  readonly clock = new VirtualClock();
  readonly logger = new RecordedLogger();
  readonly root: AnyActor = createActor(lamp, { id: 'root' });
  readonly connections = new Connections(this.clock, { total: 0, perUser: 0, perAddress: 0 });
  readonly inspector: Inspector;
  readonly routes: RouteTable;
  readonly backend = threadRig(this.clock, GRACE_MS);
  #ids = 0;

  constructor({
    token = null as string | null,
    allowedOrigins = [] as string[],
    maySend = true,
    showsBodies = false
  } = {}) {
    const incidents = new Incidents({ clock: this.clock, logger: this.logger });
    this.inspector = new Inspector({
      wrongKeys: NO_WRONG_KEYS,
      version: '0.1.0',
      node: 'n1',
      environment: maySend ? 'development' : 'staging',
      token,
      origins: someOrigins({ allowed: allowedOrigins }),
      showsBodies,
      maySend,
      root: () => this.root,
      connections: this.connections,
      clock: this.clock,
      logger: this.logger,
      contain: (observe) => contained(observe, incidents)
    });
    this.routes = new RouteTable(this.inspector.routes);
    this.root.start();
    this.backend.threads.open();
    this.countMessageListeners();
    this.inspector.begin({ ...this.backend, runs: new RunActors() });
  }

  private countMessageListeners(): void {
    const { threads } = this.backend;
    const onMessage = threads.onMessage.bind(threads);
    threads.onMessage = (listener) => {
      this.messageListeners += 1;
      const end = onMessage(listener);
      return () => {
        this.messageListeners -= 1;
        end();
      };
    };
  }

  /** Lets the grace after the start pass, so that the timers left are the inspector's. */
  async endGrace(): Promise<void> {
    await this.clock.advance(GRACE_MS);
    expect(this.clock.waiting).to.equal(0);
  }

  upgrade(path = '/inspect/ws', headers: Record<string, string> = {}) {
    return this.inspector.endpoint.events.upgrade(requestOf(path, headers));
  }

  /** Connects a viewer and returns its socket. */
  enter({ path = '/inspect/ws', isOurs = true } = {}): FakeSocket<Viewer> {
    const headers = isOurs ? { 'sec-websocket-protocol': INSPECT_SUBPROTOCOL } : {};
    const decision = this.upgrade(path, headers);
    if (!decision.accept) throw new Error(JSON.stringify(decision.reply));
    const socket = new FakeSocket(decision.state);
    decision.state.socket = null;
    this.inspector.endpoint.events.open(socket);
    return socket;
  }

  leave(socket: FakeSocket<Viewer>): void {
    this.inspector.endpoint.events.close(socket, 1000);
  }

  /** Sends a request and returns the reply. */
  ask(socket: FakeSocket<Viewer>, request: object): Record<string, unknown> {
    const id = ++this.#ids;
    this.inspector.endpoint.events.message(socket, JSON.stringify({ ...request, id }));
    const reply = socket.frames.find(
      (frame) => frame['type'] === 'inspect.reply' && frame['id'] === id
    );
    if (reply === undefined) throw new Error('there was no reply');
    return reply;
  }

  watch(socket: FakeSocket<Viewer>, ...threads: string[]): void {
    this.ask(socket, { type: 'inspect.watch', threads, everything: false });
  }

  search(socket: FakeSocket<Viewer>, asked: object = {}): Record<string, unknown> {
    const request = { search: '', state: null, connection: null, after: null, limit: 50, ...asked };
    return this.ask(socket, { type: 'inspect.threads', ...request });
  }
}

const types = (socket: FakeSocket<Viewer>): unknown[] => socket.frames.map(({ type }) => type);
const about = (socket: FakeSocket<Viewer>, thread: string) =>
  socket.frames.filter((frame) => frame['thread'] === thread);

describe('Inspector', () => {
  it('greets a viewer first, and gives it what happens from then on', () => {
    const rig = new Rig();
    const socket = rig.enter();
    expect(socket.frames[0]).to.deep.include({
      type: 'inspect.hello',
      node: 'n1',
      maySend: true,
      showsBodies: false,
      seq: 1
    });
    rig.root.send({ type: 'press' });
    expect(types(socket)).to.deep.equal(['inspect.hello', '@xstate.event', '@xstate.snapshot']);
    expect(socket.frames[2]).to.deep.include({ seq: 3, transitions: ['off|press|0'] });
  });

  it('watches only while somebody looks', async () => {
    const rig = new Rig();
    await rig.endGrace();
    const [first, second] = [rig.enter(), rig.enter()];
    rig.leave(first);
    expect(rig.inspector.recorder.isAttached).to.equal(true);
    rig.leave(second);
    expect(rig.inspector.recorder.isAttached).to.equal(false);
    expect(rig.clock.waiting).to.equal(0);
    expect(rig.messageListeners).to.equal(0);
  });

  it('records the startup with nobody there, and stops when it is over', () => {
    const rig = new Rig();
    rig.inspector.beginStartup();
    rig.root.send({ type: 'press' });
    rig.inspector.finishStartup();
    rig.root.send({ type: 'press' });
    expect([...rig.inspector.recorder.kept()].map(({ says }) => says)).to.deep.equal([
      'state',
      null,
      'state'
    ]);
  });

  describe('access', () => {
    it('lets anybody of the same host in when it is on, and no page from elsewhere', () => {
      const rig = new Rig();
      expect(rig.upgrade().accept).to.equal(true);
      const same = { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' };
      expect(rig.upgrade('/inspect/ws', same).accept).to.equal(true);
      const other = rig.upgrade('/inspect/ws', { ...same, origin: 'http://evil.example' });
      expect(other).to.deep.include({ accept: false });
      expect(other.accept ? null : other.reply.status).to.equal(403);
    });

    it('is open to addresses and localhost only, so that no foreign name can be made to point here', () => {
      const isOpen = (rig: Rig, host: string): boolean =>
        rig.upgrade('/inspect/ws', { host, origin: `http://${host}` }).accept;
      const rig = new Rig();
      for (const host of [
        '127.0.0.1:8080',
        '10.1.2.3',
        '[::1]:8080',
        'localhost:8080',
        'a.localhost'
      ]) {
        expect(isOpen(rig, host), host).to.equal(true);
      }
      for (const host of [
        'evil.example',
        'evil.example:8080',
        'localhost.evil.example',
        '1.2.3.4.nip.io'
      ]) {
        expect(isOpen(rig, host), host).to.equal(false);
      }
      const listed = new Rig({ allowedOrigins: ['https://dev.example:8443'] });
      const headers = { host: 'dev.example:8443', origin: 'https://dev.example:8443' };
      expect(listed.upgrade('/inspect/ws', headers).accept).to.equal(true);
      const holder = new Rig({ token: 'open-sesame' });
      const bearer = { host: 'dev.example', authorization: 'Bearer open-sesame' };
      expect(holder.upgrade('/inspect/ws', bearer).accept).to.equal(true);
    });

    it('asks for the token where there is one, as subprotocol, header or parameter', () => {
      const rig = new Rig({ token: 'open-sesame' });
      const status = (path: string, headers: Record<string, string> = {}): number => {
        const decision = rig.upgrade(path, headers);
        return decision.accept ? 101 : decision.reply.status;
      };
      const path = '/inspect/ws';
      expect(status(path)).to.equal(401);
      expect(status(path, { authorization: 'Bearer open-sesam' })).to.equal(401);
      expect(status(`${path}?token=`)).to.equal(401);
      expect(status(path, { authorization: 'Bearer open-sesame' })).to.equal(101);
      expect(status(`${path}?token=open-sesame`)).to.equal(101);
      const offered = `${INSPECT_SUBPROTOCOL}, bearer.open-sesame`;
      expect(status(path, { 'sec-websocket-protocol': offered })).to.equal(101);
    });

    it('asks for it on the recording and the charts too', async () => {
      const rig = new Rig({ token: 'open-sesame' });
      for (const path of ['/inspect/recording', '/inspect/charts/0123456789abcdef']) {
        const reply = await rig.routes.answer(requestOf(path));
        expect(reply?.status, path).to.equal(401);
      }
      expect(rig.routes.answer(requestOf('/inspect/elsewhere'))).to.equal(null);
    });

    it('takes so many viewers and no more', () => {
      const rig = new Rig();
      const early = rig.upgrade();
      const sockets = Array.from({ length: VIEWERS_MAX }, () => rig.enter());
      const late = rig.upgrade();
      expect(late.accept ? null : late.reply.status).to.equal(503);
      // This viewer's upgrade was accepted before the last place was taken.
      if (!early.accept) throw new Error('it was not let in');
      const socket = new FakeSocket(early.state);
      rig.inspector.endpoint.events.open(socket);
      expect(socket.ended).to.equal(1013);
      for (const one of sockets) rig.leave(one);
      rig.leave(socket);
      expect(rig.inspector.recorder.isAttached).to.equal(false);
    });
  });

  describe('threads', () => {
    it('are heard of by those who watch them, and the tree by all', () => {
      const rig = new Rig();
      const [watching, other] = [rig.enter(), rig.enter()];
      rig.watch(watching, 'lobby');
      rig.backend.publish('lobby');
      rig.backend.publish('attic');
      expect(about(watching, 'lobby').length).to.be.greaterThan(0);
      expect(about(watching, 'attic')).to.deep.equal([]);
      expect(about(other, 'lobby')).to.deep.equal([]);
    });

    it('are all heard of by one who wants everything', () => {
      const rig = new Rig();
      const socket = rig.enter();
      rig.ask(socket, { type: 'inspect.watch', threads: [], everything: true });
      rig.backend.publish('lobby');
      rig.backend.publish('attic');
      expect(about(socket, 'attic').length).to.be.greaterThan(0);
    });

    it('tell what became of each message to those who watch them by name, without its text', () => {
      const rig = new Rig();
      const [socket, other] = [rig.enter(), rig.enter()];
      rig.ask(other, { type: 'inspect.watch', threads: [], everything: true });
      rig.watch(socket, 'lobby');
      rig.backend.publish('lobby', 'meet me');
      rig.backend.publish('attic', 'meet me');
      const messages = socket.frames.flatMap(({ event }) => event ?? []) as Record<
        string,
        unknown
      >[];
      expect(messages.filter(({ type }) => type === 'message')).to.deep.equal([
        {
          type: 'message',
          mid: 'm1',
          offset: 1,
          from: 'ada',
          kind: 'user_message',
          outcome: 'held',
          subscribers: 0,
          bodyChars: 18
        }
      ]);
      expect(JSON.stringify([socket.sent, other.sent])).not.to.include('meet me');
      expect(rig.messageListeners).to.equal(1);
      rig.watch(socket);
      expect(rig.messageListeners).to.equal(0);
    });

    it('show the texts of messages where they are asked for in the configuration', () => {
      const rig = new Rig({ showsBodies: true });
      const socket = rig.enter();
      rig.watch(socket, 'lobby');
      rig.backend.publish('lobby', 'meet me');
      expect(socket.sent.join()).to.include('meet me');
    });

    it('are searched and paged, by id, state and connection', () => {
      const rig = new Rig();
      const socket = rig.enter();
      const { threads } = rig.backend;
      for (let n = 0; n < 120; n++) threads.get(`t${String(n).padStart(3, '0')}`);
      rig.backend.publish('t007');
      threads.enter(threads.get('t008'), 'bob');
      const result = (asked: object) => {
        const { rows, total, next } = rig.search(socket, asked)['result'] as {
          rows: { thread: string; state: string }[];
          total: number;
          next: string | null;
        };
        return { ids: rows.map(({ thread }) => thread), total, next };
      };
      expect(result({ limit: 3 })).to.deep.equal({
        ids: ['t000', 't001', 't002'],
        total: 120,
        next: 't002'
      });
      expect(result({ limit: 50, after: 't099' }).ids).to.have.length(20);
      expect(result({ search: '11', limit: 50 }).total).to.equal(11);
      expect(result({ state: 'waiting' }).ids).to.deep.equal(['t007']);
      expect(result({ state: 'delivering' }).ids).to.deep.equal(['t008']);

      const connection = new Connection('c1', '10.0.0.9', null, false, rig.clock.elapsed());
      connection.user = 'bob';
      const subscription = {
        thread: threads.get('t008'),
        cursor: 0,
        may: [],
        replayTo: null,
        isLive: true,
        behind: null
      };
      connection.subscriptions = [subscription];
      rig.connections.add(connection);
      expect(result({ connection: 'c1' }).ids).to.deep.equal(['t008']);
      expect(result({ connection: 'c2' }).ids).to.deep.equal([]);
      const found = rig.ask(socket, {
        type: 'inspect.connections',
        search: 'bob',
        after: null,
        limit: 5
      });
      expect(found['result']).to.deep.include({
        total: 1,
        rows: [
          {
            connection: 'c1',
            user: 'bob',
            address: '10.0.0.9',
            openedAt: rig.clock.now(),
            laggingSince: null,
            bufferedBytes: 0,
            isLeaving: false,
            threads: ['t008'],
            subscriptions: 1
          }
        ]
      });
    });

    it('are found by their whole id when only the log knows them', async () => {
      const rig = new Rig();
      const socket = rig.enter();
      rig.backend.threads.enter(rig.backend.threads.get('once'), 'bob');
      rig.backend.publish('once');
      rig.backend.threads.leave(rig.backend.threads.get('once'), 'bob');
      await rig.clock.advance(60_000);
      rig.backend.threads.sweep();
      expect([...rig.backend.threads.all()].map(({ id }) => id)).to.deep.equal([]);
      const rows = (search: string) =>
        (rig.search(socket, { search })['result'] as { rows: unknown[] }).rows;
      expect(rows('once')).to.have.length(1);
      expect(rows('once')[0]).to.deep.include({ thread: 'once', state: 'passive', offset: 1 });
      expect(rows('onc')).to.deep.equal([]);
      expect(rows('../etc')).to.deep.equal([]);
    });
  });

  describe('a viewer that does not read', () => {
    it('loses messages, is told how many once it reads, and the others lose none', () => {
      const rig = new Rig();
      const [slow, other] = [rig.enter(), rig.enter()];
      slow.room = 0;
      for (let n = 0; n < 500; n++) rig.root.send({ type: 'press' });
      expect(slow.frames).to.have.length(1);
      expect(other.frames).to.have.length(1 + 1_000);
      slow.room = Infinity;
      rig.inspector.endpoint.events.drain(slow);
      expect(slow.frames.at(-1)).to.deep.equal({ type: 'inspect.dropped', count: 1_000 });
      rig.root.send({ type: 'press' });
      expect(types(slow).slice(-2)).to.deep.equal(['@xstate.event', '@xstate.snapshot']);
    });

    it('is cut off after a while, and one that reads is sent signs of life', async () => {
      const rig = new Rig();
      const [stuck, reading] = [rig.enter(), rig.enter()];
      stuck.room = 0;
      await rig.clock.advance(VIEWER_PING_MS + VIEWER_STUCK_MS);
      expect(stuck.ended).to.equal(1006);
      expect(reading.ended).to.equal(null);
      expect(types(reading)).to.include('inspect.ping');
    });

    it('is not cut off for the time in which the server slept, nor by a wall clock that jumps', async () => {
      const rig = new Rig();
      const stuck = rig.enter();
      stuck.room = 0;
      await rig.clock.advance(VIEWER_PING_MS);
      rig.clock.jump(172_800_000);
      await rig.clock.sleep(10 * VIEWER_STUCK_MS);
      expect(stuck.ended).to.equal(null);
      await rig.clock.advance(VIEWER_PING_MS + VIEWER_STUCK_MS);
      expect(stuck.ended).to.equal(1006);
    });

    it('leaves no timer and no observer behind when it was the only one and is cut off', async () => {
      const rig = new Rig();
      await rig.endGrace();
      const stuck = rig.enter();
      stuck.room = 0;
      // The transports report the end of a socket before `terminate` returns.
      stuck.terminate = () => {
        stuck.ended = 1006;
        rig.leave(stuck);
      };
      await rig.clock.advance(VIEWER_PING_MS + VIEWER_STUCK_MS);
      expect(stuck.ended).to.equal(1006);
      expect(rig.inspector.recorder.isAttached).to.equal(false);
      expect(rig.clock.waiting).to.equal(0);
    });
  });

  describe('requests', () => {
    it('are answered in words when they are none', () => {
      const rig = new Rig();
      const socket = rig.enter();
      rig.inspector.endpoint.events.message(socket, '{');
      expect(socket.frames.at(-1)).to.deep.equal({
        type: 'inspect.reply',
        id: null,
        ok: false,
        message: 'the request is not JSON'
      });
    });

    it('are limited in number', async () => {
      const rig = new Rig();
      const socket = rig.enter();
      const ask = () => rig.search(socket);
      const replies = Array.from({ length: 2 * VIEWER_REQUESTS_PER_SECOND + 1 }, ask);
      expect(replies.at(-2)).to.include({ ok: true });
      expect(replies.at(-1)).to.deep.include({ ok: false });
      expect(replies.at(-1)?.['message']).to.include('ask again in');
      await rig.clock.advance(1_000);
      expect(ask()).to.include({ ok: true });
    });

    it('switch the recording on for all to see, and off', () => {
      const rig = new Rig();
      const [socket, other] = [rig.enter(), rig.enter()];
      expect(rig.ask(socket, { type: 'inspect.record', on: true })).to.deep.include({ ok: true });
      expect(other.frames.at(-1)).to.deep.include({ type: 'inspect.recording' });
      rig.leave(socket);
      rig.leave(other);
      expect(rig.inspector.recorder.isAttached).to.equal(true);
      const again = rig.enter();
      rig.ask(again, { type: 'inspect.record', on: false });
      rig.leave(again);
      expect(rig.inspector.recorder.isAttached).to.equal(false);
    });

    it('send an event by hand, which is logged', () => {
      const rig = new Rig();
      const socket = rig.enter();
      const { sessionId } = rig.root;
      const event = { type: 'press' };
      expect(rig.ask(socket, { type: 'inspect.send', sessionId, event })).to.deep.include({
        ok: true
      });
      expect(rig.root.getSnapshot()).to.have.property('value', 'on');
      expect(rig.logger.with('sent by hand')).to.have.length(1);
    });

    it('refuse events that the chart does not take, and actors that are not there', () => {
      const rig = new Rig();
      const socket = rig.enter();
      const send = (sessionId: string, type: string) =>
        rig.ask(socket, { type: 'inspect.send', sessionId, event: { type } })['message'];
      expect(send(rig.root.sessionId, 'xstate.stop')).to.equal(
        'lamp takes no xstate.stop; it takes press'
      );
      expect(send(rig.root.sessionId, 'burn')).to.equal('lamp takes no burn; it takes press');
      expect(send('x:none', 'press')).to.include('no such actor');
      expect(rig.root.getSnapshot()).to.have.property('value', 'off');
    });

    it('send nothing outside development', () => {
      const rig = new Rig({ maySend: false });
      const socket = rig.enter();
      const { sessionId } = rig.root;
      const reply = rig.ask(socket, { type: 'inspect.send', sessionId, event: { type: 'press' } });
      expect(reply['message']).to.include('in development only, and this is staging');
      expect(rig.root.getSnapshot()).to.have.property('value', 'off');
    });
  });

  describe('a viewer of @statelyai/inspect', () => {
    it('is given the tree with the definitions of its machines, and messages only', () => {
      const rig = new Rig();
      const socket = rig.enter({ isOurs: false });
      expect(types(socket)).to.deep.equal(['@xstate.actor']);
      const [actor] = socket.frames;
      expect(JSON.parse(String(actor?.['definition']))).to.deep.include({
        id: 'lamp',
        initial: 'off'
      });
      rig.root.send({ type: 'press' });
      rig.inspector.endpoint.events.message(socket, '{"type":"inspect.record","id":1,"on":true}');
      expect(types(socket)).to.deep.equal(['@xstate.actor', '@xstate.event', '@xstate.snapshot']);
      expect(rig.inspector.recorder.state.isOn).to.equal(false);
    });

    it('is given the threads that its address names', () => {
      const rig = new Rig();
      const socket = rig.enter({ path: '/inspect/ws?thread=lobby&thread=../x', isOurs: false });
      rig.backend.publish('lobby');
      rig.backend.publish('attic');
      expect(about(socket, 'lobby').map(({ type }) => type)).to.include('@xstate.actor');
      expect(about(socket, 'attic')).to.deep.equal([]);
    });
  });

  it('gives a recording as one file: how actors stood, what happened, and the charts', async function () {
    this.timeout(60_000);
    const rig = new Rig();
    rig.enter();
    rig.root.send({ type: 'press' });
    const reply = await rig.routes.answer(requestOf('/inspect/recording'));
    if (reply === null || !('body' in reply)) throw new Error('there was no reply');
    const recording = JSON.parse(String(reply.body)) as Record<string, unknown[]>;
    expect(recording).to.deep.include({
      format: 'rollcall-recording',
      version: 1,
      rollcall: '0.1.0',
      node: 'n1',
      dropped: 0,
      actors: []
    });
    expect(recording['messages']).to.have.length(3);
    expect(recording['charts']?.[0]).to.deep.include({ chart: 'lamp' });
    const bare = await rig.routes.answer(requestOf('/inspect/recording?charts=false'));
    expect(bare !== null && 'body' in bare && String(bare.body)).to.include('"charts":[]');
    rig.inspector.end();
  });

  it('gives out so many recordings in a second and no more', async () => {
    const rig = new Rig();
    const ask = async () =>
      (await rig.routes.answer(requestOf('/inspect/recording?charts=false')))?.status;
    for (let n = 0; n < 2 * DOWNLOADS_PER_SECOND; n++) expect(await ask()).to.equal(200);
    expect(await ask()).to.equal(503);
    await rig.clock.advance(1_000);
    expect(await ask()).to.equal(200);
  });

  it('says which chart it does not know', async () => {
    const rig = new Rig();
    const reply = await rig.routes.answer(requestOf('/inspect/charts/0123456789abcdef'));
    expect(reply?.status).to.equal(404);
  });
});
