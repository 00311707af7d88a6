import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { INSPECT_SUBPROTOCOL, type ViewerMessage } from '../../../protocol/inspection.js';
import { launchServer, startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { until } from '../servers/until.js';
import { UpgradeRefused, WireClient } from './wire-client.js';

const PHASES = ['infrastructure', 'handlers', 'monitoring', 'services', 'health'];
const VIEWERS = 10;
const TOKEN = 'a-token-of-the-specs-of-the-inspector';

/** Joins and leaves of a thread. The frames about them are far more than fits into a socket that nobody reads. */
const VISITS = 5_000;

const ROOMS = 40;

/** Joins and leaves a thread `times` times. */
async function visit(url: string, thread: string, times: number): Promise<void> {
  const visitor = await WireClient.connect(url, 'eve');
  // Read from the socket directly: the client keeps and searches all frames, which is slow.
  visitor.socket.removeAllListeners('message');
  let left = 0;
  const done = new Promise<void>((resolve) => {
    visitor.socket.on('message', (data: Buffer) => {
      if (data.includes('"unsubscribed"') && ++left === times) resolve();
    });
  });
  for (let n = 0; n < times; n++) {
    visitor.send({ type: 'subscribe', thread }, { type: 'unsubscribe', thread });
  }
  await done;
  visitor.socket.terminate();
}

/** A viewer of the inspector. */
class Onlooker {
  readonly messages: ViewerMessage[] = [];
  readonly socket: WebSocket;
  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as ViewerMessage);
    });
  }

  static async open(url: string, token?: string): Promise<Onlooker> {
    const address = `${url.replace('http', 'ws')}/inspect/ws`;
    const bearer = token === undefined ? [] : [`bearer.${token}`];
    const socket = new WebSocket(address, [INSPECT_SUBPROTOCOL, ...bearer]);
    const onlooker = new Onlooker(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        reject(new UpgradeRefused(response.statusCode ?? 0, response.headers, ''));
      });
    });
    return onlooker;
  }

  ask(request: object): void {
    this.socket.send(JSON.stringify(request));
  }

  async has(fits: (message: ViewerMessage) => boolean): Promise<ViewerMessage> {
    const found = await until(
      () =>
        new Promise<ViewerMessage | undefined>((resolve) => {
          setImmediate(() => {
            resolve(this.messages.find(fits));
          });
        }),
      (message) => message !== undefined
    );
    if (found === undefined) throw new Error('unreachable');
    return found;
  }
}

async function refusedWith(url: string, token?: string): Promise<number> {
  const outcome = await Onlooker.open(url, token).catch((error: unknown) => error);
  if (outcome instanceof UpgradeRefused) return outcome.status;
  throw new Error('it was let in');
}

