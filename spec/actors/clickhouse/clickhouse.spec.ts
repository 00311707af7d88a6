import { expect } from 'chai';
import { createServer } from 'node:net';
import { createActor, sendTo, setup, SimulatedClock } from 'xstate';
import { createClickhouse, PING_EVERY_MS } from '../../../actors/clickhouse/clickhouse.js';
import {
  CONNECT_ATTEMPTS,
  CONNECT_DEADLINE_MS
} from '../../../machines/clickhouse/clickhouse-settings.js';
import { OPERATOR_ERRORS } from '../../../actors/operator-errors.js';
import { StoreError, type AnalyticsStore, type Row } from '../../../actors/clickhouse/store.js';
import {
  NO_RESULTS,
  type ChildOutput,
  type ChildReport
} from '../../../machines/supervision/child.js';

/** A store in memory that fails when it is told to. */
class FakeStore implements AnalyticsStore {
  mode: AnalyticsStore['mode'] = 'remote';
  down: StoreError | null = null;
  pings = 0;
  closed = 0;
  onPing: () => void = () => undefined;
  lost: (reason: string) => void = () => undefined;
  #try<T>(value: T): Promise<T> {
    return this.down === null ? Promise.resolve(value) : Promise.reject(this.down);
  }
  connect = () => this.#try({ version: '18.16' });
  ping = () => {
    this.pings += 1;
    this.onPing();
    return this.#try(undefined);
  };
  command = (): Promise<void> => this.#try(undefined);
  query = () => this.#try<Row[]>([]);
  insert = () => this.#try(undefined);
  copy = () => ({ add: () => this.#try(undefined), insert: () => this.#try(0) });
  close = () => {
    this.closed += 1;
    return Promise.resolve();
  };
  onLost = (listener: (reason: string) => void) => {
    this.lost = listener;
  };
}

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

function start(options: { required?: boolean; url?: string; store?: FakeStore }) {
  const time = new SimulatedClock();
  const clock = Object.assign(time, { elapsed: () => time.now() });
  const lines: string[] = [];
  const fields: unknown[] = [];
  const line = (level: string) => (message: string, more?: object) => {
    lines.push(`${level} ${message}`);
    fields.push(more);
  };
  const clickhouse = createClickhouse({
    url: options.url ?? 'http://db:8123/rollcall',
    required: options.required ?? false,
    timeoutMs: 1_000,
    retryMaxMs: 30_000,
    dataDir: '/nowhere',
    clock,
    random: () => 0.5,
    logger: { error: line('error'), warn: line('warn'), info: line('info') },
    ...(options.store === undefined ? {} : { store: options.store })
  });
  const reports: string[] = [];
  let output: ChildOutput | null = null;
  const parent = setup({
    types: { events: {} as ChildReport | { type: 'stop' }, children: {} as { ch: 'child' } },
    actors: { child: clickhouse.logic }
  }).createMachine({
    invoke: {
      id: 'ch',
      src: 'child',
      input: { id: 'clickhouse', results: NO_RESULTS },
      onDone: { actions: ({ event }) => (output = event.output) }
    },
    on: {
      'child.ready': { actions: () => reports.push('ready') },
      'child.degraded': { actions: ({ event }) => reports.push(`degraded ${event.error}`) },
      'child.recovered': { actions: () => reports.push('recovered') },
      stop: { actions: sendTo('ch', { type: 'child.stop' }) }
    }
  });
  const before = clickhouse.status();
  const root = createActor(parent, { clock }).start();
  return {
    before,
    clickhouse,
    lines,
    fields,
    reports,
    root,
    output: () => output,
    advance: async (ms: number) => {
      clock.increment(ms);
      await flush();
    }
  };
}

describe('createClickhouse', () => {
  it('says connected once, after the schema', async () => {
    const run = start({ required: true, store: new FakeStore() });
    expect(run.before).to.equal(null);
    expect(run.clickhouse.status()?.status).to.equal('connecting');
    await flush();
    expect(run.lines).to.deep.equal(['info ✅ ClickHouse connected']);
    expect(run.fields).to.deep.equal([{ actor: 'clickhouse', mode: 'remote', version: '18.16' }]);
    expect(run.reports).to.deep.equal(['ready']);
    expect(run.clickhouse.status()).to.deep.include({ status: 'connected', mode: 'remote' });
  });

  it('gives a required one so many attempts and so long, and an optional one neither bound', () => {
    const of = (required: boolean) => start({ required, store: new FakeStore() }).clickhouse;
    expect(of(true).status()).to.deep.include({
      of: CONNECT_ATTEMPTS,
      deadlineMs: CONNECT_DEADLINE_MS
    });
    expect(of(false).status()).to.deep.include({ of: null, deadlineMs: null });
  });

  it('tells an outage of an optional one once, and the recovery with how long it took', async () => {
    const store = new FakeStore();
    store.down = new StoreError('refused', 'nothing answers at db:8123');
    const run = start({ store });
    await flush();
    await run.advance(250);
    store.down = null;
    await run.advance(500);
    expect(run.lines).to.deep.equal([
      'info ℹ️ ClickHouse unavailable (optional): nothing answers at db:8123',
      'info ✅ ClickHouse connected'
    ]);
    expect(run.fields[1]).to.deep.include({ recovered: true, downMs: 750 });
    expect(run.reports).to.deep.equal([
      'ready',
      'degraded nothing answers at db:8123',
      'recovered'
    ]);
  });

  it('says CRITICAL once, lets go and fails when a required one cannot be', async () => {
    const store = new FakeStore();
    store.down = new StoreError('auth', 'authentication failed at db:8123');
    const run = start({ required: true, store });
    await flush();
    const reason = 'ClickHouse required but authentication failed at db:8123 (attempt 1 of 5)';
    expect(run.lines).to.deep.equal([
      `error ❌ CRITICAL: ${reason}: ${OPERATOR_ERRORS.clickhouse_required.action}`
    ]);
    expect(run.fields.at(-1)).to.include({ code: 'clickhouse_required' });
    expect(run.output()).to.deep.equal({ status: 'failed', error: reason });
    expect(run.reports).to.deep.equal([]);
    expect(store.closed).to.be.greaterThan(0);
  });

  it('pings on and calls two failed pings in a row an outage', async () => {
    const store = new FakeStore();
    const run = start({ store });
    await flush();
    await run.advance(PING_EVERY_MS);
    await run.advance(PING_EVERY_MS);
    expect(store.pings).to.equal(2);
    // Only one ping fails; the next one succeeds.
    store.down = new StoreError('lost', 'reset');
    store.onPing = () => {
      if (store.pings === 4) store.down = null;
    };
    await run.advance(PING_EVERY_MS);
    expect(store.pings).to.equal(4);
    expect(run.clickhouse.status()?.status).to.equal('connected');
    store.down = new StoreError('refused', 'gone');
    await run.advance(PING_EVERY_MS);
    expect(run.clickhouse.status()).to.deep.include({
      status: 'degraded',
      error: 'gone',
      restarts: 1
    });
    await run.advance(PING_EVERY_MS);
    expect(run.lines).to.deep.equal([
      'info ✅ ClickHouse connected',
      'info ℹ️ ClickHouse unavailable (optional): gone'
    ]);
  });

  it('counts every loss of nine, also those of a connection that is being opened', async () => {
    const store = new FakeStore();
    const run = start({ store });
    await flush();
    const restarts = () => run.clickhouse.status()?.restarts;
    for (let killed = 1; killed <= 9; killed += 1) {
      if (killed % 3 === 1) store.lost('was killed by SIGKILL');
      // The connection succeeds, and is lost while the schema is checked.
      store.command = () => Promise.reject(new StoreError('lost', 'was killed by SIGKILL'));
      if (killed % 3 !== 1) await run.advance(30_000);
      expect(restarts()).to.equal(killed);
      if (killed % 3 !== 0) continue;
      store.command = () => Promise.resolve();
      await run.advance(30_000);
      expect(run.clickhouse.status()).to.deep.include({ status: 'connected', restarts: killed });
    }
  });

  it('counts the process of the embedded engine that is killed while it opens', async () => {
    const store = new FakeStore();
    store.mode = 'embedded';
    store.down = new StoreError('lost', 'the process of the embedded engine was killed by SIGKILL');
    const run = start({ store });
    await flush();
    await run.advance(30_000);
    expect(run.clickhouse.status()).to.deep.include({ status: 'degraded', restarts: 2 });
  });

  it('counts no loss where nothing was connected', async () => {
    const store = new FakeStore();
    store.down = new StoreError('lost', 'db:8123 closed the connection (ECONNRESET)');
    const run = start({ store });
    await flush();
    await run.advance(30_000);
    expect(run.clickhouse.status()).to.deep.include({ status: 'degraded', restarts: 0 });
  });

  it('tells listeners when the store comes and goes, until they leave or the tree is stopped', async () => {
    const store = new FakeStore();
    const run = start({ store });
    const told: boolean[] = [];
    const left: boolean[] = [];
    run.clickhouse.onChange((isConnected) => told.push(isConnected));
    const leave = run.clickhouse.onChange((isConnected) => left.push(isConnected));
    await flush();
    leave();
    store.lost('was killed by SIGKILL');
    await run.advance(250);
    run.root.stop();
    expect(told).to.deep.equal([false, true, false, true, false]);
    expect(left).to.deep.equal([false, true]);
  });

  it('tells a listener that comes later how it is', async () => {
    const run = start({ store: new FakeStore() });
    await flush();
    const told: boolean[] = [];
    run.clickhouse.onChange((isConnected) => told.push(isConnected));
    run.root.send({ type: 'stop' });
    await flush();
    expect(told).to.deep.equal([true, false]);
  });

  it('warns, and does not say optional or CRITICAL, when a required one is lost later', async () => {
    const store = new FakeStore();
    const run = start({ required: true, store });
    await flush();
    store.lost('was killed by SIGKILL');
    expect(run.lines.at(-1)).to.equal('warn ClickHouse lost, reconnecting: was killed by SIGKILL');
    expect(run.reports).to.deep.equal(['ready', 'degraded was killed by SIGKILL']);
  });

  it('closes the store when told to stop, and when the tree is stopped from outside', async () => {
    const store = new FakeStore();
    const run = start({ store });
    await flush();
    run.root.send({ type: 'stop' });
    await flush();
    expect(run.output()).to.deep.equal({ status: 'stopped' });
    expect(store.closed).to.be.greaterThan(0);
    const other = new FakeStore();
    const cut = start({ store: other });
    await flush();
    expect(other.closed).to.equal(0);
    cut.root.stop();
    expect(other.closed).to.equal(1);
  });

  it('lets go of a store that hangs in the middle of the schema when the attempt’s time is over', async () => {
    const store = new FakeStore();
    store.command = () => new Promise(() => undefined);
    const run = start({ store });
    await flush();
    await run.advance(999);
    expect(store.closed).to.equal(0);
    await run.advance(1);
    expect(store.closed).to.equal(1);
    expect(run.clickhouse.status()?.status).to.equal('degraded');
  });

  it('is ready, says nothing and has no store when switched off', async () => {
    const run = start({ url: 'off' });
    await flush();
    expect(run.reports).to.deep.equal(['ready']);
    expect(run.lines).to.deep.equal([]);
    expect(run.clickhouse.store).to.equal(null);
    expect(run.clickhouse.status()).to.deep.include({ status: 'skipped', mode: 'off' });
  });

  it('gives up a server that accepts and never answers when the attempt’s time is over', async () => {
    let cut: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => (cut = resolve));
    let accepted: () => void = () => undefined;
    const accept = new Promise<void>((resolve) => (accepted = resolve));
    const server = createServer((socket) => {
      socket.on('data', accepted);
      socket.on('close', cut).on('error', cut);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port =
      typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
    const run = start({ url: `http://ada:hush@127.0.0.1:${String(port)}/rollcall` });
    await accept;
    await run.advance(999);
    expect(run.clickhouse.status()?.status).to.equal('connecting');
    await run.advance(1);
    expect(run.lines).to.deep.equal([
      'info ℹ️ ClickHouse unavailable (optional): no answer within 1000 ms (CLICKHOUSE_TIMEOUT_MS)'
    ]);
    await closed;
    run.root.send({ type: 'stop' });
    await flush();
    await new Promise((resolve) => server.close(resolve));
  });
});
