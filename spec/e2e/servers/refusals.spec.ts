import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { LOG_FORMAT, META_KEY } from '../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../actors/log/lmdb/log-store.js';
import {
  startAndFail,
  startServer,
  temporaryDir,
  type FailedStart,
  type ServerProcess
} from './server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';

/** Listens on a free port of loopback. */
async function listen(port = 0): Promise<{ port: number; close: () => Promise<void> }> {
  const server: TcpServer = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      })
  };
}

/** Returns the line that gives the reason; there must be exactly one. */
function critical({ code, lines, stderr }: FailedStart): string {
  expect(code).to.equal(3);
  const said = [...lines.map(({ message }) => message), ...stderr.split('\n')];
  const found = said.filter((text) => text.includes('CRITICAL'));
  expect(found, said.join('\n')).to.have.length(1);
  expect(said.filter((text) => /^\s+at /.test(text))).to.eql([]);
  expect(said.join('\n')).not.to.match(/PHASE COMPLETED: health|is serving/);
  return found[0]!;
}

describe('a start that is refused', function () {
  this.timeout(60_000);
  let dataDir: string;

  beforeEach(async () => {
    dataDir = join(await temporaryDir(), 'data');
  });
  afterEach(async () => {
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  it('names all faults of the configuration at once and touches nothing', async () => {
    const failed = await startAndFail({
      dataDir,
      env: {
        ENVIRONMENT: 'production',
        PORT: 'eighty',
        CLICKHOUSE_REQUIRED: 'maybe',
        TESTING: '1',
        ROLLCALL_PORT: '1',
        SHUTDOWN_MS: '-1'
      }
    });
    expect(critical(failed)).to.match(/^❌ CRITICAL: configuration refused \(\d faults\)/);
    const names = [
      'PORT',
      'CLICKHOUSE_REQUIRED',
      'TESTING',
      'ROLLCALL_PORT',
      'SHUTDOWN_MS',
      'AUTH'
    ];
    for (const name of names) expect(failed.stderr).to.match(new RegExp(`^ {2}- ${name}`, 'm'));
    expect(existsSync(dataDir)).to.equal(false);
  });

  it('says which process has the data directory, and leaves that one alone', async () => {
    const first = await startServer({ dataDir });
    try {
      const failed = await startAndFail({ dataDir });
      const line = critical(failed);
      expect(line)
        .to.include(dataDir)
        .and.include(`process ${String(first.pid)}`);
      expect(line).to.match(/stop that server, or set DATA_DIR/);
      const ada = await WireClient.connect(first.url, 'ada');
      await ada.subscribe('still');
      expect(await ada.publish('still', 'here')).to.include({ type: 'ack' });
    } finally {
      expect(await first.stop()).to.equal(0);
    }
    expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
  });

  it('says that the data directory is a file', async () => {
    await writeFile(dataDir, 'not a directory');
    const line = critical(await startAndFail({ dataDir }));
    expect(line)
      .to.include(dataDir)
      .and.match(/is not a directory: .*DATA_DIR/);
  });

  it('says that the data directory is below a file', async () => {
    await writeFile(dataDir, 'not a directory');
    const line = critical(await startAndFail({ dataDir: join(dataDir, 'data') }));
    expect(line).to.match(/is not a directory: .*DATA_DIR/);
  });

  it('says that the log was written by a newer version, and does not touch it', async () => {
    const server = await startServer({ dataDir });
    await server.stop();
    const store = openStore({ dir: join(dataDir, 'log'), use: 'disk' });
    const newer = { format: LOG_FORMAT + 1, epoch: 'xnewer' };
    await store.commit([{ key: META_KEY, value: JSON.stringify(newer) }]);
    await store.close();
    const line = critical(await startAndFail({ dataDir }));
    expect(line)
      .to.match(/newer/)
      .and.include(String(LOG_FORMAT + 1));
    expect(existsSync(join(dataDir, 'rollcall.lock'))).to.equal(false);
  });

  for (const transport of TRANSPORTS) {
    it(`says that the port is in use and takes nothing else, on ${transport}`, async function () {
      requireTransport(this, transport);
      const taken = await listen();
      const env = { TRANSPORT: transport, PORT: String(taken.port) };
      const line = critical(await startAndFail({ dataDir, env }));
      expect(line)
        .to.include(`port ${String(taken.port)}`)
        .and.match(/in use.*set PORT/);
      expect(existsSync(join(dataDir, 'rollcall.lock'))).to.equal(false);
      await taken.close();
      const server = await startServer({ dataDir, env });
      expect(new URL(server.url).port).to.equal(String(taken.port));
      await server.stop();
    });
  }

  it('says that a required ClickHouse is not there, and frees the port and the data', async () => {
    const nobody = await listen();
    await nobody.close();
    const failed = await startAndFail({
      dataDir,
      env: {
        CLICKHOUSE_REQUIRED: 'true',
        CLICKHOUSE_URL: `http://user:hidden@127.0.0.1:${String(nobody.port)}/chat`,
        CLICKHOUSE_TIMEOUT_MS: '200'
      }
    });
    const line = critical(failed);
    expect(line).to.match(/^❌ CRITICAL: ClickHouse required but /);
    expect(line).to.include('CLICKHOUSE_');
    expect(JSON.stringify(failed)).not.to.include('hidden');
    const listening = failed.lines.find(({ message }) => message.startsWith('Listening on'));
    const again = await listen(Number(listening?.['port']));
    await again.close();
    expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
  });

  it('does not fail when ClickHouse is optional: it serves, degraded, and says so once', async () => {
    const nobody = await listen();
    await nobody.close();
    const server: ServerProcess = await startServer({
      dataDir,
      env: { CLICKHOUSE_URL: `http://127.0.0.1:${String(nobody.port)}/chat` }
    });
    try {
      const said = await server.line('ℹ️ ClickHouse unavailable (optional): ');
      expect(said.level).to.equal('info');
      const ready = await fetch(`${server.url}/readyz`);
      expect(ready.status).to.equal(200);
      const body = (await ready.json()) as { status: string; services: { status: string }[] };
      expect(body.status).to.equal('degraded');
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('chat');
      expect(await ada.publish('chat', 'm')).to.include({ type: 'ack' });
      const lines = server.lines.filter(({ message }) => message.includes('unavailable'));
      expect(lines.length).to.equal(1);
      expect(server.lines.filter(({ level }) => level === 'error' || level === 'warn')).to.eql([]);
    } finally {
      expect(await server.stop()).to.equal(0);
    }
  });

  it('starts where a lock was left behind by a process that is gone, or that is no lock', async () => {
    await mkdir(dataDir);
    for (const left of ['{"pid":2147483646,"started":null}\n', '', 'rubbish']) {
      await writeFile(join(dataDir, 'rollcall.lock'), left);
      const server = await startServer({ dataDir });
      expect(await server.stop()).to.equal(0);
      expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
    }
  });
});
