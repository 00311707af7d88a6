/** A server that was installed without the optional packages: everything but ClickHouse works, and the log says so. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { get } from '../http/http-answer.js';
import { runCli } from '../terminal/run-cli.js';
import { startServer, type ServerProcess } from './server-process.js';
import { untilStatus } from './until.js';
import { WireClient } from '../wire/wire-client.js';

const ROOT = join(import.meta.dirname, '../../..');

const MISSING =
  'the embedded engine is not installed: npm install chdb, or set CLICKHOUSE_URL to a server, or CLICKHOUSE_URL=off';

/** Returns every source file of the server and its commands, by path. */
function sources(): [path: string, text: string][] {
  return ['protocol', 'machines', 'actors', 'server', 'cli'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name): [string, string] => [
        join(folder, name),
        readFileSync(join(ROOT, folder, name), 'utf8')
      ])
  );
}

describe('optionalDependencies', () => {
  it('are imported by no name that the compiler follows, so that a build works without them', () => {
    const { optionalDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8')
    ) as { optionalDependencies: Readonly<Record<string, string>> };
    const names = Object.keys(optionalDependencies);
    expect(names).to.include('chdb');
    const imports = new RegExp(`(from|import|import\\() ?'(${names.join('|')})['/]`);
    expect(sources()).to.have.length.greaterThan(100);
    expect(sources().flatMap(([path, text]) => (imports.test(text) ? [path] : []))).to.eql([]);
  });
});

describe('a server without chdb', function () {
  this.timeout(60_000);
  let server: ServerProcess;

  before(async () => {
    const hidden = new URL('without-chdb.mjs', import.meta.url).href;
    server = await startServer({
      env: { CLICKHOUSE_URL: '', NODE_OPTIONS: `--import=${hidden}` }
    });
  });
  after(async () => {
    expect(await server?.stop()).to.equal(0);
  });

  it('serves, and says once, without a warning, what is missing and what to do', async () => {
    const { message } = await server.line('ClickHouse unavailable');
    expect(message).to.match(/^ℹ️ ClickHouse unavailable \(optional\): /);
    expect(message).to.include(MISSING);
    expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
  });

  it('is degraded in /status, with the same reason, and ready for load balancers', async () => {
    const status = await untilStatus(server.url, (all) => all.status === 'degraded');
    expect(status.reason).to.equal(`clickhouse: ${MISSING}`);
    expect(status.services[0]).to.include({ mode: 'embedded', required: false, error: MISSING });
    expect((await get(`${server.url}/readyz`)).status).to.equal(200);
  });

  it('delivers and keeps messages', async () => {
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.subscribe('room');
    expect(await ada.publish('room', 'm1', 'hello')).to.include({ type: 'ack', mid: 'm1' });
    expect(await ada.next('message')).to.deep.include({ mid: 'm1', body: { text: 'hello' } });
    await ada.close();
    const bob = await WireClient.connect(server.url, 'bob');
    const { replays } = await bob.subscribe('room', 'start');
    expect(replays.map(({ mid }) => mid)).to.eql(['m1']);
    await bob.close();
  });

  it('refuses reports with the same reason', async () => {
    const { code, stderr } = await runCli(['query', 'outcomes', '--url', server.url]);
    expect(code).to.not.equal(0);
    expect(stderr).to.include(MISSING);
  });
});
