import { expect } from 'chai';
import { NatsServers, requireNatsServer } from '../../nats-servers.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';
import { rm } from 'node:fs/promises';

describe('two nodes over one broker', function () {
  this.timeout(120_000);
  let brokers: NatsServers | null = null;
  const nodes: ServerProcess[] = [];
  const dirs: string[] = [];

  before(async function () {
    brokers = await NatsServers.start(requireNatsServer(this));
  });

  after(async () => {
    for (const node of nodes) await node.stop();
    await brokers?.stop();
    for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  });

  async function start(dataDir: string): Promise<ServerProcess> {
    const env = { NATS_URL: brokers?.urls.join() ?? '', CLICKHOUSE_URL: 'off' };
    const node = await startServer({ dataDir, env });
    nodes.push(node);
    return node;
  }

  async function history(client: WireClient): Promise<object> {
    const { epoch, messages } = await client.ask({ type: 'history', thread: 't1', limit: 50 });
    return { epoch, messages };
  }

  it('share threads, and the one that is killed has them all when it is back', async () => {
    for (let index = 0; index < 2; index += 1) dirs.push(await temporaryDir());
    const [one = '', other = ''] = dirs;
    const first = await start(one);
    const second = await start(other);
    const ada = await WireClient.connect(first.url, 'ada');
    const bob = await WireClient.connect(second.url, 'bob');
    await bob.subscribe('t1', 'start');
    const ack = await ada.publish('t1', 'm1');
    expect(ack).to.include({ type: 'ack', offset: 1, durable: 'quorum' });
    expect(await bob.next('message')).to.include({ offset: 1, mid: 'm1' });
    expect(await bob.publish('t1', 'm2')).to.include({ offset: 2, epoch: ack.epoch });

    await second.stop('SIGKILL');
    expect(await ada.publish('t1', 'm3')).to.include({ offset: 3 });
    const back = await WireClient.connect((await start(other)).url, 'ada');
    expect(await history(back)).to.deep.equal(await history(ada));
    expect(await back.publish('t1', 'm3')).to.include({ offset: 3, duplicate: true });
  });
});
