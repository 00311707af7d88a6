import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { median } from '../../../scripts/bench/figures.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { startServer, type ServerProcess } from './server-process.js';
import { publish, times } from '../../../scripts/costs/publishes.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));
const METER = new URL('../../../scripts/costs/turn-meter.mjs', import.meta.url).href;
const PLANT = new URL('./planted-cost.mjs', import.meta.url).href;

/** Most CPU time of a turn, in milliseconds, on a machine where the known work takes {@link KNOWN_MS}. */
const TURN_MS_MAX = 20;

/** CPU time of the known work of turn-meter.mjs on the machine for which the bound was set (AMD EPYC, two cores). */
const KNOWN_MS = 2.1;

/** Garbage collection, and caches that other processes emptied, add to the CPU time. Real turns take 2 to 10 ms. */
const ALLOWANCE = 1.5;

const ROUNDS = 3;

/** A connection that only counts the frames that come. */
class Counting {
  private readonly socket: WebSocket;
  private frames = 0;
  private wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.frames += 1;
      for (let at = -1; (at = data.indexOf(10, at + 1)) !== -1;) this.frames += 1;
      this.wake();
    });
    socket.on('close', () => {
      this.frames = NaN;
      this.wake();
    });
  }

  static async connect(url: string, user: string): Promise<Counting> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
    const client = new Counting(socket);
    await once(socket, 'open');
    await client.ask([{ type: 'connect', user }]);
    return client;
  }

  /** Sends frames in one message, and waits until as many frames (or `answers`) have come back. */
  async ask(frames: readonly object[], answers = frames.length): Promise<void> {
    const until = this.frames + answers;
    this.socket.send(frames.map((frame) => JSON.stringify(frame)).join('\n'));
    while (this.frames < until) await new Promise<void>((resolve) => (this.wake = resolve));
    if (Number.isNaN(this.frames)) throw new Error('the connection was closed');
  }

  close(): void {
    this.socket.terminate();
  }
}

const LARGE = 60;
const SMALL = 1_000;

const CONNECTIONS = 20;

/** Requests that the connections of a user send at once. More answers for one connection would exceed its buffer. */
const REQUESTS: Readonly<Record<string, (all: readonly Counting[]) => Promise<unknown>>> = {
  'pages of history': (all) =>
    Promise.all(
      all.map((each) =>
        each.ask(times(2, (id) => ({ type: 'history', id, thread: 'large', limit: 500 })))
      )
    ),
  'pages of small messages': (all) =>
    Promise.all(
      all.map((each) =>
        each.ask(times(8, (id) => ({ type: 'history', id, thread: 'small', limit: 500 })))
      )
    ),
  'pages of the list of threads': ([one]) =>
    one!.ask(times(40, (id) => ({ type: 'threads', id, limit: 500 }))),
  'replays from the start': (all) =>
    Promise.all(
      all.map((each) =>
        each.ask([{ type: 'subscribe', id: 1, thread: 'large', since: 'start' }], LARGE)
      )
    ),
  pings: (all) =>
    Promise.all(all.map((each) => each.ask(times(100, (id) => ({ type: 'ping', id })))))
};

async function start(transport: string, ...imports: readonly string[]): Promise<ServerProcess> {
  const server = await startServer({
    entry: [...[METER, ...imports].flatMap((url) => ['--import', url]), CLI, 'start'],
    env: {
      TRANSPORT: transport,
      LIMIT_PUBLISH_PER_SECOND: '0',
      LIMIT_CONNECTIONS_PER_USER: '0'
    }
  });
  const client = await Counting.connect(server.url, 'mal');
  await client.ask(times(500, (n) => publish(`t-${String(n)}`, 'x')));
  for (let n = 0; n < SMALL; n += 500) await client.ask(times(500, () => publish('small', 'x')));
  for (let n = 0; n < LARGE; n += 1) await client.ask([publish('large', 'y'.repeat(10_000))]);
  return server;
}

/** Returns the longest turn of a request divided by the bound on this machine: the median of several rounds. */
async function longest(server: ServerProcess, request: string, rounds = ROUNDS): Promise<number> {
  const parts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const all = await Promise.all(times(CONNECTIONS, () => Counting.connect(server.url, 'mal')));
    server.order('calibrate');
    const known = server.lines.filter(({ message }) => message === 'calibrated').length + 1;
    const { knownMs } = await server.line('calibrated', known);
    server.order('begin');
    await REQUESTS[request]!(all);
    const label = `${request} ${String(round)}`;
    server.order(`end ${label}`);
    const turns = (await server.line(`measured ${label}`))['longest'] as number[];
    const bound = TURN_MS_MAX * (Number(knownMs) / KNOWN_MS) * ALLOWANCE;
    parts.push((turns[0] ?? NaN) / bound);
    for (const each of all) each.close();
  }
  return median(parts);
}

for (const transport of TRANSPORTS) {
  describe(`the turns of the event loop on ${transport}`, function () {
    this.timeout(120_000);
    let server: ServerProcess;
    before(async function () {
      requireTransport(this, transport);
      server = await start(transport);
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop('SIGKILL');
    });

    for (const request of Object.keys(REQUESTS)) {
      it(`take less than ${String(TURN_MS_MAX)} ms of CPU time for ${request}`, async () => {
        expect(await longest(server, request)).to.be.within(0, 1);
      });
    }
  });
}

describe('the turns of a server on which lists of threads cost no points', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  before(async () => {
    server = await start('ws', PLANT);
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop('SIGKILL');
  });

  it('are found to take too long', async () => {
    expect(await longest(server, 'pages of the list of threads', 1)).to.be.greaterThan(1);
  });
});
