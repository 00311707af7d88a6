/** A whole server explains for each outcome of a message why it did or did not arrive. */
import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { engineIsInstalled } from '../../actors/clickhouse/stores.js';
import { requireTool } from '../../require.js';
import { askJourney, journeysOf, names, stepOf, untilJourney } from './journey-answer.js';
import { isStored } from '../clickhouse/log-and-store.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { SlowReader } from '../wire/slow-reader.js';
import { untilStatus } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

/** Long enough to look at a held message before the grace ends. */
const GRACE_MS = 1_500;

const TAKEN = ['received', 'validated', 'appended', 'acked'];

/** A slow reader lags once more than this waits for it: as much as two kernels and the server hold. */
const LAG_MESSAGES = 80;
const LAG_TEXT = 'x'.repeat(250_000);

describe('the journey of a message', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  let ada: WireClient;

  before(async function () {
    requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    server = await startServer({
      env: {
        CLICKHOUSE_URL: '',
        DELIVERY_GRACE_MS: String(GRACE_MS),
        LIMIT_PUBLISH_PER_SECOND: '0',
        LIMIT_FRAME_BYTES: '1000000'
      }
    });
    ada = await WireClient.connect(server.url, 'ada');
    await server.line('✅ ClickHouse connected');
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  it('goes from the receipt to every reader, the same from the log as from ClickHouse', async () => {
    const bob = await WireClient.connect(server.url, 'bob');
    await ada.subscribe('room');
    await bob.subscribe('room');
    await ada.publish('room', 'm-1 ü', 'hello');
    bob.send({ type: 'mark', id: 'read', thread: 'room', read: 1 });
    await bob.next('mark');
    const [fresh] = await journeysOf(server.url, 'm-1 ü');
    expect(names(fresh!)).to.eql([...TAKEN, 'fanned_out', 'read']);
    expect(fresh).to.deep.include({
      thread: 'room',
      offset: 1,
      from: { user: 'ada' },
      kind: 'user_message',
      sizeBytes: 16,
      status: 'delivered',
      complete: true,
      notes: []
    });
    expect(JSON.stringify(fresh)).not.to.include('hello');
    expect(stepOf(fresh!, 'fanned_out')).to.include({ subscribers: 2 });
    expect(stepOf(fresh!, 'appended')).to.include({ offset: 1, durable: 'disk' });
    expect(stepOf(fresh!, 'read')).to.deep.include({ user: 'bob', source: 'log' });
    const times = fresh!.steps.map(({ afterMs }) => afterMs!);
    expect([...times].sort((one, other) => one - other)).to.eql(times);
    expect(stepOf(fresh!, 'appended').afterMs).to.be.greaterThan(0);

    await untilStatus(server.url, isStored);
    const [stored] = await journeysOf(server.url, 'm-1 ü', '?thread=room');
    expect(stepOf(stored!, 'fanned_out').source).to.equal('clickhouse');
    expect(stepOf(stored!, 'read').source).to.equal('clickhouse');
    const told = ({ steps }: typeof fresh & object) =>
      steps.map(({ source: _source, afterMs, ...rest }) => ({
        ...rest,
        afterMs: Math.round(afterMs! * 10)
      }));
    expect(told(stored!)).to.eql(told(fresh!));
    await bob.close();
  });

  it('tells of a message that nobody was there for, until and after somebody comes', async () => {
    await ada.publish('empty', 'lonely', 'is anybody there?');
    const held = await untilJourney(server.url, 'lonely', ({ status }) => status === 'held');
    expect(held.complete).to.equal(false);
    expect(names(held)).to.include.members([...TAKEN, 'held']);
    expect(stepOf(held, 'held')['dueAt']).to.be.within(held.at, held.at + GRACE_MS + 1_000);
    const acked = stepOf(held, 'acked');
    expect(acked.at, 'the ack of the first waits').to.be.at.least(stepOf(held, 'held').at!);

    await ada.publish('empty', 'lonely-2', 'really nobody?');
    const late = await untilJourney(server.url, 'lonely', ({ status }) => status === 'undelivered');
    expect(late.complete).to.equal(false);
    expect(stepOf(late, 'undelivered')).to.include({ messages: 2 });
    expect(stepOf(late, 'undelivered').afterMs).to.be.at.least(GRACE_MS - 5);

    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('empty');
    for (const mid of ['lonely', 'lonely-2']) {
      const done = await untilJourney(server.url, mid, ({ complete }) => complete);
      expect(done).to.deep.include({ status: 'delivered_late', notes: [] });
      expect(names(done).slice(-2)).to.eql(['delivered_late', 'replayed']);
      expect(stepOf(done, 'delivered_late')).to.include({ messages: 2, subscribers: 1 });
      expect(stepOf(done, 'replayed')).to.include({ user: 'bob', from: 1, upTo: 2 });
    }
    await bob.close();
  });

  it('names the reader who is too slow, while it is and afterwards', async () => {
    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('heavy');
    const slow = await SlowReader.open(server.url, 'slow', ['heavy']);
    for (let n = 1; n <= LAG_MESSAGES; n++) await ada.publish('heavy', `h${String(n)}`, LAG_TEXT);
    const last = `h${String(LAG_MESSAGES)}`;
    const lagging = await untilJourney(server.url, last, ({ complete }) => !complete);
    expect(lagging.status).to.equal('delivered');
    const behind = stepOf(lagging, 'lagging');
    expect(behind).to.include({ user: 'slow', source: 'now', at: null });
    expect(behind['cursor']).to.be.within(1, LAG_MESSAGES - 1);
    expect(behind['since']).to.be.at.most(Date.now());

    await slow.readUntil((frames) =>
      frames.some(({ type, offset }) => type === 'caught_up' && offset === LAG_MESSAGES)
    );
    const done = await untilJourney(server.url, last, ({ complete }) => complete);
    const lagged = stepOf(done, 'lagged');
    expect(lagged).to.include({ user: 'slow', upTo: LAG_MESSAGES, since: behind['since'] });
    expect(lagged['connection']).to.equal(behind['connection']);
    expect(lagged.at).to.be.greaterThan(done.at);
    const [early] = await journeysOf(server.url, 'h1');
    expect(names(early!), 'what it was given in time').to.eql([...TAKEN, 'fanned_out']);
    slow.cut();
    await bob.close();
  });

  it('says who left without it', async () => {
    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('heavy2');
    const slow = await SlowReader.open(server.url, 'slow', ['heavy2']);
    for (let n = 1; n <= LAG_MESSAGES; n++) await ada.publish('heavy2', `l${String(n)}`, LAG_TEXT);
    const last = `l${String(LAG_MESSAGES)}`;
    await untilJourney(server.url, last, ({ complete }) => !complete);
    slow.cut();
    const left = await untilJourney(server.url, last, ({ complete }) => complete);
    expect(stepOf(left, 'left')).to.include({ user: 'slow', upTo: LAG_MESSAGES });
    await bob.close();
  });

  it('says that test threads are not recorded, and tells a mid of two threads twice', async () => {
    await ada.publish('test_one', 'twice');
    const stored = { type: 'publish', thread: 'two', mid: 'twice', body: 2, expect: 'stored' };
    await ada.ask(stored);
    const [test, real, ...more] = await journeysOf(server.url, 'twice');
    expect(more).to.eql([]);
    expect(test).to.deep.include({ thread: 'test_one', status: 'unknown', complete: true });
    expect(test!.notes.join()).to.match(/^this is a test thread/);
    expect(real).to.deep.include({ thread: 'two', status: 'stored', notes: [] });
    const [only] = await journeysOf(server.url, 'twice', '?thread=two');
    expect(only!.thread).to.equal('two');
  });

  it('says why there is nothing to tell', async () => {
    const { status, body } = await askJourney(server.url, 'never');
    expect(status).to.equal(404);
    expect(body['code']).to.equal('not_found');
    expect(body['detail']).to.match(/refused, or it has been trimmed; with \?thread=/);
    const named = await askJourney(server.url, 'never', '?thread=room');
    expect(named.body['detail']).to.match(/ClickHouse included/);
  });
});

describe('the journey of a message without ClickHouse', function () {
  this.timeout(60_000);
  let dataDir: string;
  before(async () => {
    dataDir = await temporaryDir();
  });
  after(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('tells what is on its way to a ClickHouse that is away, and that more may be there', async () => {
    const server = await startServer({ env: { CLICKHOUSE_URL: 'http://127.0.0.1:9/none' } });
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.subscribe('room');
    await ada.publishAll(
      'room',
      Array.from({ length: 50 }, (_, n) => `m${String(n)}`)
    );
    const { body } = await askJourney(server.url, 'm7');
    expect(body['clickhouse']).to.equal('away');
    const [journey] = await journeysOf(server.url, 'm7');
    expect(journey).to.deep.include({ status: 'delivered', offset: 8, complete: true });
    expect(stepOf(journey!, 'fanned_out')).to.include({ source: 'log', subscribers: 1 });
    expect(journey!.notes.join()).to.match(/^ClickHouse is away \(nothing answers at 127.0.0.1:9/);
    await server.stop();
  });

  it('tells what the log and the moment know, also of what was held before a restart', async () => {
    const env = { DELIVERY_GRACE_MS: '600000' };
    const first = await startServer({ env, dataDir });
    const ada = await WireClient.connect(first.url, 'ada');
    await ada.subscribe('room');
    await ada.publish('room', 'heard', 'hello');
    await ada.publish('empty', 'lonely', 'hello?');
    const [heard] = await journeysOf(first.url, 'heard');
    expect(heard).to.deep.include({ status: 'unknown', complete: true });
    expect(names(heard!)).to.eql(TAKEN);
    expect(stepOf(heard!, 'acked').at).to.equal(null);
    expect(heard!.notes[0]).to.match(/^ClickHouse is off/);
    await first.stop();

    const second = await startServer({ env, dataDir });
    const [held] = await journeysOf(second.url, 'lonely');
    expect(held).to.deep.include({ status: 'held', complete: false });
    expect(stepOf(held!, 'held').at).to.be.at.least(held!.at);
    expect(stepOf(held!, 'appended'), 'another process promised').not.to.have.property('durable');
    await second.stop();
  });
});
