/** A ClickHouse that is reachable but faulty: tables removed or changed by hand, or a process that stands still. */
import { expect } from 'chai';
import { RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { get } from '../http/http-answer.js';
import { found, numberIn } from './log-and-store.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { statusOf, untilStatus } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

/** Longest wait. The server checks every 5 s, twice, with 5 s for each answer, and retries after growing waits. */
const PATIENCE_MS = 25_000;

describe('a ClickHouse that is there and not well', function () {
  this.timeout(120_000);
  let clickhouse: ClickhouseServer;
  let server: ServerProcess;
  let store: RemoteStore;
  let ada: WireClient;
  let bob: WireClient;
  let url = '';
  let code: number | null = null;
  /** Functions that end what was started; called from the last to the first. */
  const endings: (() => Promise<unknown>)[] = [];
  const chats = async (mid: string): Promise<void> => {
    expect((await ada.publish('room', mid, `Hello from ${mid}`)).type).to.equal('ack');
    await bob.next((frame) => frame.type === 'message' && frame.mid === mid);
  };

  before(async function () {
    clickhouse = await ClickhouseServer.start(requireClickhouseServer(this));
    endings.push(() => clickhouse.stop());
    store = new RemoteStore(clickhouse.url());
    endings.push(() => store.close());
    await store.connect(new AbortController().signal);
    server = await startServer({ env: { CLICKHOUSE_URL: clickhouse.url() } });
    endings.push(async () => (code = await server.stop()));
    ({ url } = server);
    ada = await WireClient.connect(url, 'ada');
    bob = await WireClient.connect(url, 'bob');
    await bob.subscribe('room');
    await server.line('✅ ClickHouse connected');
    await chats('the beginning');
  });
  after(async () => {
    for (const end of endings.reverse()) await end();
    expect(code).to.equal(0);
  });

  it('is filled again when a table was dropped by hand, and that is said', async () => {
    expect(await found(url, 'q=hello')).to.deep.equal(['Hello from the beginning']);
    await store.command('DROP TABLE messages');
    await chats('after the drop');
    const refused = await server.line('ClickHouse takes no rows: ');
    expect(refused.level).to.equal('warn');
    expect(refused.message).to.match(/code 60/);
    const again = await server.line('ClickHouse has all rows again');
    expect([again.level, again['threads']]).to.deep.equal(['info', 0]);
    expect(await found(url, 'q=hello')).to.deep.equal([
      'Hello from the beginning',
      'Hello from after the drop'
    ]);
    expect((await statusOf(url)).status).to.equal('ready');
  });

  it('makes the server degraded, with the reason, for as long as a table takes no rows', async () => {
    const all = await found(url, 'q=hello');
    await store.command('DROP TABLE messages');
    await store.command('CREATE TABLE messages (other UInt8) ENGINE = Memory');
    await chats('refused');
    const degraded = await untilStatus(url, ({ status }) => status === 'degraded');
    expect(degraded.reason).to.match(/^sink: .*refused \(code \d+\)/);
    expect(degraded.services[0]).to.include({ status: 'connected', error: null });
    expect(degraded.sink?.status).to.equal('retrying');
    expect((await get(`${url}/readyz`)).status).to.equal(200);
    await chats('refused too');
    await store.command('DROP TABLE messages');
    await untilStatus(url, ({ status }) => status === 'ready', PATIENCE_MS);
    expect(await found(url, 'q=hello')).to.deep.equal([
      ...all,
      'Hello from refused',
      'Hello from refused too'
    ]);
    expect(await numberIn(store, 'uniqExact(thread, `offset`) FROM messages')).to.equal(
      await numberIn(store, 'count() FROM messages FINAL')
    );
    const lines = server.lines.filter(({ message }) => message.includes('takes no rows'));
    expect(lines).to.have.length(2);
  });

  it('is found out when it stands still, ends the searches that wait for it, and the chat goes on', async () => {
    clickhouse.pause();
    const searching = get(`${url}/api/search?q=hello`);
    await chats('the standstill');
    const { reason } = await untilStatus(url, ({ status }) => status === 'degraded', PATIENCE_MS);
    expect(reason).to.match(/^clickhouse: 127\.0\.0\.1:\d+ did not answer in time/);
    expect((await searching).body).to.include({ status: 503, code: 'unavailable' });
    expect((await get(`${url}/api/search?q=hello`)).status).to.equal(503);
    clickhouse.resume();
    await untilStatus(url, ({ status }) => status === 'ready', PATIENCE_MS);
    expect(await found(url, 'q=standstill')).to.deep.equal(['Hello from the standstill']);
    expect(server.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });
});
