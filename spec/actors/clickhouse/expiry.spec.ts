import { expect } from 'chai';
import { EXPIRE_EVERY_MS, expire, watchExpiry } from '../../../actors/clickhouse/expiry.js';
import { COPIED_TABLES } from '../../../actors/clickhouse/schema.js';
import { StoreError, type AnalyticsStore, type Row } from '../../../actors/clickhouse/store.js';
import { RecordedLogger } from '../recorded-logger.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

const NOW = Date.UTC(2026, 0, 31, 12);

/** A store whose counts the spec sets. */
class Counting implements AnalyticsStore {
  readonly mode = 'remote';
  readonly commands: string[] = [];
  old = 7;
  busy = 0;
  missing = 'none';
  fault: StoreError | null = null;
  connect = () => Promise.resolve({ version: '18.16' });
  ping = () => Promise.resolve();
  insert = () => Promise.resolve();
  copy = () => ({ add: this.ping, insert: () => Promise.resolve(0) });
  close = () => Promise.resolve();
  onLost = () => undefined;
  command = (sql: string) => {
    if (this.fault !== null) return Promise.reject(this.fault);
    this.commands.push(sql);
    return Promise.resolve();
  };
  query = (sql: string): Promise<Row[]> => {
    const isThere = !sql.includes(`'${this.missing}'`);
    if (sql.includes('system.tables')) return Promise.resolve([{ n: isThere ? '1' : '0' }]);
    return Promise.resolve([
      { n: String(sql.includes('system.mutations') ? this.busy : this.old) }
    ]);
  };
}

describe('expire', () => {
  it('deletes the days before the last so many, in every table of facts', async () => {
    const store = new Counting();
    await expire(store, 30, NOW);
    expect(store.commands).to.deep.equal(
      COPIED_TABLES.map((table) => `ALTER TABLE ${table} DELETE WHERE day < toDate('2026-01-01')`)
    );
  });

  it('leaves alone what has not been made yet', async () => {
    const store = new Counting();
    store.missing = 'steps';
    await expire(store, 30, NOW);
    expect(store.commands.join()).to.include('TABLE messages').and.not.to.include('steps');
  });

  it('orders nothing when nothing is old', async () => {
    const store = new Counting();
    store.old = 0;
    await expire(store, 30, NOW);
    expect(store.commands).to.deep.equal([]);
  });

  it('orders nothing while the last deletion is still on its way', async () => {
    const store = new Counting();
    store.busy = 1;
    await expire(store, 30, NOW);
    expect(store.commands).to.deep.equal([]);
  });
});

describe('watchExpiry', () => {
  function start(ttlDays: number | undefined) {
    const store = new Counting();
    const clock = new VirtualClock();
    const logger = new RecordedLogger();
    let tell: (isConnected: boolean) => void = () => undefined;
    const clickhouse = {
      store,
      onChange: (listener: (isConnected: boolean) => void) => {
        tell = listener;
        listener(false);
        return () => (tell = () => undefined);
      }
    };
    const stop = watchExpiry({ clickhouse, ttlDays, clock, logger });
    const change = async (isConnected: boolean) => {
      tell(isConnected);
      await settle();
    };
    return { store, clock, logger, stop, change };
  }

  it('looks when the store comes and once a day while it stays', async () => {
    const { store, clock, stop, change } = start(30);
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.have.length(0);
    await change(true);
    expect(store.commands).to.have.length(COPIED_TABLES.length);
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.have.length(2 * COPIED_TABLES.length);
    await change(false);
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.have.length(2 * COPIED_TABLES.length);
    await change(true);
    stop();
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.have.length(3 * COPIED_TABLES.length);
    expect(clock.waiting).to.equal(0);
  });

  it('warns and tries again the next day when it fails', async () => {
    const { store, clock, logger, stop, change } = start(30);
    store.fault = new StoreError('query', 'no grant');
    await change(true);
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).to.deep.equal([
      'warn Old rows stay in ClickHouse until tomorrow, they cannot be deleted: no grant'
    ]);
    store.fault = null;
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.have.length(COPIED_TABLES.length);
    stop();
  });

  it('keeps rows for ever without a bound', async () => {
    const { store, clock, change } = start(undefined);
    await change(true);
    await clock.advance(EXPIRE_EVERY_MS);
    expect(store.commands).to.deep.equal([]);
  });
});
