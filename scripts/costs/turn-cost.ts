/**
 * Measures the longest turn of the server's event loop for each of the most expensive requests, in CPU time of the
 * server's thread, so that other work on the machine does not count. No turn should take more than 20 ms. The limits per
 * user are off, because they bound the work per second and not per turn.
 * `npm run turn-cost`, `-- --quick` for one round, `-- --only history` for the requests whose name holds that.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startServer, type ServerProcess } from '../../spec/e2e/servers/server-process.js';
import { median } from '../bench/figures.js';
import { newMid, publish, times } from './publishes.js';

const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** Bound of a turn, in milliseconds of CPU time. */
const TURN_MS_MAX = 20;

/** A request counts as finished when the server has sent nothing for this long, in milliseconds. */
const QUIET_MS = 400;

const CLI = fileURLToPath(new URL('../../dist/cli/cli.js', import.meta.url));
const METER = new URL('turn-meter.mjs', import.meta.url).href;
const THREADS = 10_000;
const HEARERS = 150;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    transport: { type: 'string', default: 'uws,ws' }
  }
});
if (!existsSync(CLI)) throw new Error('dist is missing: run `npm run build` first');

/** A client that only counts what it receives. */
class Counting {
  messages = 0;
  frames = 0;
  lastAt = performance.now();
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      if (code >= 3_000) process.stdout.write(`a connection was closed: ${String(code)}\n`);
    });
    socket.on('message', (data: Buffer) => {
      this.messages += 1;
      this.lastAt = performance.now();
      for (let at = -1; (at = data.indexOf(10, at + 1)) !== -1;) this.frames += 1;
      this.frames += 1;
      // Without an answer to its pings the server would disconnect the client in the middle of the run.
      if (data.length < 1_000 && data.includes('"type":"ping"')) this.send([{ type: 'pong' }]);
    });
  }

  static async connect(url: string, user: string): Promise<Counting> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
    const client = new Counting(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    client.send([{ type: 'connect', user }]);
    await client.until(1);
    return client;
  }

  send(frames: readonly object[]): void {
    this.socket.send(frames.map((frame) => JSON.stringify(frame)).join('\n'));
  }

  async until(frames: number): Promise<void> {
    while (this.frames < frames) await pause(2);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The clients of one server. */
interface Hall {
  readonly server: ServerProcess;
  readonly mal: Counting;
  readonly others: readonly Counting[];
  readonly hearers: readonly Counting[];
}

/** One of the most expensive requests. */
interface Case {
  readonly name: string;
  readonly ask: (hall: Hall) => unknown;
}

const post = async ({ server }: Hall, thread: string, body: unknown): Promise<void> => {
  const reply = await fetch(`${server.url}/api/threads/${thread}/messages`, {
    method: 'POST',
    body: JSON.stringify({ mid: newMid(), from: 'mal', body })
  });
  await reply.arrayBuffer();
};

const get = async ({ server }: Hall, path: string): Promise<void> => {
  await (await fetch(`${server.url}${path}`)).arrayBuffer();
};

/** Reads event streams for a while. */
const streams = async ({ server }: Hall, count: number, path: string): Promise<void> => {
  const end = new AbortController();
  const reading = times(count, async () => {
    const { body } = await fetch(`${server.url}${path}`, { signal: end.signal });
    await body?.pipeTo(new WritableStream());
  });
  await pause(1_000);
  end.abort();
  await Promise.allSettled(reading);
};

const CASES: readonly Case[] = [
  {
    name: '20 × 500 pings',
    ask: ({ mal }) => times(20, () => mal.send(times(500, (id) => ({ type: 'ping', id }))))
  },
  {
    name: '100 threads, pages of 500',
    ask: ({ mal }) => mal.send(times(100, (id) => ({ type: 'threads', id, limit: 500 })))
  },
  {
    name: '300 threads, pages of 1',
    ask: ({ mal }) => mal.send(times(300, (id) => ({ type: 'threads', id, limit: 1 })))
  },
  {
    name: '300 history, pages of 500 small messages',
    ask: ({ mal }) =>
      mal.send(times(300, (id) => ({ type: 'history', id, thread: 'small', limit: 500 })))
  },
  {
    name: '100 history, pages of 512 kB',
    ask: ({ mal }) =>
      mal.send(times(100, (id) => ({ type: 'history', id, thread: 'large', limit: 500 })))
  },
  {
    name: '40 connections × 3 history, pages of 512 kB',
    ask: ({ others }) =>
      others.map((other) =>
        other.send(times(3, (id) => ({ type: 'history', id, thread: 'large', limit: 500 })))
      )
  },
  {
    name: '100 subscriptions from the start, small messages',
    ask: ({ mal }) =>
      mal.send(times(100, (id) => ({ type: 'subscribe', id, thread: 'small', since: 'start' })))
  },
  {
    name: '40 connections × 10 subscriptions from the start',
    ask: ({ others }) =>
      others.map((other) =>
        other.send(times(10, (id) => ({ type: 'subscribe', id, thread: 'large', since: 'start' })))
      )
  },
  {
    name: '5,000 publishes to one thread',
    ask: ({ mal }) => times(10, () => mal.send(times(500, () => publish('quiet', 1))))
  },
  {
    name: '5,000 publishes to threads of their own',
    ask: ({ mal }) =>
      times(10, () => mal.send(times(500, (n) => publish(`own-${newMid()}-${String(n)}`, 1))))
  },
  {
    name: '40 connections × 250 publishes',
    ask: ({ others }) => others.map((other) => other.send(times(250, () => publish('quiet', 1))))
  },
  {
    name: '500 publishes to 150 hearers',
    ask: ({ mal }) => mal.send(times(500, () => publish('hall', 1)))
  },
  {
    name: '40 publishes of 60 kB to 150 hearers',
    ask: ({ mal }) => times(40, () => mal.send([publish('hall', 'x'.repeat(60_000))]))
  },
  {
    name: '100 publishes of 60 kB',
    ask: ({ mal }) => times(100, () => mal.send([publish('quiet', 'x'.repeat(60_000))]))
  },
  {
    name: '100 publishes of 10,000 numbers',
    ask: ({ mal }) =>
      times(100, () =>
        mal.send([
          publish(
            'quiet',
            times(10_000, (n) => n % 10)
          )
        ])
      )
  },
  {
    name: '500 marks among 150 hearers',
    ask: ({ mal }) => mal.send(times(500, (read) => ({ type: 'mark', thread: 'hall', read })))
  },
  {
    name: '500 typing among 150 hearers',
    ask: ({ mal }) =>
      mal.send(times(500, (n) => ({ type: 'typing', thread: 'hall', on: n % 2 === 0 })))
  },
  {
    name: '40 connections × 10 bad frames',
    ask: ({ others }) =>
      others.map((other) => other.send(times(10, () => ({ type: 'none', x: 'y'.repeat(5_000) }))))
  },
  {
    name: '100 HTTP pages of 512 kB',
    ask: (hall) => Promise.all(times(100, () => get(hall, '/api/threads/large/messages?limit=500')))
  },
  {
    name: '300 HTTP publishes',
    ask: (hall) => Promise.all(times(300, () => post(hall, 'quiet', 1)))
  },
  {
    name: '100 HTTP publishes of 60 kB',
    ask: (hall) => Promise.all(times(100, () => post(hall, 'quiet', 'x'.repeat(60_000))))
  },
  {
    name: '100 HTTP publishes to 150 hearers',
    ask: (hall) => Promise.all(times(100, () => post(hall, 'hall', 1)))
  },
  {
    name: '100 event streams from the start',
    ask: (hall) => streams(hall, 100, '/api/threads/large/events?after=0')
  },
  {
    name: '100 journeys',
    ask: (hall) => Promise.all(times(100, (n) => get(hall, `/api/messages/m${String(n)}/journey`)))
  }
];

async function fill(url: string): Promise<void> {
  const mal = await Counting.connect(url, 'mal');
  const all = async (count: number, of: (index: number) => object): Promise<void> => {
    for (let from = 0; from < count; from += 500) {
      const before = mal.frames;
      mal.send(times(Math.min(500, count - from), (n) => of(from + n)));
      await mal.until(before + Math.min(500, count - from));
    }
  };
  await all(THREADS, (n) => publish(`t-${String(n)}`, 'x'));
  await all(2_000, () => publish('small', 'x'));
  for (let n = 0; n < 60; n++) await all(1, () => publish('large', 'y'.repeat(10_000)));
  mal.socket.close();
}

/** The longest turn of a request, in milliseconds. */
async function measure(
  hall: Hall,
  { name, ask }: Case,
  round: number
): Promise<{ longest: number; cpu: number }> {
  const { server, mal, others } = hall;
  const label = `${String(round)} ${name}`;
  server.order('begin');
  await pause(50);
  await ask(hall);
  const latest = (): number =>
    Math.max(...[mal, ...others, ...hall.hearers].map(({ lastAt }) => lastAt));
  const began = performance.now();
  while (performance.now() - Math.max(latest(), began) < QUIET_MS) await pause(20);
  server.order(`end ${label}`);
  const { longest, cpu } = await server.line(`measured ${label}`);
  if (!Array.isArray(longest)) throw new Error('nothing was measured');
  return { longest: Number(longest[0] ?? 0), cpu: Number(cpu) };
}

async function transport(name: string): Promise<void> {
  const server = await startServer({
    entry: ['--import', METER, CLI, 'start'],
    env: {
      TRANSPORT: name,
      LIMIT_PUBLISH_PER_SECOND: '0',
      LIMIT_CONNECTIONS_PER_USER: '0',
      LIMIT_CONNECTIONS_PER_ADDRESS: '0'
    }
  });
  try {
    await fill(server.url);
    const connect = (user: string): Promise<Counting> => Counting.connect(server.url, user);
    const hearers = await Promise.all(times(HEARERS, (n) => connect(`h${String(n)}`)));
    for (const hearer of hearers) hearer.send([{ type: 'subscribe', thread: 'hall' }]);
    process.stdout.write(`\n${name}: the longest turn of the event loop, CPU time\n\n`);
    process.stdout.write('| request | median | most | in all |\n| --- | --- | --- | --- |\n');
    for (const each of CASES.filter((one) => one.name.includes(values.only))) {
      const found = [];
      for (let round = 0; round < (values.quick ? QUICK_ROUNDS : ROUNDS); round++) {
        const others = await Promise.all(times(40, (n) => connect(`o${String(n)}`)));
        const mal = await connect('mal');
        mal.send([{ type: 'subscribe', thread: 'hall' }]);
        await mal.until(3);
        found.push(await measure({ server, mal, others, hearers }, each, round));
        for (const { socket } of [mal, ...others]) {
          socket.close();
        }
      }
      const turns = found.map(({ longest }) => longest);
      const most = Math.max(...turns);
      const cells = [median(turns), most, median(found.map(({ cpu }) => cpu))].map(
        (ms) => `${ms.toFixed(1)} ms`
      );
      process.stdout.write(
        `| ${each.name} | ${cells.join(' | ')} |${median(turns) > TURN_MS_MAX ? ' too long' : ''}\n`
      );
    }
  } finally {
    await server.stop('SIGKILL');
  }
}

for (const name of values.transport.split(',')) await transport(name);
process.exit(0);
