import { expect } from 'chai';
import { ERASE_EVERY_MS, eraseRows, watchErasures } from '../../../actors/clickhouse/erasures.js';
import { StoreError, type AnalyticsStore, type Row } from '../../../actors/clickhouse/store.js';
import { staleRow, staleRows } from '../../../actors/upkeep/stale-rows.js';
import { MemoryLog } from '../log/memory-log.js';
import { RecordedLogger } from '../recorded-logger.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

/** A store with a number of rows that have old bodies. */
class Rows {
  readonly commands: string[] = [];
  left = 1;
  busy = 0;
  fault: StoreError | null = null;
  query = (sql: string): Promise<Row[]> =>
    this.fault === null
      ? Promise.resolve([{ n: String(sql.includes('system.mutations') ? this.busy : this.left) }])
      : Promise.reject(this.fault);
  command = (sql: string): Promise<void> => {
    this.commands.push(sql);
    return Promise.resolve();
  };
}

async function rig({ isTaken = true } = {}) {
  const log = new MemoryLog();
  const { kind, thread, id, text } = staleRow({ thread: "o'x", mid: 'm1', offset: 1 });
  await log.setRecord(thread, kind, id, text);
  log.feed.say("o'x", 'old', { mid: 'm1' });
  if (isTaken) await log.feed.take(log.feed.next(10, Infinity));
  return { log, store: new Rows() };
}

describe('eraseRows', () => {
  it('orders the change, and forgets the message only when no row has its body', async () => {
    const { log, store } = await rig();
    await eraseRows(store, log);
    expect(store.commands).to.eql([
      `ALTER TABLE messages UPDATE body = '{"erased":true}', text = '' WHERE ((thread = 'o\\'x' AND mid = 'm1')) AND body != '{"erased":true}'`
    ]);
    expect(staleRows(log, 10)).to.have.length(1);
    store.left = 0;
    await eraseRows(store, log);
    expect(store.commands).to.have.length(1);
    expect(staleRows(log, 10)).to.eql([]);
  });

  it('waits for a change that runs, and for a message that may still be sent as it was', async () => {
    const running = await rig();
    running.store.busy = 1;
    await eraseRows(running.store, running.log);
    const sent = await rig({ isTaken: false });
    sent.store.left = 0;
    await eraseRows(sent.store, sent.log);
    for (const { log, store } of [running, sent]) {
      expect(store.commands).to.eql([]);
      expect(staleRows(log, 10)).to.have.length(1);
    }
  });
});

describe('watchErasures', () => {
  it('goes on until it is done, however often the store fails, and says that once', async () => {
    const { log, store } = await rig();
    const clock = new VirtualClock();
    const logger = new RecordedLogger();
    let change: (isConnected: boolean) => void = () => undefined;
    const stop = watchErasures({
      clickhouse: {
        store: store as unknown as AnalyticsStore,
        onChange: (listener) => {
          change = listener;
          return () => undefined;
        }
      },
      log: () => log,
      clock,
      logger
    });
    const pass = async (): Promise<void> => {
      await clock.sleep(ERASE_EVERY_MS);
      await settle();
    };
    await pass();
    expect(store.commands).to.eql([]);
    change(true);
    store.fault = new StoreError('lost', 'it is away');
    await pass();
    await pass();
    expect(logger.lines.filter(({ level }) => level === 'warn')).to.have.length(1);
    store.fault = null;
    await pass();
    expect(store.commands).to.have.length(1);
    store.left = 0;
    await pass();
    expect(staleRows(log, 10)).to.eql([]);
    change(false);
    stop();
    expect(clock.waiting).to.equal(0);
  });
});
