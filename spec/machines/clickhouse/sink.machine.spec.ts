import { expect } from 'chai';
import {
  fromCallback,
  fromPromise,
  type EventFromLogic,
  type EventObject,
  type SnapshotFrom
} from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import { sinkProgress, type BatchDone } from '../../../machines/clickhouse/sink-status.js';
import {
  AWAY_GRACE_MS,
  createSinkMachine,
  FINISH_MS,
  GATHER_MS,
  StoreAwayError,
  type SinkMachine,
  type SinkNews
} from '../../../machines/clickhouse/sink.machine.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { Deferred, supervise } from '../supervision/supervised.js';

const NO_ROWS = { messages: 0, deliveries: 0, transitions: 0, steps: 0, runs: 0 };
const batchOf = (changes: Partial<BatchDone> = {}): BatchDone => ({
  stored: { messages: 2, deliveries: 1, transitions: 0, steps: 0, runs: 0 },
  more: false,
  pending: false,
  readAt: 0,
  busyMs: 0,
  ...changes
});

const RETRY_MAX_MS = 30_000;

/** Runs the chart on virtual time; the spec settles each step. */
function start() {
  const clock = new VirtualClock();
  const news: SinkNews[] = [];
  const steps: string[] = [];
  let identifying = new Deferred<{ isRewound: boolean }>();
  let storing = new Deferred<BatchDone>();
  const machine = createSinkMachine({
    retryMaxMs: RETRY_MAX_MS,
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    random: () => 0.5
  }).provide({
    actors: {
      watch: fromCallback<EventObject>(() => () => steps.push('unwatched')),
      identify: fromPromise(() => {
        steps.push('identify');
        identifying = new Deferred();
        return identifying.promise;
      }),
      store: fromPromise(({ signal }) => {
        steps.push('store');
        signal.addEventListener('abort', () => steps.push('aborted'));
        storing = new Deferred();
        return storing.promise;
      })
    },
    actions: { writeLine: (_, params) => news.push(params.news) }
  });
  const child = supervise(machine, {}, clock);
  const snapshot = (): SnapshotFrom<SinkMachine> => child.ref.getSnapshot();
  const send = async (event: EventFromLogic<SinkMachine>) => {
    child.ref.send(event);
    await settle();
  };
  return {
    ...child,
    steps,
    news,
    snapshot,
    send,
    status: () => sinkProgress(snapshot(), clock.elapsed()),
    identified: (isRewound = false) => identifying.resolve({ isRewound }),
    unidentified: (error: Error) => identifying.reject(error),
    stored: (changes: Partial<BatchDone> = {}) => storing.resolve(batchOf(changes)),
    refused: (error = new Error('code 60')) => storing.reject(error),
    /** Brings it to idle. */
    idle: async () => {
      await send({ type: 'store.up' });
      await identifying.resolve({ isRewound: false });
      await storing.resolve(batchOf({ stored: NO_ROWS }));
      await clock.advance(1);
      steps.length = 0;
    }
  };
}

const READY = { type: 'child.ready', id: 'ch' };
const RECOVERED = { type: 'child.recovered', id: 'ch' };
const degraded = (error: string) => ({ type: 'child.degraded', id: 'ch', error });

