/** A server that runs short of a resource: it logs that once, refuses work that can wait, and recovers. */
import { connect, type Socket } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findProgram } from '../../require.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { statusOf, until, untilStatus } from '../servers/until.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { UpgradeRefused, WireClient } from '../wire/wire-client.js';

const FAULTY = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('faulty-server.child.ts', import.meta.url))
];

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** A low limit of file descriptors. Node needs more than a hundred at once just to load the server. */
const FEW_FILES = 256;

/** How long the CPU time of a server is measured, in milliseconds. */
const WATCHED_MS = 2_000;

/** Returns the CPU time of a process so far, in milliseconds; Linux only. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

for (const transport of TRANSPORTS) {
  describe(`a server short of something on ${transport}`, function () {
    this.timeout(90_000);
    let server: ServerProcess;
    const sockets: Socket[] = [];

    before(function () {
      requireTransport(this, transport);
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await (server as ServerProcess | undefined)?.stop('SIGKILL');
    });

    const aboveInfo = (): string[] =>
      server.lines.filter(({ level }) => level !== 'info').map(({ message }) => message);

    it('stays up with few file descriptors, says so once, rests, and serves again', async function () {
      if (findProgram('bash') === null || process.platform !== 'linux') this.skip();
      const script = `ulimit -n ${String(FEW_FILES)}; exec "$@"`;
      server = await startServer({
        env: { TRANSPORT: transport, LIMIT_CONNECTIONS_PER_ADDRESS: '0' },
        node: 'bash',
        entry: ['-c', script, 'bash', process.execPath, CLI, 'start']
      });
      const port = Number(new URL(server.url).port);
      const ada = await WireClient.connect(server.url, 'ada');
      // More connections than descriptors; those without a descriptor wait or are cut.
      const crowd = async (): Promise<void> => {
        const socket = connect({ port, host: '127.0.0.1' });
        sockets.push(socket);
        socket.on('error', () => undefined);
        await once(socket, 'connect');
      };
      await Promise.all(Array.from({ length: 2 * FEW_FILES }, crowd));
      const said = await server.line('file descriptors are open');
      expect(said).to.include({ finding: 'open_files' });
      expect(await ada.publish('room', 'm1')).to.include({ offset: 1 });
      const before = cpuMs(server.pid);
      await passed(WATCHED_MS);
      // An engine that retries `accept` without a pause would use all the CPU time it gets.
      expect(cpuMs(server.pid) - before).to.be.lessThan(WATCHED_MS / 10);
      const open = readdirSync(`/proc/${String(server.pid)}/fd`).length;
      expect(open, 'some are kept for the log and the operator').to.be.lessThan(FEW_FILES);
      for (const socket of sockets.splice(0)) socket.destroy();
      // The server cuts new connections until it has noticed that the others are gone.
      const status = await until(
        () => statusOf(server.url).catch(() => null),
        (now) => now?.monitor.status === 'healthy'
      );
      expect(status?.monitor.findings.map(({ kind }) => kind)).to.eql(['open_files']);
      const bob = await WireClient.connect(server.url, 'bob');
      expect((await bob.subscribe('room', 'start')).replays).to.have.length(1);
      expect(aboveInfo()).to.eql([said.message]);
      expect(await server.stop()).to.equal(0);
    });

    it('refuses publishes and connections while memory is short, and nobody who is there, then takes all', async () => {
      server = await startServer({
        env: { TRANSPORT: transport, MEMORY_LIMIT_MB: '64' },
        entry: FAULTY
      });
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('room');
      expect(await ada.publish('room', 'm1')).to.include({ offset: 1 });
      server.order('hold 60');
      const said = await server.line('memory');
      expect(said).to.include({ finding: 'memory' });
      expect(await ada.publish('room', 'm2')).to.include({ code: 'unavailable', retry: true });
      const overHttp = await fetch(`${server.url}/api/threads/room/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mid: 'm3', from: 'ada', body: { text: 'm3' } })
      });
      expect(overHttp.status).to.equal(503);
      const refused: unknown = await WireClient.open(server.url).catch((error: unknown) => error);
      if (!(refused instanceof UpgradeRefused)) throw new Error('it was let in');
      expect([refused.status, refused.headers['retry-after']]).to.eql([503, '5']);
      await ada.settle();
      expect((await statusOf(server.url)).status).to.equal('ready');
      server.order('hold 10');
      await untilStatus(server.url, (now) => now.monitor.status === 'healthy', 30_000);
      expect(await ada.publish('room', 'm2')).to.include({ offset: 2 });
      const bob = await WireClient.connect(server.url, 'bob');
      expect((await bob.subscribe('room', 'start')).replays).to.have.length(2);
      expect(aboveInfo()).to.eql([said.message]);
      expect(await server.stop()).to.equal(0);
    });
  });
}
