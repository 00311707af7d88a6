import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { until } from '../servers/until.js';
import { KEY, PRODUCTION } from './doors.js';

/** An address at which nothing listens. */
const CLICKHOUSE = 'http://svc_chat:hunter2@127.0.0.1:9/internal_db';
const NAMES = /127\.0\.0\.1|svc_chat|internal_db|ECONN/;

describe('what strangers learn of a server in production', function () {
  this.timeout(60_000);
  let server: ServerProcess;

  const textOf = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
    await (await fetch(`${server.url}${path}`, { headers })).text();

  before(async () => {
    server = await startServer({ env: { ...PRODUCTION, CLICKHOUSE_URL: CLICKHOUSE } });
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  it('has no host, account or text of a fault, which operators get', async () => {
    await until(
      () => textOf('/status', { 'x-api-key': KEY }),
      (text) => NAMES.test(text)
    );
    for (const path of ['/status', '/readyz', '/startupz', '/livez']) {
      for (const headers of [{}, { 'x-api-key': 'wrong' }]) {
        expect(await textOf(path, headers), path).to.not.match(NAMES);
      }
    }
    const { status, services } = JSON.parse(await textOf('/status')) as {
      status: string;
      services: { service: string; status: string }[];
    };
    expect(status).to.equal('degraded');
    expect(services[0]).to.include({ service: 'clickhouse' });
    expect(services[0]?.status).to.not.equal('connected');
  });
});
