import { expect } from 'chai';
import { get, type IncomingMessage } from 'node:http';
import { rm } from 'node:fs/promises';
import { Load, RUNNING_ACKS } from './drain-load.js';
import { startServer, temporaryDir, type ServerProcess } from './server-process.js';
import { SlowReader } from '../wire/slow-reader.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { UpgradeRefused, WireClient } from '../wire/wire-client.js';

/** Number of clients on each engine: all on the engine of production, fewer on the fallback. */
const CROWD = { uws: 2_000, ws: 400 } as const;

/** Messages of 60 kB: more than the kernel and the server's buffer hold for a client that does not read. */
const FLOOD = 150;

/** The server promises one millisecond for each client. On a busy machine it may be late by `LATE_MS`. */
const LATE_MS = 2_000;
const SLICE_MS = 20;

/** Clients are told to return this long after the drain, spread over `BACK_SPREAD_MS`. */
const BACK_FROM_MS = 500;
const BACK_SPREAD_MS = 4_500;

const UNLIMITED = {
  LIMIT_CONNECTIONS_PER_ADDRESS: '0',
  LIMIT_CONNECTIONS_PER_USER: '0',
  LIMIT_PUBLISH_PER_SECOND: '0'
};

/** Opens an event stream of a thread and resolves once it is answered. */
async function openStream(url: string): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    get(`${url}/api/threads/t/events`, { agent: false }, resolve).once('error', reject);
  });
}

/** Returns the whole text of a stream once it has ended. */
async function textOf(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Returns the deciles of the numbers, from the first to the largest number. */
function deciles(numbers: readonly number[]): number[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  return Array.from({ length: 10 }, (_, n) => {
    return sorted[Math.ceil((sorted.length * (n + 1)) / 10) - 1] ?? Number.NaN;
  });
}

for (const transport of TRANSPORTS) {
  describe(`draining on ${transport}`, function () {
    this.timeout(60_000);
    let dataDir: string;
    let server: ServerProcess | undefined;
    const env = { ...UNLIMITED, TRANSPORT: transport, SHUTDOWN_MS: '15000' };

    before(function () {
      requireTransport(this, transport);
    });
    beforeEach(async () => {
      dataDir = await temporaryDir();
    });
    afterEach(async () => {
      await server?.stop('SIGKILL');
      server = undefined;
      await rm(dataDir, { recursive: true, force: true });
    });

    it(`sends ${String(CROWD[transport])} clients away over its time under load, and loses nothing`, async () => {
      const count = CROWD[transport];
      server = await startServer({ dataDir, env });
      const load = new Load();
      await load.join(server.url, count);
      await load.publish();
      const toldAt = performance.now();
      // The exit code is 0 only if the drain took at most SHUTDOWN_MS.
      expect(await server.stop()).to.equal(0);
      await load.ended();

      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
      expect(server.stderr()).to.equal('');

      expect(load.goodbyes).to.have.length(count);
      for (const { said, end } of load.goodbyes) {
        expect(said).to.include({ type: 'disconnect', code: 3001, reconnect: true });
        expect(end).to.eql({ code: 3001, reason: 'shutdown' });
      }
      // Nothing may be early, however busy the machine is. It may be late, within a bound.
      const closes = deciles(load.goodbyes.map(({ at }) => at - toldAt));
      for (const [n, closeMs] of closes.entries()) {
        const dueMs = (count * (n + 1)) / 10;
        expect(closeMs).to.be.within(dueMs - 2 * SLICE_MS, dueMs + LATE_MS);
      }
      const backs = deciles(load.goodbyes.map(({ at, said }) => at - toldAt + said.afterMs!));
      for (const [n, backMs] of backs.entries()) {
        const dueMs = count + BACK_FROM_MS + (BACK_SPREAD_MS * (n + 1)) / 10;
        expect(backMs).to.be.within(dueMs - 500, dueMs + 500 + LATE_MS);
      }
      const soonest = Math.min(...load.goodbyes.map(({ at, said }) => at - toldAt + said.afterMs!));
      expect(soonest).to.be.at.least(count + BACK_FROM_MS - 1);

      server = await startServer({ dataDir, env });
      const { acked, faults, resumed } = await load.verify(server.url);
      expect(faults).to.eql([]);
      // Publishing went on while the server closed connections.
      expect(acked).to.be.greaterThan(RUNNING_ACKS);
      expect(resumed).to.equal(load.threads.length);
    });

    it('tells a client whose buffer is full, and does not wait for ever for one that never reads', async () => {
      server = await startServer({ dataDir, env: { ...env, SHUTDOWN_MS: '3000' } });
      const { url } = server;
      const slow = await SlowReader.open(url, 'slow', ['flood']);
      const deaf = await SlowReader.open(url, 'deaf', ['flood']);
      const ada = await WireClient.connect(url, 'ada');
      const frame = { type: 'publish', thread: 'flood', body: 'x'.repeat(60_000) };
      for (let n = 0; n < FLOOD; n++) ada.send({ ...frame, mid: `f${String(n)}` });
      await ada.next(({ type, mid }) => type === 'ack' && mid === `f${String(FLOOD - 1)}`);
      const toldAt = performance.now();
      const exit = server.stop();
      expect(await ada.next('disconnect')).to.include({ code: 3001 });
      await slow.readUntil((frames) => frames.at(-1)?.type === 'disconnect');
      expect(slow.frames.at(-1)).to.include({ code: 3001, reconnect: true });
      expect(await exit).to.equal(0);
      // The clients get half of SHUTDOWN_MS, and the deaf one uses all of it. After SHUTDOWN_MS the exit code is not 0.
      expect(performance.now() - toldAt).to.be.at.least(1_500);
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
      slow.cut();
      deaf.cut();
    });

    it('tells everybody that it let in when it is told to stop amid their handshakes', async () => {
      server = await startServer({ dataDir, env });
      const { url } = server;
      let exit: Promise<number | null> | undefined;
      const arrive = async (n: number): Promise<string> => {
        try {
          const client = await WireClient.open(url);
          if (n % 2 === 0) client.send({ type: 'connect', user: `u${String(n)}` });
          if (n === 50) exit = server?.stop();
          const { code } = await client.ended;
          return `${String(client.all.at(-1)?.type)} ${String(code)}`;
        } catch (error) {
          if (error instanceof UpgradeRefused) return `refused ${String(error.status)}`;
          // The server had not accepted this connection when it closed the port.
          return 'no answer';
        }
      };
      const fates = await Promise.all(Array.from({ length: 200 }, (_, n) => arrive(n)));
      expect(await exit).to.equal(0);
      expect(new Set(fates)).to.include('disconnect 3001');
      const known = ['disconnect 3001', 'refused 503', 'no answer'];
      expect(fates.filter((fate) => !known.includes(fate))).to.eql([]);
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
    });

    it('ends event streams with a time to retry of their own', async () => {
      server = await startServer({ dataDir, env });
      const { url } = server;
      const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(url)));
      server.signal('SIGTERM');
      const texts = await Promise.all(streams.map(textOf));
      expect(await server.exit).to.equal(0);
      const retries = texts.map(
        (text) => /retry: (\d+)\nevent: disconnect\ndata: .*"afterMs":\1/.exec(text)?.[1]
      );
      for (const retry of retries) expect(Number(retry)).to.be.within(500, 5_100);
      expect(new Set(retries).size).to.be.greaterThan(10);
    });
  });
}
