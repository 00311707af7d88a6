/** The monitor of a whole server: finds nothing on a healthy server, finds real faults, and is healthy afterwards. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../require.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { statusOf, until, untilStatus, type StatusBody } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

const GRACE_MS = 300;

/** How long the event loop is blocked, in milliseconds: longer than the monitor tolerates even once. */
const BLOCKED_MS = 2_500;

const FAULTY = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('faulty-server.child.ts', import.meta.url))
];

type Finding = StatusBody['monitor']['findings'][number];

const HEALTHY = { status: 'healthy', issues: [], findings: [], moreFindings: 0 };

describe('monitor of a server', function () {
  this.timeout(90_000);
  let server: ServerProcess;

  afterEach(async () => {
    await (server as ServerProcess | undefined)?.stop('SIGKILL');
  });

  const aboveInfo = (): string[] =>
    server.lines.filter(({ level }) => level !== 'info').map(({ message }) => message);
  const findingOf = async (kind: string): Promise<Finding | undefined> =>
    (await statusOf(server.url)).monitor.findings.find((finding) => finding.kind === kind);

  it('is healthy and says nothing on a healthy day', async () => {
    server = await startServer({ env: { DELIVERY_GRACE_MS: String(GRACE_MS) } });
    const ada = await WireClient.connect(server.url, 'ada');
    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('room');
    for (let n = 0; n < 50; n += 1) {
      await ada.publish('room', `m${String(n)}`);
      await ada.publish('test_nobody', `t${String(n)}`);
    }
    await ada.subscribe('room');
    // Ada unsubscribes, Bob disconnects without a close, and Eve gets a held message within the grace.
    await ada.ask({ type: 'unsubscribe', thread: 'room' });
    bob.socket.terminate();
    await bob.ended;
    const eve = await WireClient.connect(server.url, 'eve');
    await ada.publish('later', 'l1');
    await eve.subscribe('later', 'start');
    await eve.subscribe('room', 'start');
    // Watch for longer than the grace, and check all the time.
    const watchedUntil = performance.now() + 3 * GRACE_MS;
    await until(
      async () => {
        expect((await statusOf(server.url)).monitor).to.deep.include(HEALTHY);
        return performance.now();
      },
      (now) => now > watchedUntil
    );
    for (const client of [ada, eve]) await client.close();
    expect((await statusOf(server.url)).monitor).to.deep.include(HEALTHY);
    expect(await server.stop()).to.equal(0);
    expect(aboveInfo()).to.deep.equal([]);
    expect(server.lines.filter(({ actor }) => actor === 'monitor')).to.deep.equal([]);
  });

  it('finds a thread whose messages are not delivered, and is healthy when somebody takes them', async () => {
    server = await startServer({ env: { DELIVERY_GRACE_MS: String(GRACE_MS) } });
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.publish('test_lonely', 't1');
    for (const mid of ['m1', 'm2', 'm3']) await ada.publish('lonely', mid);
    const { monitor } = await untilStatus(server.url, ({ threads }) => threads.undelivered === 1);
    expect(monitor.status).to.equal('warning');
    expect(monitor.issues).to.have.length(1);
    expect(monitor.issues[0]).to.match(/^1 thread holds undelivered messages \(lonely\)/);
    expect(monitor.findings).to.have.length(1);
    expect(monitor.findings[0]).to.include({
      kind: 'undelivered',
      about: null,
      level: 'warning',
      message: monitor.issues[0],
      count: 1,
      endedAt: null,
      thread: 'lonely',
      mid: 'm3'
    });
    expect(aboveInfo()).to.have.length(1);
    expect(aboveInfo()[0]).to.match(/^Cannot deliver message/);
    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status, 'the monitor does not decide on readiness').to.equal(200);

    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('lonely');
    const after = await untilStatus(server.url, ({ threads }) => threads.undelivered === 0);
    expect(after.monitor).to.deep.include({ status: 'healthy', issues: [] });
    const ended = await findingOf('undelivered');
    expect(ended?.endedAt, 'what has been stays listed for a while').to.be.a('string');
    expect(Date.parse(ended?.endedAt ?? '')).to.be.at.least(Date.parse(ended?.since ?? ''));
    expect(aboveInfo()).to.have.length(1);
    expect(await server.stop()).to.equal(0);
  });

  it('finds that its event loop stood still, and tells it once', async () => {
    server = await startServer({ entry: FAULTY });
    server.order(`block ${String(BLOCKED_MS)}`);
    const { monitor } = await untilStatus(server.url, (now) => now.monitor.status !== 'healthy');
    expect(monitor.status).to.equal('warning');
    const late = await findingOf('event_loop_lag');
    expect(late).to.include({ level: 'warning', count: 1, endedAt: null });
    // A busy machine makes the loop even later. Wrong units (micro- or nanoseconds) would give 1,000 times as much.
    const ms = /^the event loop was up to ([\d,]+) ms late in 1 of/.exec(late?.message ?? '');
    expect(Number(ms?.[1]?.replace(',', ''))).to.be.within(BLOCKED_MS - 200, 100 * BLOCKED_MS);
    expect(aboveInfo()).to.deep.equal([late?.message]);
    expect(await server.line('the event loop was up to')).to.include({
      level: 'warn',
      actor: 'monitor',
      finding: 'event_loop_lag'
    });
    expect(await server.stop()).to.equal(0);
  });

  it('finds that the file descriptors run out, though nobody can be accepted any more', async function () {
    if (findProgram('prlimit') === null || process.platform !== 'linux') this.skip();
    server = await startServer();
    const limit = (most: string): void => {
      const args = ['--pid', String(server.pid), `--nofile=${most}:`];
      execFileSync('prlimit', args, { stdio: 'pipe' });
    };
    const before = /^Max open files\s+(\d+)/m.exec(
      readFileSync(`/proc/${String(server.pid)}/limits`, 'utf8')
    );
    limit('16');
    const said = await server.line('file descriptors are open');
    expect(said).to.include({ level: 'error', actor: 'monitor', finding: 'open_files' });
    expect(said.message).to.match(/^[\d,]+ of [\d,]+ file descriptors are open: .*ulimit -n/);
    limit(before?.[1] ?? '1024');
    const { monitor } = await untilStatus(server.url, (now) => now.monitor.status === 'healthy');
    expect(monitor.findings.map(({ kind }) => kind)).to.deep.equal(['open_files']);
    expect(aboveInfo()).to.have.length(1);
    expect(await server.stop()).to.equal(0);
  });

  it('does not cry while the server starts', async () => {
    // Nothing listens there: the server retries ClickHouse, and the sink waits for it.
    server = await startServer({
      env: { CLICKHOUSE_URL: 'http://127.0.0.1:9/chat', CLICKHOUSE_REQUIRED: 'false' }
    });
    const { monitor } = await untilStatus(server.url, (now) => now.monitor.status === 'warning');
    expect(monitor.findings.map(({ kind, about }) => [kind, about])).to.deep.equal([
      ['part_missed', 'clickhouse']
    ]);
    expect(monitor.issues[0]).to.match(/^clickhouse: nothing answers/);
    expect(aboveInfo()).to.deep.equal([]);
    expect(await server.stop()).to.equal(0);
  });
});