for (const transport of TRANSPORTS) {
  describe(`the inspector on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: { TRANSPORT: transport, DELIVERY_GRACE_MS: '300', LIMIT_PUBLISH_PER_SECOND: '0' }
      });
    });
    after(async () => {
      if ((server as ServerProcess | undefined) === undefined) return;
      expect(await server.stop()).to.equal(0);
    });

    it('has recorded the startup from its first moment, with nobody there', async () => {
      const ask = async (path: string): Promise<unknown> =>
        await (await fetch(`${server.url}/inspect/${path}`)).json();
      const recording = (await ask('recording?charts=false')) as {
        messages: {
          name?: string;
          hash?: string;
          snapshot?: { value: { starting?: string; serving?: string } };
        }[];
      };
      const states = recording.messages.flatMap(({ name, snapshot }) =>
        name === 'root' && snapshot !== undefined
          ? [snapshot.value.starting ?? Object.keys(snapshot.value)[0]]
          : []
      );
      expect([...new Set(states)]).to.deep.equal([...PHASES, 'serving']);
      const hash = recording.messages.find(({ name }) => name === 'root')?.hash ?? '';
      expect(await ask(`charts/${hash}`)).to.deep.include({ hash, chart: 'startup' });
    });

    it('shows a thread to a viewer of @statelyai/inspect', async () => {
      const seen: StatelyInspectionEvent[] = [];
      const address = `${server.url.replace('http', 'ws')}/inspect/ws?thread=lobby`;
      createWebSocketReceiver({ server: address }).subscribe((event) => {
        seen.push(event);
      });
      const tree = () => seen.filter(({ type }) => type === '@xstate.actor');
      await until(
        () => fetch(`${server.url}/livez`).then(() => tree().length),
        (count) => count > 10
      );
      for (const actor of tree()) {
        if (actor.type !== '@xstate.actor' || actor.definition === undefined) continue;
        expect(JSON.parse(actor.definition)).to.have.property('id');
      }
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.publish('lobby', 'm1', 'is anybody there?');
      await server.line('Cannot deliver message');
      const bob = await WireClient.connect(server.url, 'bob');
      await bob.subscribe('lobby');
      const values = () =>
        seen.flatMap((event) =>
          event.type === '@xstate.snapshot' && 'thread' in event && event.thread === 'lobby'
            ? [Reflect.get(event.snapshot, 'value') as unknown]
            : []
        );
      await until(
        () => fetch(`${server.url}/livez`).then(() => values().at(-1)),
        (value) => value === 'delivering'
      );
      expect([...new Set(values())]).to.deep.equal([
        'waiting',
        'undelivered',
        'flushing',
        'delivering'
      ]);
      expect(JSON.stringify(seen)).not.to.include('is anybody there?');
      await Promise.all([ada.close(), bob.close()]);
    });

    it('serves ten viewers, one of which does not read: the chat does not notice', async () => {
      const onlookers = await Promise.all(
        Array.from({ length: VIEWERS }, () => Onlooker.open(server.url))
      );
      const [deaf, ...reading] = onlookers;
      if (deaf === undefined) throw new Error('nobody came');
      const rooms = Array.from({ length: ROOMS }, (_, n) => `room-${String(n)}`);
      for (const onlooker of reading) {
        onlooker.ask({ type: 'inspect.watch', id: 1, threads: rooms, everything: false });
      }
      deaf.ask({ type: 'inspect.watch', id: 1, threads: [], everything: true });
      const ada = await WireClient.connect(server.url, 'ada');
      for (const room of rooms) await ada.subscribe(room);
      deaf.socket.pause();
      await visit(server.url, 'lobby', VISITS);
      const acks = await Promise.all(rooms.map((room) => ada.publish(room, `mid-${room}`, 'hi')));
      expect(acks.map(({ type }) => type)).to.deep.equal(acks.map(() => 'ack'));
      for (const thread of rooms) await ada.ask({ type: 'unsubscribe', thread });
      const isLast = (message: ViewerMessage): boolean =>
        message.type === '@xstate.snapshot' &&
        message.thread === rooms.at(-1) &&
        message.event.type === 'subscriber.none';
      await Promise.all(reading.map((onlooker) => onlooker.has(isLast)));
      for (const { messages } of reading) {
        expect(messages.filter(({ type }) => type === 'inspect.dropped')).to.deep.equal([]);
        const seqs = messages.flatMap((message) =>
          'seq' in message && message.type !== 'inspect.hello' ? [message.seq] : []
        );
        expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
      }
      deaf.socket.resume();
      const told = await deaf.has(({ type }) => type === 'inspect.dropped');
      expect(told).to.have.property('count').that.is.greaterThan(100);
      for (const { socket } of onlookers) socket.close();
      await ada.close();
      // On a busy machine the flood of visits may delay the event loop, and the server reports that.
      const warnings = server.lines.filter(
        ({ level, finding }) => level === 'warn' && finding !== 'event_loop_lag'
      );
      expect(warnings).to.deep.equal([]);
    });
  });
}

describe('the inspector', function () {
  this.timeout(60_000);

  it('is not there when it is off', async () => {
    const server = await startServer({ env: { INSPECT: 'off' } });
    try {
      for (const path of [
        '/inspect',
        '/inspect/recording',
        '/inspect/charts/x',
        '/assets/inspect/inspect.js'
      ]) {
        expect((await fetch(server.url + path)).status, path).to.equal(404);
      }
      expect(await refusedWith(server.url)).to.equal(404);
      const { message } = await server.line('Rollcall is serving');
      expect(message).not.to.include('inspector');
    } finally {
      await server.stop();
    }
  });

  it('outside development is off unless it is asked for, and asks for its token', async () => {
    const env = {
      ENVIRONMENT: 'staging',
      AUTH_JWT_SECRET: 'a-secret-of-more-than-thirty-two-bytes',
      INSPECT: 'token',
      INSPECT_TOKEN: TOKEN
    };
    const closed = await startServer({ env: { ...env, INSPECT: '', INSPECT_TOKEN: '' } });
    expect(await refusedWith(closed.url)).to.equal(404);
    await closed.stop();

    const server = await startServer({ env });
    try {
      const { url } = server;
      expect(await refusedWith(url)).to.equal(401);
      expect(await refusedWith(url, `${TOKEN}x`)).to.equal(401);
      expect((await fetch(`${url}/inspect/recording`)).status).to.equal(401);
      const headers = { authorization: `Bearer ${TOKEN}` };
      expect((await fetch(`${url}/inspect/recording`, { headers })).status).to.equal(200);
      const onlooker = await Onlooker.open(url, TOKEN);
      const hello = await onlooker.has(({ type }) => type === 'inspect.hello');
      expect(hello).to.deep.include({ environment: 'staging', maySend: false, showsBodies: false });
      onlooker.ask({
        type: 'inspect.send',
        id: 1,
        sessionId: 'x:0',
        event: { type: 'server.stop' }
      });
      const reply = await onlooker.has(({ type }) => type === 'inspect.reply');
      expect(reply).to.have.property('message').that.includes('development only');
      onlooker.socket.close();
    } finally {
      await server.stop();
    }
    expect(JSON.stringify(server.lines)).not.to.include(TOKEN);
  });

  it('can be looked through before anybody is let into the chat', async () => {
    const server = await launchServer({
      env: { CLICKHOUSE_URL: 'http://127.0.0.1:9/none', CLICKHOUSE_REQUIRED: 'true' }
    });
    const { port } = await server.line('Listening on');
    const url = `http://127.0.0.1:${String(port)}`;
    const onlooker = await Onlooker.open(url);
    await onlooker.has(
      (message) =>
        message.type === '@xstate.snapshot' &&
        message.chart === 'clickhouse' &&
        message.snapshot.tags?.includes('initializing') === true
    );
    onlooker.socket.close();
    await server.stop('SIGKILL');
  });
});
