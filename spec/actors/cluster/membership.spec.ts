import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { leaveCluster, seedCluster } from '../../../actors/cluster/membership.js';
import { LogRoleError } from '../../../actors/log/log-errors.js';
import { rebuildLog } from '../../../actors/log/lmdb/disk/log-rebuild.js';
import type { ProvidedLog } from '../../../actors/log/log-provider.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import { append, entry, LogFixture } from '../log/lmdb/log-fixture.js';
import type { FakeBus } from './fake-bus.js';
import { LmdbNodes } from './lmdb-nodes.js';

describe('from one node to several and back', function () {
  this.timeout(60_000);
  const fixture = new LogFixture();
  let nodes: LmdbNodes;
  let bus: FakeBus;
  let dir: string;
  const open: ProvidedLog[] = [];

  beforeEach(() => {
    nodes = new LmdbNodes();
    bus = nodes.bus(2);
    dir = fixture.dir();
  });
  afterEach(async () => {
    for (const log of open.splice(0)) await nodes.run(log.close());
    await fixture.clear();
  });

  const single = async (): Promise<ProvidedLog> => await kept(nodes.single(dir).open());
  const node = async (of = dir, on = bus): Promise<ProvidedLog> =>
    await kept(nodes.cluster(of, () => on.connect()).open());
  const kept = async (opening: Promise<ProvidedLog>): Promise<ProvidedLog> => {
    const provided = await nodes.run(opening);
    open.push(provided);
    return provided;
  };
  const close = async (provided: ProvidedLog): Promise<void> => {
    open.splice(open.indexOf(provided), 1);
    await nodes.run(provided.close());
  };
  const refusal = async (opening: Promise<unknown>): Promise<string> => {
    const error = await nodes.run(opening).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LogRoleError);
    return (error as Error).message;
  };
  const at = (): { dir: string; newEpoch: () => string } => ({
    dir: join(dir, 'log'),
    newEpoch: nodes.newId
  });

  const THREADS = ['t1', 't2', 't3', 't4'];
  const say = async (log: ThreadLog, mid: string): Promise<void> => {
    for (const thread of THREADS) {
      const result = await nodes.run(append(log, thread, entry(mid)));
      expect(result.ok, JSON.stringify(result)).to.equal(true);
    }
  };
  const view = (log: ThreadLog): unknown =>
    THREADS.map((thread) => [
      log.head(thread),
      log.read(thread, 0, 100, Infinity),
      log.readMark(thread, 'bob'),
      log.record(thread, 'note', 'n')
    ]);

  /** What a single node has, with everything that a thread can have. */
  const written = async (): Promise<unknown> => {
    const provided = await single();
    await say(provided.log, 'm1');
    await say(provided.log, 'm2');
    await nodes.run(provided.log.setReadMark('t1', 'bob', 2));
    await nodes.run(provided.log.setRecord('t2', 'note', 'n', 'text'));
    const before = view(provided.log);
    await close(provided);
    return before;
  };

  it('keep every message, offset and epoch, both ways', async () => {
    const before = await written();
    await seedCluster(at());
    const first = await node();
    expect(view(first.log)).to.deep.equal(before);
    await say(first.log, 'm3');
    const after = view(first.log);
    await close(first);

    const left = await nodes.run(leaveCluster(at(), bus.connect()));
    expect(left.renewed).to.equal(null);
    const back = await single();
    expect(view(back.log)).to.deep.equal(after);
    expect(await append(back.log, 't1', entry('m3'))).to.include({ offset: 3, duplicate: true });
    expect(await append(back.log, 't1', entry('m4'))).to.include({ offset: 4 });
  });

  it('make a further node of a copy, and refuse one without it', async () => {
    await written();
    await seedCluster(at());
    const first = await node();
    await close(first);
    const other = fixture.dir();
    cpSync(dir, other, { recursive: true });
    const again = await node();
    await say(again.log, 'm3');
    const second = await node(other);
    expect(view(second.log)).to.deep.equal(view(again.log));
    const empty = fixture.dir();
    const words = await refusal(nodes.cluster(empty, () => bus.connect()).open());
    expect(words).to.match(/rollcall backup.*rollcall restore/);
  });

  it('refuse the log of a single node that was not made a replica, and a replica without brokers', async () => {
    await written();
    expect(await refusal(nodes.cluster(dir, () => bus.connect()).open())).to.match(/cluster seed/);
    expect(bus.of(0).messages).to.have.length(0);
    await seedCluster(at());
    expect(await refusal(nodes.single(dir).open())).to.match(/replica.*NATS_URL is not set/);
    expect(await refusal(seedCluster(at()))).to.match(/already/);
  });

  it('refuse the streams of another cluster, and leave them as they are', async () => {
    await close(await node());
    const foreign = nodes.bus(2);
    await close(await node(fixture.dir(), foreign));
    const before = foreign.of(0).messages.length;
    const words = await refusal(nodes.cluster(dir, () => foreign.connect()).open());
    expect(words).to.match(/of another cluster/);
    expect(foreign.of(0).messages).to.have.length(before);
  });

  it('do not leave while the order has more, and tell of a gap when nobody could look', async () => {
    await written();
    await seedCluster(at());
    const first = await node();
    await close(first);
    const other = fixture.dir();
    cpSync(dir, other, { recursive: true });
    const second = await node(other);
    await say(second.log, 'm3');
    expect(await refusal(leaveCluster(at(), bus.connect()))).to.match(
      /messages that this replica lacks/
    );

    const left = await nodes.run(leaveCluster(at(), null));
    expect(left.renewed).to.match(/not asked/);
    const back = await single();
    const [head] = [back.log.head('t1')];
    expect(head).to.include({ last: 2, isRenewed: true });
    expect(head?.epoch).not.to.equal(second.log.head('t1')?.epoch);
  });

  it('never begin anew by itself when the brokers have lost what was not in them alone', async () => {
    await written();
    await seedCluster(at());
    const first = await node();
    await say(first.log, 'm3');
    await close(first);
    for (const partition of [0, 1]) bus.truncate(partition, 1);
    expect(await refusal(nodes.cluster(dir, () => bus.connect()).open())).to.match(/went back/);
    bus.truncate(0, 0);
    bus.truncate(1, 0);
    expect(await refusal(nodes.cluster(dir, () => bus.connect()).open())).to.match(/is gone/);

    const left = await nodes.run(leaveCluster(at(), null));
    expect(left.renewed).not.to.equal(null);
    await seedCluster(at());
    const again = await node();
    expect(again.log.head('t1')).to.include({ last: 3, isRenewed: true });
  });

  it('make a replica anew that was repaired by hand', async () => {
    const first = await node();
    await say(first.log, 'm1');
    const before = view(first.log);
    await close(first);
    await rebuildLog({ dir: join(dir, 'log'), newEpoch: nodes.newId, now: () => 1 });
    const again = await node();
    expect(again.notice).to.match(/it was repaired/);
    expect(view(again.log)).to.deep.equal(before);
  });
});
