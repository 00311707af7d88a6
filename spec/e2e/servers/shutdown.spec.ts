import { expect } from 'chai';
import { readdir, rm } from 'node:fs/promises';
import { requireTool } from '../../require.js';
import {
  childrenOf,
  gone,
  launchServer,
  startServer,
  temporaryDir,
  type ServerProcess
} from './server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

/** Lets all clients of a spec connect from one address before they authenticate. */
const CROWD = { LIMIT_UNAUTHENTICATED_PER_ADDRESS: '0' };

async function join(url: string, count: number): Promise<WireClient[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, index) => WireClient.connect(url, `user-${String(index)}`))
  );
}

for (const transport of TRANSPORTS) {
  describe(`shutdown on ${transport}`, function () {
    this.timeout(60_000);
    let dataDir: string;
    let server: ServerProcess | undefined;

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

    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      it(`sends everybody away with 3001, spread in time, and exits with 0 on ${signal}`, async () => {
        server = await startServer({ dataDir, env: { TRANSPORT: transport, SHUTDOWN_MS: '5000' } });
        const clients = await join(server.url, 10);
        const silent = await WireClient.open(server.url);
        // After SHUTDOWN_MS the exit code would not be 0.
        expect(await server.stop(signal)).to.equal(0);
        const afterMs = new Set<unknown>();
        for (const client of [...clients, silent]) {
          const told = await client.next('disconnect');
          expect(told).to.include({ code: 3001, reason: 'shutdown', reconnect: true });
          // Counted from the client's own `disconnect`: the rest of the drain, and then up to five seconds.
          expect(told.afterMs).to.be.within(500, 5_100);
          afterMs.add(told.afterMs);
          expect(await client.ended).to.eql({ code: 3001, reason: 'shutdown' });
        }
        expect(afterMs.size).to.be.greaterThan(5);
        expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
        expect(server.lines.at(-1)?.message).to.equal('Stopped');
        expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
        expect(server.stderr()).to.equal('');
      });
    }

    it('drains all the same when its process group and then npm send the same signal', async () => {
      server = await startServer({ dataDir, env: { TRANSPORT: transport } });
      const ada = await WireClient.connect(server.url, 'ada');
      server.signal('SIGTERM');
      expect(await server.stop('SIGTERM')).to.equal(0);
      expect(await ada.ended).to.eql({ code: 3001, reason: 'shutdown' });
    });

    it('is not ready, lets nobody in and says why while it drains', async () => {
      server = await startServer({ dataDir, env: { TRANSPORT: transport, ...CROWD } });
      const clients = await join(server.url, 150);
      server.signal('SIGTERM');
      await Promise.race(clients.map(({ ended }) => ended));
      const [ready, live, upgrade] = await Promise.all([
        fetch(`${server.url}/readyz`),
        fetch(`${server.url}/livez`),
        WireClient.open(server.url).catch((error: unknown) => error)
      ]);
      expect(ready.status).to.equal(503);
      expect(ready.headers.get('retry-after')).to.match(/^\d+$/);
      expect(await ready.json()).to.include({ status: 'draining' });
      expect(live.status).to.equal(200);
      expect(upgrade).to.include({ status: 503 });
      expect(await server.exit).to.equal(0);
    });

    it('ends at once on a second signal, and starts again on what it left', async () => {
      server = await startServer({ dataDir, env: { TRANSPORT: transport, ...CROWD } });
      const clients = await join(server.url, 150);
      server.signal('SIGTERM');
      await Promise.race(clients.map(({ ended }) => ended));
      expect(await server.stop('SIGINT')).to.equal(130);
      server = await startServer({ dataDir, env: { TRANSPORT: transport } });
      expect(await server.stop()).to.equal(0);
    });

    it('has every message that it acknowledged while it was told to stop', async () => {
      const env = { TRANSPORT: transport, LIMIT_PUBLISH_PER_SECOND: '0' };
      server = await startServer({ dataDir, env });
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('last');
      let sent = 0;
      const more = (count: number): void => {
        const frames = Array.from({ length: count }, () => {
          const mid = `m${String(sent++)}`;
          return { type: 'publish', thread: 'last', mid, body: mid };
        });
        ada.send(...frames);
      };
      more(200);
      for (let acked = 1; (await ada.next('ack').catch(() => null)) !== null; acked++) {
        if (acked === 500) server.signal('SIGTERM');
        if (ada.socket.readyState === ada.socket.OPEN) more(1);
      }
      expect(await ada.ended).to.include({ code: 3001 });
      expect(await server.exit).to.equal(0);
      const acked = ada.all.filter(({ type }) => type === 'ack');
      expect(acked.length).to.be.at.least(500);
      server = await startServer({ dataDir, env });
      const again = await WireClient.connect(server.url, 'ada');
      const { replays } = await again.subscribe('last', 'start');
      expect(replays.map(({ offset }) => offset)).to.eql(replays.map((_, index) => index + 1));
      const kept = new Map(replays.map((frame: Frame) => [frame.mid, frame.offset]));
      for (const { mid, offset } of acked) expect(kept.get(mid)).to.equal(offset);
    });

    it('ends with 0 and leaves nothing when it is told to stop in the middle of its start', async () => {
      for (const moment of ['PHASE COMPLETED: infrastructure', 'PHASE COMPLETED: services']) {
        const starting = await launchServer({ dataDir, env: { TRANSPORT: transport } });
        await starting.line(moment);
        expect(await starting.stop()).to.equal(0);
        expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
        expect(starting.lines.filter(({ level }) => level !== 'info')).to.eql([]);
        expect(starting.stderr()).to.equal('');
      }
    });

    it('takes the lock of a server that was killed', async () => {
      const env = { TRANSPORT: transport };
      server = await startServer({ dataDir, env });
      expect(await server.stop('SIGKILL')).to.equal(null);
      expect(await readdir(dataDir)).to.include('rollcall.lock');
      server = await startServer({ dataDir, env });
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
      expect(await server.stop()).to.equal(0);
    });
  });
}

describe('the embedded ClickHouse', function () {
  this.timeout(60_000);
  let dataDir: string;

  before(async function () {
    requireTool(this, '/proc', process.platform === 'linux', 'it tells of child processes');
    const chdb = await import('chdb').then(
      () => null,
      (error: unknown) => String(error)
    );
    requireTool(this, 'chdb', chdb === null, chdb ?? '');
  });
  beforeEach(async () => {
    dataDir = await temporaryDir();
  });
  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`has gone when the server has ended by ${signal}`, async () => {
      const server = await startServer({
        dataDir,
        env: { CLICKHOUSE_URL: '', CLICKHOUSE_REQUIRED: 'true' }
      });
      const children = childrenOf(server.pid);
      expect(children).to.have.length(1);
      expect(await server.stop(signal)).to.equal(signal === 'SIGTERM' ? 0 : null);
      for (const pid of children) await gone(pid);
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
    });
  }
});
