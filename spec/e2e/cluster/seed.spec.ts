import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NatsServers, requireNatsServer } from '../../nats-servers.js';
import {
  startAndFail,
  startServer,
  temporaryDir,
  type ServerProcess
} from '../servers/server-process.js';
import { runCli } from '../terminal/run-cli.js';
import { WireClient } from '../wire/wire-client.js';

describe('from one node to several and back, with real brokers', function () {
  this.timeout(180_000);
  let brokers: NatsServers | null = null;
  let home = '';
  const nodes: ServerProcess[] = [];

  before(async function () {
    brokers = await NatsServers.start(requireNatsServer(this));
    home = await temporaryDir();
  });
  after(async () => {
    for (const node of nodes) await node.stop();
    await brokers?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const nats = (): Record<string, string> => ({ NATS_URL: brokers?.urls.join() ?? '' });
  const start = async (dataDir: string, env: Record<string, string>): Promise<ServerProcess> => {
    const node = await startServer({ dataDir, env });
    nodes.push(node);
    return node;
  };
  const history = async (client: WireClient): Promise<object> => {
    const { epoch, messages } = await client.ask({ type: 'history', thread: 't1', limit: 50 });
    return { epoch, messages };
  };
  const command = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const { code, stdout, stderr } = await runCli(args, env);
    expect(code, stderr).to.equal(0);
    return stdout;
  };

  it('keeps every offset and epoch', async () => {
    const one = join(home, 'one');
    const other = join(home, 'other');
    const alone = await start(one, {});
    const ada = await WireClient.connect(alone.url, 'ada');
    for (const mid of ['m1', 'm2']) await ada.publish('t1', mid);
    const before = await history(ada);
    await alone.stop();

    const refused = await startAndFail({ dataDir: one, env: nats() });
    expect(JSON.stringify(refused.lines)).to.include('rollcall cluster seed');
    await command(['cluster', 'seed', '--data-dir', one]);
    const without = await startAndFail({ dataDir: one });
    expect(JSON.stringify(without.lines)).to.include('NATS_URL is not set');

    const first = await start(one, nats());
    const still = await WireClient.connect(first.url, 'ada');
    expect(await history(still)).to.deep.equal(before);
    const copy = join(home, 'copy');
    await command(['backup', '--to', copy, '--data-dir', one]);
    expect(await still.publish('t1', 'm3')).to.include({ offset: 3 });
    await command(['restore', copy, '--data-dir', other]);
    const second = await start(other, nats());
    await still.subscribe('t1');
    const bob = await WireClient.connect(second.url, 'ada');
    expect(await bob.publish('t1', 'm4')).to.include({ offset: 4 });
    const all = await history(bob);
    expect(await still.next('message')).to.include({ offset: 4 });
    expect(await history(still)).to.deep.equal(all);

    await second.stop();
    await first.stop();
    const told = await command(['cluster', 'leave', '--data-dir', one], nats());
    expect(told).to.include('It has everything that the brokers have');
    const again = await start(one, {});
    const back = await WireClient.connect(again.url, 'ada');
    expect(await history(back)).to.deep.equal(all);
    expect(await back.publish('t1', 'm5')).to.include({ offset: 5 });
  });
});
