import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket as TcpSocket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { DEADLINES_MARKS, deadlinesTable } from '../../../scripts/docs/socket-deadlines.js';
import { STALLED_MS } from '../../../server/transport/deadlines.js';
import type { HttpStream, TransportRequest } from '../../../server/transport/transport.js';
import { ENGINES, LIMITS, Rig, out, streamed, text, upgradeHeaders } from './transport-rig.js';

/** How often a client checks whether its connection still exists. */
const PROBE_MS = 250;

/** A piece of an event stream, shorter than the buffer that uWebSockets.js fills before it writes. */
const PIECE = `: ${'x'.repeat(8_000)}\n`;

/** Bytes of an empty ping with a mask. */
const PING = Buffer.from('898000000000', 'hex');

/**
 * The soonest end of a connection that has 10 s. uWebSockets.js checks every 4 s and ends it at the third check; the
 * first check may come at once.
 */
const SOONEST_MS = 8_000;

/** How far the clocks of the engines and of Node may differ, since they count whole milliseconds. */
const ROUNDED_MS = 50;

const HALF = {
  'a socket that says nothing': '',
  'half a head': 'GET /livez HTTP/1.1\r\nHost: x\r\nX-A',
  'half an upgrade': 'GET /ws?half HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n',
  'half a body': 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{',
  'a connection kept for another request': 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'
};

/** Opens a connection whose client never ends its side. */
async function open(port: number): Promise<TcpSocket> {
  const tcp = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  // When the server cuts the connection while bytes are on their way, the client gets a reset.
  tcp.on('error', () => undefined);
  await once(tcp, 'connect');
  return tcp;
}

/** Resolves when the server has released the connection, so that writes to it are answered with a reset. */
async function released(tcp: TcpSocket): Promise<void> {
  const probe = setInterval(() => tcp.write(PING), PROBE_MS);
  await new Promise<void>((resolve) => {
    if (tcp.destroyed) resolve();
    else tcp.once('close', () => resolve());
  });
  clearInterval(probe);
}

/** Resolves when the server has ended its side, or cut the connection. */
async function over(tcp: TcpSocket): Promise<void> {
  tcp.resume();
  await new Promise<void>((resolve) => {
    tcp.once('end', resolve);
    tcp.once('close', () => resolve());
  });
}

/**
 * How late the event loop was. uWebSockets.js times its checks by the start of a turn, so a check may come too early by
 * the length of a turn. A lower bound must allow for the longest turn.
 */
const late = monitorEventLoopDelay({ resolution: 10 });

/** Milliseconds since a time of the monotonic clock, plus the time by which a check may have been early. */
function atMostSince(fromMs: number): number {
  return performance.now() - fromMs + late.max / 1e6 + ROUNDED_MS;
}

/** Observed deadlines of one engine. All are waited for at the same time. */
interface Seen {
  /** Connections that ended before any deadline. */
  readonly tooSoon: Promise<string[]>;
  /** Resolves when every ended WebSocket has been released. */
  readonly released: Promise<void>;
  /** Event streams that were cut while their readers took nothing for a while. */
  readonly cut: Promise<string[]>;
}

class Watch {
  readonly rig: Rig;
  readonly peers: TcpSocket[] = [];
  private onStream: (to: HttpStream) => void = () => undefined;

  constructor(create: ConstructorParameters<typeof Rig>[0]) {
    this.rig = new Rig(create);
  }

  async start(): Promise<Seen> {
    await this.rig.start();
    this.rig.events.onRequest = async (r) => {
      if (r.path === '/stream') return streamed((to) => this.onStream(to));
      return text(200, r.path === '/body' ? await r.body(10_000) : 'ok');
    };
    const seen = { tooSoon: this.tooSoon(), released: this.released(), cut: this.cut() };
    // Each case awaits its own promise, possibly after that promise was rejected.
    for (const outcome of Object.values(seen)) outcome.catch(() => undefined);
    return seen;
  }

  async stop(): Promise<void> {
    for (const tcp of this.peers) tcp.destroy();
    await this.rig.stop();
  }

  private async tooSoon(): Promise<string[]> {
    const found: string[] = [];
    // Taken before the connections open, so that a busy machine makes the measured time longer, never shorter.
    const from = performance.now();
    const ends = Object.entries(HALF).map(async ([what, bytes]) => {
      await over(await this.send(bytes));
      if (atMostSince(from) < SOONEST_MS) found.push(what);
    });
    await Promise.all(ends);
    return found;
  }

  private async released(): Promise<void> {
    const { events } = this.rig;
    const answersNothing = this.upgraded('clean').then(async (tcp) => {
      tcp.resume();
      (await events.socket('clean')).end(3001, 'bye');
      return tcp;
    });
    const readsALittle = this.endedWithBytes('little').then((tcp) => {
      let bytes = 0;
      tcp.on('data', (chunk) => {
        bytes += chunk.length;
        if (bytes > 1_000_000) tcp.pause();
      });
      return tcp;
    });
    const ended = await Promise.all([answersNothing, readsALittle, this.endedWithBytes('nothing')]);
    await Promise.all(ended.map(released));
  }

  private async cut(): Promise<string[]> {
    const cut: string[] = [];
    const full = await this.unread(Infinity);
    full.to.onClose(() => cut.push('one that is full'));
    const drained = new Promise<void>((resolve) => full.to.onDrain(resolve));
    // The engine takes the last piece without a report, although the kernel has no room for all of it.
    const silent = await this.unread(full.count);
    silent.to.onClose(() => cut.push('one that has just become full'));
    // A silent connection opened now gets the same time or more. When it ends, any deadline of the streams has passed.
    await over(await this.send(''));
    full.tcp.resume();
    if (cut.length === 0) await drained;
    return cut;
  }

  /** Writes at most so many pieces to an event stream that nobody reads; stops when one is not taken. */
  private async unread(most: number): Promise<{ tcp: TcpSocket; to: HttpStream; count: number }> {
    const opened = new Promise<HttpStream>((resolve) => (this.onStream = resolve));
    const tcp = await this.send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    const to = await opened;
    let count = 0;
    while (count < most && to.write(PIECE)) {
      count++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { tcp, to, count };
  }

  private async send(bytes: string): Promise<TcpSocket> {
    const tcp = await open(this.rig.port);
    this.peers.push(tcp);
    tcp.write(bytes);
    return tcp;
  }

  private async upgraded(name: string): Promise<TcpSocket> {
    const headers = Object.entries(upgradeHeaders()).map(([k, v]) => `${k}: ${v}\r\n`);
    return this.send(`GET /ws?${name} HTTP/1.1\r\n${headers.join('')}\r\n`);
  }

  /** Ends a WebSocket that holds bytes, because its peer has not read them. */
  private async endedWithBytes(name: string): Promise<TcpSocket> {
    const tcp = await this.upgraded(name);
    const socket = await this.rig.events.socket(name);
    for (let n = 0; socket.send(out('x'.repeat(LIMITS.lagBytes / 4))); n++) {
      // Let the kernel take what it can.
      if (n % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end(3008, 'too slow');
    return tcp;
  }
}

describe('both engines in time', function () {
  // A virtual clock does not move the engines' deadlines. They all run at once, and only a broken one takes a minute.
  this.timeout(120_000);
  const watches = Object.entries(ENGINES).map(([engine, create]) => ({
    engine,
    watch: new Watch(create)
  }));
  const seen = new Map<string, Seen>();

  before(async () => {
    late.enable();
    // The delay is measured only after the first sample.
    while (late.count === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const { engine, watch } of watches) seen.set(engine, await watch.start());
  });
  after(async () => {
    for (const { watch } of watches) await watch.stop();
    late.disable();
  });

  for (const { engine } of watches) {
    it(`ends what stays half, and what is kept for nothing (${engine})`, async () => {
      expect(await seen.get(engine)!.tooSoon, 'too soon').to.deep.equal([]);
    });

    it(`releases a WebSocket that it has ended, whatever its peer does (${engine})`, async () => {
      // Only that it happens is judged, not how soon: a check may be early by as much as the event loop was late.
      await seen.get(engine)!.released;
    });

    it(`cuts no event stream, since how long its reader may lag is said elsewhere (${engine})`, async () => {
      expect(await seen.get(engine)!.cut).to.deep.equal([]);
    });
  }
});

/** Resolves to the server's socket of the next request that `node:http` receives. */
function nextServed(): Promise<TcpSocket> {
  const channel = 'http.server.request.start';
  return new Promise((resolve) => {
    const note = (event: unknown): void => {
      unsubscribe(channel, note);
      resolve((event as { socket: TcpSocket }).socket);
    };
    subscribe(channel, note);
  });
}

describe('createWsTransport where node:http has no deadline', () => {
  let rig: Rig;
  let tcp: TcpSocket;

  beforeEach(async () => {
    rig = new Rig(ENGINES.createWsTransport);
    await rig.start();
    tcp = await open(rig.port);
  });
  afterEach(async () => {
    tcp.destroy();
    await rig.stop();
  });

  it('gives a body that is waited for its time, and none to whoever waits for the server', async () => {
    const served = nextServed();
    const asked = new Promise<TransportRequest>((resolve) => {
      rig.events.onRequest = (request) => {
        resolve(request);
        return new Promise(() => undefined);
      };
    });
    tcp.write('POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n');
    const body = (await asked).body(10);
    expect((await served).timeout).to.equal(STALLED_MS);
    tcp.write('{}');
    expect(await body).to.equal('{}');
    expect((await served).timeout).to.equal(0);
  });

  it('gives a reply that nobody reads its time, but not an event stream', async () => {
    const big = Buffer.alloc(16 * 1024 * 1024, 'a');
    const replied: (() => void)[] = [];
    const timeouts: unknown[] = [];
    for (const reply of [{ status: 200, headers: {}, body: big }, streamed(() => undefined)]) {
      const served = nextServed();
      const peer = await open(rig.port);
      const done = new Promise<void>((resolve) => replied.push(resolve));
      rig.events.onRequest = () => {
        // The reply is written before the next turn.
        setImmediate(() => replied.pop()?.());
        return reply;
      };
      peer.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
      await done;
      timeouts.push((await served).timeout);
      peer.destroy();
    }
    expect(timeouts).to.eql([STALLED_MS, 0]);
  });
});

describe('the deadlines of sockets', () => {
  it('are those of docs/operations.md', () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    const [begin, end] = DEADLINES_MARKS;
    const table = page.split(begin)[1]?.split(end)[0]?.trim();
    expect(table, 'run npx tsx scripts/generated-docs.ts').to.equal(deadlinesTable());
  });
});