describe('createSinkMachine', () => {
  it('says ready at once and waits for the store', async () => {
    const run = start();
    await settle();
    expect(run.said).to.deep.equal([READY]);
    expect(run.steps).to.deep.equal([]);
    expect(run.status()).to.deep.include({ status: 'waiting', error: null, batches: 0 });
  });

  it('finds out which store it is, stores what waits and is idle when the store comes', async () => {
    const run = start();
    await run.send({ type: 'store.up' });
    await run.identified();
    expect(run.steps).to.deep.equal(['identify', 'store']);
    await run.stored({ stored: NO_ROWS });
    await run.clock.advance(1);
    expect(run.status()).to.deep.include({ status: 'idle', batches: 0, lastStoredAt: null });
  });

  it('lets the first thing wait for company for a second, and no longer', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS - 1);
    await run.send({ type: 'work' });
    expect(run.steps).to.deep.equal([]);
    await run.clock.advance(1);
    expect(run.steps).to.deep.equal(['store']);
    await run.stored();
    expect(run.status()).to.deep.include({
      stored: { messages: 2, deliveries: 1, transitions: 0, steps: 0, runs: 0 },
      batches: 1,
      lastStoredAt: run.clock.now()
    });
  });

  it('goes on at once while there is more, with a rest as long as the batch kept the loop busy', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    await run.stored({ more: true, busyMs: 6.2 });
    await run.clock.advance(6);
    expect(run.steps).to.deep.equal(['store']);
    await run.clock.advance(1);
    expect(run.steps).to.deep.equal(['store', 'store']);
  });

  for (const how of ['is told of during the batch', 'is left after the batch']) {
    it(`gathers again when something ${how}`, async () => {
      const run = start();
      await run.idle();
      await run.send({ type: 'work' });
      await run.clock.advance(GATHER_MS);
      if (how.startsWith('is told')) await run.send({ type: 'work' });
      await run.stored({ pending: how.startsWith('is left') });
      await run.clock.advance(GATHER_MS);
      expect(run.steps).to.deep.equal(['store']);
      await run.clock.advance(1);
      expect(run.steps).to.deep.equal(['store', 'store']);
    });
  }

  it('gives the batch up, says nothing and begins anew when the store goes and comes', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    await run.send({ type: 'store.down' });
    expect(run.status()).to.deep.include({ status: 'waiting', error: null });
    await run.send({ type: 'store.up' });
    expect(run.steps).to.deep.equal(['store', 'aborted', 'identify']);
    expect(run.said).to.deep.equal([READY]);
    expect(run.news).to.deep.equal([]);
  });

  it('tells an outage of its own once, its end once, and the log when all is stored again', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await run.refused();
      await run.clock.advance(RETRY_MAX_MS);
      await run.identified();
    }
    expect(run.status()).to.deep.include({ status: 'retrying', error: 'code 60' });
    expect(run.said).to.deep.equal([READY, degraded('code 60')]);
    await run.stored({ more: true });
    expect(run.said).to.deep.equal([READY, degraded('code 60'), RECOVERED]);
    expect(run.news).to.deep.equal(['refused']);
    await run.clock.advance(1);
    await run.stored();
    expect(run.news).to.deep.equal(['refused', 'caughtUp']);
    expect(run.snapshot().context.caughtUp).to.equal(6);
  });

  it('opens no second outage in the log when the store fails again before all is stored', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    await run.refused();
    await run.clock.advance(RETRY_MAX_MS);
    await run.identified();
    await run.stored({ more: true });
    await run.clock.advance(1);
    await run.refused(new Error('code 241'));
    expect(run.said.slice(1)).to.deep.equal([degraded('code 60'), RECOVERED, degraded('code 241')]);
    expect(run.news).to.deep.equal(['refused']);
  });

  it('waits longer after each failure and shortly again once a batch is stored', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    const waits: (number | null)[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await run.refused();
      waits.push(run.status().nextAttemptMs);
      await run.clock.advance(run.status().nextAttemptMs ?? 0);
      await run.identified();
    }
    await run.stored({ more: true });
    await run.clock.advance(1);
    await run.refused();
    waits.push(run.status().nextAttemptMs);
    expect(waits).to.deep.equal([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 250]);
  });

  for (const jumpMs of [3_600_000, -3_600_000]) {
    it(`tells the same wait when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
      const run = start();
      await run.idle();
      await run.send({ type: 'work' });
      await run.clock.advance(GATHER_MS);
      await run.refused();
      run.clock.jump(jumpMs);
      expect(run.status().nextAttemptMs).to.equal(250);
    });
  }

  it('leaves a store that seems away to its own pings, and degrades when that goes on', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    const beganAt = run.clock.now();
    while (run.said.length < 2) {
      await run.refused(new StoreAwayError('reset'));
      await run.clock.advance(run.status().nextAttemptMs ?? 0);
      await run.identified();
    }
    expect(run.clock.now() - beganAt).to.be.within(AWAY_GRACE_MS, 2 * RETRY_MAX_MS);
    expect(run.said).to.deep.equal([READY, degraded('reset')]);
  });

  it('forgets failures that were the beginning of an outage of the store', async () => {
    const run = start();
    await run.idle();
    await run.send({ type: 'work' });
    await run.clock.advance(GATHER_MS);
    await run.refused(new StoreAwayError('reset'));
    await run.send({ type: 'store.down' });
    expect(run.status()).to.deep.include({ status: 'waiting', error: null, nextAttemptMs: null });
  });

  it('is degraded by a store that cannot be identified', async () => {
    const run = start();
    await run.send({ type: 'store.up' });
    await run.unidentified(new Error('no grant'));
    expect(run.said).to.deep.equal([READY, degraded('no grant')]);
    expect(run.hasTag('degraded')).to.equal(true);
  });

  it('knows until when all is stored, and no longer once the log is sent again', async () => {
    const run = start();
    await run.send({ type: 'store.up' });
    await run.identified(true);
    await run.stored({ more: true, readAt: 5 });
    expect(run.snapshot().context.completeAt).to.equal(null);
    await run.clock.advance(1);
    await run.stored({ readAt: 7 });
    expect(run.snapshot().context.completeAt).to.equal(7);
    await run.send({ type: 'store.down' });
    await run.send({ type: 'store.up' });
    await run.identified(true);
    expect(run.snapshot().context.completeAt).to.equal(null);
  });

  it('stops at once when no batch is in hand', async () => {
    const run = start();
    await run.idle();
    await run.stop();
    expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    expect(run.steps).to.deep.equal(['unwatched']);
  });

  for (const end of ['is stored', 'is refused', 'takes too long', 'loses its store']) {
    it(`stops when the batch in hand ${end}`, async () => {
      const run = start();
      await run.idle();
      await run.send({ type: 'work' });
      await run.clock.advance(GATHER_MS);
      await run.stop();
      expect(run.ends).to.deep.equal([]);
      expect(run.hasTag('draining')).to.equal(true);
      if (end === 'is stored') await run.stored();
      else if (end === 'is refused') await run.refused();
      else if (end === 'loses its store') await run.send({ type: 'store.down' });
      else await run.clock.advance(FINISH_MS);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.snapshot().context.batches).to.equal(end === 'is stored' ? 1 : 0);
      expect(run.said).to.deep.equal([READY]);
    });
  }
});

// The events of the paths below: one of each kind that can come from outside, and every timer.
const FACTS: readonly EventObject[] = [
  named('xstate.done.actor.identify', { output: { isRewound: false } }),
  named('xstate.error.actor.identify', { error: new Error('no grant') }),
  named('xstate.done.actor.store', { output: batchOf() }),
  named('xstate.done.actor.store', { output: batchOf({ more: true }) }),
  named('xstate.error.actor.store', { error: new Error('code 60') }),
  named('xstate.error.actor.store', { error: new StoreAwayError('reset') }),
  named('store.up'),
  named('store.down'),
  named('work'),
  named('child.stop')
];

function named(type: string, fields: object = {}): EventObject {
  return { type, ...fields };
}

// The graph functions take only events of the machine's own type. It lacks those that xstate makes for actors and
// timers.
function isOwn(event: EventObject): event is EventFromLogic<SinkMachine> {
  return event.type !== '';
}

function pathsOf() {
  const ignore = () => undefined;
  const machine = createSinkMachine({
    retryMaxMs: RETRY_MAX_MS,
    now: () => 0,
    elapsed: () => 0,
    random: () => 0.5
  }).provide({
    // While paths are enumerated there is no parent to report to. They are replayed under a parent below.
    actions: { reportReady: ignore, reportDegraded: ignore, reportRecovered: ignore }
  });
  const timers = machine.events
    .filter((type) => type.startsWith('xstate.after.'))
    .map((type) => named(type));
  return getSimplePaths(machine, {
    input: { id: 'ch', results: NO_RESULTS },
    events: [...FACTS, ...timers].filter(isOwn),
    serializeState: ({ value, context }: SnapshotFrom<SinkMachine>) =>
      JSON.stringify([value, context.isDegraded])
  });
}

describe('every path of the chart of the sink', () => {
  const paths = pathsOf();

  it('finds 170 of them', () => {
    expect(paths).to.have.length(170);
  });

  for (const path of paths) {
    // The first step is the start itself.
    const events = path.steps.slice(1).map((step) => step.event);
    it(`holds on ${events.map(short).join(' → ') || 'the start'}`, async () => {
      const run = start();
      check(run);
      for (const event of events) {
        run.ref.send(event);
        check(run);
      }
      await run.stop();
      await run.clock.advance(FINISH_MS);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.steps.at(-1)).to.equal('unwatched');
      // No timer of the path is left.
      expect(run.clock.waiting).to.equal(0);
    });
  }
});

function short(event: EventObject): string {
  const away = 'error' in event && event.error instanceof StoreAwayError ? ' as if away' : '';
  return event.type.replace(/^xstate\.|actor\.|sink\./g, '') + away;
}

/** Checks what must hold in every reachable state, on every path. */
function check(run: ReturnType<typeof start>): void {
  const snapshot = run.snapshot();
  const { isDegraded, openSince } = snapshot.context;
  const [first, ...turns] = run.said.map(({ type }) => type);
  expect(first).to.equal('child.ready');
  turns.forEach((type, index) => {
    expect(type).to.equal(index % 2 === 0 ? 'child.degraded' : 'child.recovered');
  });
  expect(isDegraded).to.equal(turns.at(-1) === 'child.degraded');
  run.news.forEach((what, index) => {
    expect(what).to.equal(index % 2 === 0 ? 'refused' : 'caughtUp');
  });
  expect(openSince !== null).to.equal(run.news.at(-1) === 'refused');
  if (isDegraded) expect(openSince).not.to.equal(null);
  const { status, error, nextAttemptMs } = run.status();
  if (snapshot.hasTag('draining')) return;
  expect(snapshot.hasTag('degraded')).to.equal(nextAttemptMs !== null);
  expect(snapshot.matches('waiting')).to.equal(status === 'waiting');
  if (status === 'retrying' || isDegraded) expect(error).to.be.a('string');
  if (status === 'idle') expect(error).to.equal(null);
}
