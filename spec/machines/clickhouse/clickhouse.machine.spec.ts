import { expect } from 'chai';
import {
  createActor,
  fromCallback,
  fromPromise,
  sendTo,
  setup,
  SimulatedClock,
  type EventFromLogic,
  type EventObject,
  type SnapshotFrom
} from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { clickhouseStatus } from '../../../machines/clickhouse/clickhouse-status.js';
import {
  createClickhouseMachine,
  SETTLED_MS,
  type ClickhouseMachine,
  type ClickhouseNews
} from '../../../machines/clickhouse/clickhouse.machine.js';
import type { ClickhouseSettings } from '../../../machines/clickhouse/clickhouse-settings.js';
import { PermanentError } from '../../../machines/clickhouse/permanent-error.js';
import {
  NO_RESULTS,
  type ChildOutput,
  type ChildReport
} from '../../../machines/supervision/child.js';

const TIMEOUT_MS = 1_000;
const DEADLINE_MS = 10_000;
const RETRY_MAX_MS = 30_000;

const settingsOf = (changes: Partial<ClickhouseSettings> = {}): ClickhouseSettings => ({
  mode: 'embedded',
  required: false,
  timeoutMs: TIMEOUT_MS,
  attempts: 3,
  deadlineMs: DEADLINE_MS,
  retryMaxMs: RETRY_MAX_MS,
  now: () => 0,
  elapsed: () => 0,
  random: () => 0.5,
  ...changes
});

type Step = 'connect' | 'migrate';
interface Wait {
  step: Step;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Runs the chart under a parent on virtual time; the spec settles each step of each attempt. */
function start(changes: Partial<ClickhouseSettings> = {}) {
  const clock = new SimulatedClock();
  const reports: (ChildReport | { type: 'done'; output: ChildOutput })[] = [];
  const news: ClickhouseNews[] = [];
  const waits: Wait[] = [];
  const heldUpBy: string[] = [];
  const calls: string[] = [];
  let lose: (reason: string) => void = () => expect.fail('nobody watches');
  const step = (name: Step) => (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      calls.push(name);
      waits.push({ step: name, resolve, reject });
      signal.addEventListener('abort', () => calls.push(`${name} aborted`));
    });
  const child = createClickhouseMachine(
    settingsOf({ now: () => clock.now(), elapsed: () => clock.now(), ...changes })
  ).provide({
    actors: {
      connect: fromPromise(async ({ signal }) => {
        await step('connect')(signal);
        return { version: '26.7' };
      }),
      migrate: fromPromise(({ signal }) => step('migrate')(signal)),
      watch: fromCallback<EventObject>(({ sendBack }) => {
        lose = (reason) => {
          sendBack({ type: 'store.lost', reason });
        };
        return () => calls.push('watch ended');
      }),
      close: fromPromise(async () => {
        calls.push('close');
        return Promise.resolve();
      })
    },
    actions: { writeLine: (_, params) => news.push(params.news) }
  });
  const parent = setup({
    types: {
      events: {} as ChildReport | { type: 'forward.stop' },
      children: {} as { ch: 'child' }
    },
    actors: { child }
  }).createMachine({
    invoke: {
      id: 'ch',
      src: 'child',
      input: { id: 'ch', results: NO_RESULTS },
      onDone: { actions: ({ event }) => reports.push({ type: 'done', output: event.output }) }
    },
    on: {
      'child.ready': { actions: ({ event }) => reports.push(event) },
      'child.degraded': { actions: ({ event }) => reports.push(event) },
      'child.recovered': { actions: ({ event }) => reports.push(event) },
      'child.waiting': { actions: ({ event }) => heldUpBy.push(event.on) },
      'forward.stop': { actions: sendTo('ch', { type: 'child.stop' }) }
    }
  });
  const root = createActor(parent, { clock }).start();
  const ref = root.getSnapshot().children.ch;
  if (ref === undefined) throw new Error('the child was not started');
  const flush = () => new Promise<void>((resolve) => setImmediate(resolve));
  const settle = async (name: Step, error?: Error) => {
    const wait = waits.pop();
    expect(wait?.step).to.equal(name);
    if (error === undefined) wait?.resolve();
    else wait?.reject(error);
    await flush();
  };
  return {
    clock,
    reports,
    news,
    heldUpBy,
    calls,
    flush,
    snapshot: () => ref.getSnapshot(),
    status: () => clickhouseStatus(ref.getSnapshot(), clock.now()),
    fail: (reason: string) => settle('connect', new Error(reason)),
    failForGood: (reason: string) => settle('connect', new PermanentError(reason)),
    failMigration: async (reason: string) => {
      await settle('connect');
      await settle('migrate', new Error(reason));
    },
    connect: async () => {
      await settle('connect');
      await settle('migrate');
    },
    lose: (reason: string) => {
      lose(reason);
    },
    send: (event: EventFromLogic<ClickhouseMachine>) => {
      ref.send(event);
    },
    stop: async () => {
      root.send({ type: 'forward.stop' });
      await flush();
    },
    advance: async (ms: number) => {
      clock.increment(ms);
      await flush();
    }
  };
}

const READY = { type: 'child.ready', id: 'ch' } as const;
const RECOVERED = { type: 'child.recovered', id: 'ch' } as const;
const degraded = (error: string) => ({ type: 'child.degraded', id: 'ch', error }) as const;
const done = (output: ChildOutput) => ({ type: 'done', output }) as const;

describe('createClickhouseMachine', () => {
  describe('required', () => {
    it('says ready only when connected and migrated', async () => {
      const run = start({ required: true });
      await run.flush();
      expect(run.reports).to.deep.equal([]);
      expect(run.snapshot().hasTag('initializing')).to.equal(true);
      await run.connect();
      expect(run.reports).to.deep.equal([READY]);
      expect(run.snapshot().hasTag('ready')).to.equal(true);
      expect(run.news).to.deep.equal(['connected']);
      expect(run.status()).to.deep.include({ status: 'connected', error: null, of: null });
    });

    it('fails with the last reason when its attempts are used up', async () => {
      const run = start({ required: true });
      await run.fail('refused 1');
      await run.advance(250);
      await run.failMigration('no space');
      await run.advance(500);
      await run.fail('refused 3');
      const error = 'refused 3 (attempt 3 of 3)';
      expect(run.reports).to.deep.equal([
        done({ status: 'failed', error: `ClickHouse required but ${error}` })
      ]);
      expect(run.news).to.deep.equal(['required']);
      expect(run.calls.filter((call) => call === 'connect')).to.have.length(3);
      expect(run.calls.at(-1)).to.equal('close');
      expect(run.status()).to.deep.include({ status: 'failed', error, deadlineMs: null });
    });

    it('tells its supervisor what holds its start up, for the case that it runs out of patience', async () => {
      const run = start({ required: true });
      await run.fail('refused 1');
      await run.advance(250);
      await run.fail('refused 2');
      expect(run.heldUpBy).to.deep.equal([
        'attempt 2 of 3, after: refused 1',
        'attempt 3 of 3, after: refused 2'
      ]);
    });

    it('fails at once when a retry would not mend it', async () => {
      const run = start({ required: true });
      await run.failForGood('authentication failed');
      expect(run.news).to.deep.equal(['required']);
      expect(run.status()).to.deep.include({ status: 'failed', attempt: 1 });
    });

    it('fails when its deadline is over, in the middle of an attempt', async () => {
      const run = start({ required: true, deadlineMs: 700 });
      await run.advance(699);
      expect(run.news).to.deep.equal([]);
      await run.advance(1);
      expect(run.calls).to.deep.equal(['connect', 'connect aborted', 'close']);
      expect(run.reports).to.deep.equal([
        done({
          status: 'failed',
          error: 'ClickHouse required but it has not answered (gave up after 700 ms)'
        })
      ]);
    });

    it('tells /status which attempt it is at and when the next one comes', async () => {
      const run = start({ required: true });
      await run.fail('refused');
      await run.advance(100);
      expect(run.status()).to.deep.equal({
        service: 'clickhouse',
        required: true,
        status: 'connecting',
        error: 'refused',
        mode: 'embedded',
        since: 0,
        restarts: 0,
        attempt: 1,
        of: 3,
        nextAttemptMs: 150,
        deadlineMs: DEADLINE_MS - 100
      });
    });

    for (const jumpMs of [3_600_000, -3_600_000]) {
      it(`tells the same waits when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        let wall = 1_767_225_600_000;
        const run = start({ required: true, now: () => wall });
        await run.fail('refused');
        wall += jumpMs;
        await run.advance(100);
        expect(run.status()).to.include({ nextAttemptMs: 150, deadlineMs: DEADLINE_MS - 100 });
      });
    }

    it('is degraded and reconnects, and does not fail, when lost after startup', async () => {
      const run = start({ required: true });
      await run.connect();
      run.lose('killed');
      for (let attempt = 0; attempt < 10; attempt += 1) {
        await run.advance(RETRY_MAX_MS);
        await run.fail('refused');
      }
      expect(run.reports).to.deep.equal([READY, degraded('killed')]);
      expect(run.news).to.deep.equal(['connected', 'unavailable']);
    });
  });

  describe('optional', () => {
    it('says ready at once and connects behind', async () => {
      const run = start();
      await run.flush();
      expect(run.reports).to.deep.equal([READY]);
      expect(run.snapshot().hasTag('ready')).to.equal(true);
      expect(run.status().status).to.equal('connecting');
      await run.connect();
      expect(run.reports).to.deep.equal([READY]);
      expect(run.news).to.deep.equal(['connected']);
    });

    it('tells an outage once and its end once, however many attempts it takes', async () => {
      const run = start();
      await run.fail('refused');
      for (let attempt = 0; attempt < 20; attempt += 1) {
        await run.advance(RETRY_MAX_MS);
        await run.fail(`refused again ${String(attempt)}`);
      }
      expect(run.status()).to.deep.include({ status: 'degraded', of: null, attempt: 21, since: 0 });
      await run.advance(RETRY_MAX_MS);
      await run.connect();
      expect(run.reports).to.deep.equal([READY, degraded('refused'), RECOVERED]);
      expect(run.news).to.deep.equal(['unavailable', 'recovered']);
      expect(run.status()).to.deep.include({
        status: 'connected',
        error: null,
        nextAttemptMs: null
      });
    });

    it('waits longer after each failure, and a minute at most when somebody has to act', async () => {
      const run = start();
      const waits: (number | null)[] = [];
      for (let attempt = 0; attempt < 8; attempt += 1) {
        await run.fail('refused');
        waits.push(run.status().nextAttemptMs);
        await run.advance(run.status().nextAttemptMs ?? 0);
      }
      await run.failForGood('authentication failed');
      waits.push(run.status().nextAttemptMs);
      expect(waits).to.deep.equal([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 30_000]);
    });

    it('keeps waiting long when a connection never lasts, and shortly again once one has settled', async () => {
      const run = start();
      await run.fail('refused');
      const waits: (number | null)[] = [];
      for (const lastsMs of [10, 10, SETTLED_MS]) {
        await run.advance(run.status().nextAttemptMs ?? 0);
        await run.connect();
        await run.advance(lastsMs);
        run.lose('crashed');
        waits.push(run.status().nextAttemptMs);
      }
      expect(waits).to.deep.equal([500, 1_000, 250]);
      expect(run.status().restarts).to.equal(3);
    });
  });

  it('gives up an attempt that hangs in either step when its time is over', async () => {
    const run = start({ mode: 'remote' });
    await run.advance(TIMEOUT_MS - 1);
    expect(run.status().status).to.equal('connecting');
    await run.advance(1);
    expect(run.calls).to.deep.equal(['connect', 'connect aborted']);
    expect(run.status().error).to.contain('no answer within 1000 ms');
    await run.advance(250);
    expect(run.calls.at(-1)).to.equal('connect');
    await run.advance(TIMEOUT_MS - 1);
    expect(run.status().nextAttemptMs).to.equal(null);
    await run.advance(1);
    expect(run.status().nextAttemptMs).to.equal(500);
  });

  it('gives the embedded engine twice as long with each attempt that hangs, and says how long', async () => {
    const run = start({ attempts: 9 });
    for (const limitMs of [1, 2, 4, 8].map((times) => times * TIMEOUT_MS)) {
      await run.advance(limitMs - 1);
      expect(run.status().nextAttemptMs, `${String(limitMs)} ms`).to.equal(null);
      await run.advance(1);
      expect(run.status().error).to.contain(`no answer within ${String(limitMs)} ms`);
      await run.advance(run.status().nextAttemptMs ?? 0);
    }
  });

  it('is skipped and ready, and opens nothing, when switched off', async () => {
    const run = start({ mode: 'off' });
    await run.flush();
    expect(run.reports).to.deep.equal([READY]);
    expect(run.status()).to.deep.include({ status: 'skipped', mode: 'off', error: null });
    await run.stop();
    expect(run.calls).to.deep.equal([]);
    expect(run.reports.at(-1)).to.deep.equal(done({ status: 'stopped' }));
  });

  it('closes the store and ends as stopped when told to in the middle of an attempt', async () => {
    const run = start({ required: true });
    await run.stop();
    expect(run.calls).to.deep.equal(['connect', 'connect aborted', 'close']);
    expect(run.reports).to.deep.equal([done({ status: 'stopped' })]);
  });
});

// The events of the paths below: one of each kind that can come from outside, and every timer.
const FACTS: readonly EventObject[] = [
  named('xstate.done.actor.connect', { output: { version: '26.7' } }),
  named('xstate.error.actor.connect', { error: new Error('refused') }),
  named('xstate.error.actor.connect', { error: new PermanentError('authentication failed') }),
  named('xstate.done.actor.migrate'),
  named('xstate.error.actor.migrate', { error: new Error('no space') }),
  named('xstate.error.actor.watch', { error: new Error('broken') }),
  named('xstate.done.actor.close'),
  named('xstate.error.actor.close', { error: new Error('stuck') }),
  named('store.lost', { reason: 'killed' }),
  named('child.stop')
];

function named(type: string, fields: object = {}): EventObject {
  return { type, ...fields };
}

type Snapshot = SnapshotFrom<ClickhouseMachine>;

// The graph functions take only events of the machine's own type. It lacks those that xstate makes for actors and
// timers.
function isOwn(event: EventObject): event is EventFromLogic<ClickhouseMachine> {
  return event.type !== '';
}

/**
 * All simple paths. The number of attempts is part of a state only where it decides something, since it grows for ever
 * elsewhere.
 */
function pathsOf(changes: Partial<ClickhouseSettings>) {
  const ignore = () => undefined;
  const machine = createClickhouseMachine(settingsOf({ attempts: 2, ...changes })).provide({
    // While paths are enumerated there is no parent to report to. They are replayed under a parent below.
    actions: {
      reportReady: ignore,
      reportWaiting: ignore,
      reportDegraded: ignore,
      reportRecovered: ignore
    }
  });
  const timers = machine.events
    .filter((type) => type.startsWith('xstate.after.'))
    .map((type) => named(type));
  return getSimplePaths(machine, {
    input: { id: 'ch', results: NO_RESULTS },
    events: [...FACTS, ...timers].filter(isOwn),
    serializeState: (snapshot: Snapshot) =>
      JSON.stringify([
        snapshot.value,
        snapshot.hasTag('initializing') ? snapshot.context.attempt : 0,
        snapshot.output ?? null
      ])
  });
}

const CHARTS = [
  { name: 'required', changes: { required: true }, paths: 301 },
  { name: 'optional', changes: { required: false }, paths: 116 },
  { name: 'switched off', changes: { mode: 'off' }, paths: 2 }
] as const;

for (const { name, changes, paths: expected } of CHARTS) {
  describe(`every path of the chart when ${name}`, () => {
    const paths = pathsOf(changes);

    it(`finds ${String(expected)} of them`, () => {
      expect(paths).to.have.length(expected);
    });

    for (const path of paths) {
      // The first step is the start itself.
      const events = path.steps.slice(1).map((step) => step.event);
      it(`holds on ${events.map(short).join(' → ') || 'the start'}`, async () => {
        const run = start({ attempts: 2, ...changes });
        checkReports(run, name);
        for (const event of events) {
          run.send(event);
          checkReports(run, name);
        }
        await run.stop();
        await run.flush();
        const { status, output } = run.snapshot();
        expect(status).to.equal('done');
        expect(output?.status).to.equal(run.news.includes('required') ? 'failed' : 'stopped');
      });
    }
  });
}

function short(event: EventObject): string {
  const permanent = 'error' in event && event.error instanceof PermanentError ? ' for good' : '';
  return event.type.replace(/^xstate\.|actor\.|clickhouse\./g, '') + permanent;
}

/** Checks what must hold in every reachable state, on every path. */
function checkReports(run: ReturnType<typeof start>, kind: (typeof CHARTS)[number]['name']): void {
  const snapshot = run.snapshot();
  const reports = run.reports.map(({ type }) => type).filter((type) => type !== 'done');
  const readies = reports.filter((type) => type === 'child.ready').length;
  const everConnected = run.news.includes('connected');
  if (kind === 'required') {
    expect(readies).to.equal(everConnected ? 1 : 0);
  } else {
    expect(readies).to.equal(1);
    expect(reports[0]).to.equal('child.ready');
    expect(snapshot.hasTag('failed')).to.equal(false);
    expect(run.news).not.to.include('required');
  }
  // Outages and recoveries alternate, and each is announced as often as it is reported.
  const turns = reports.filter((type) => type !== 'child.ready');
  turns.forEach((type, index) => {
    expect(type).to.equal(index % 2 === 0 ? 'child.degraded' : 'child.recovered');
  });
  expect(run.news.filter((what) => what === 'unavailable' || what === 'recovered')).to.deep.equal(
    turns.map((type) => (type === 'child.degraded' ? 'unavailable' : 'recovered'))
  );
  // /status and the tags say the same.
  const { status, error } = run.status();
  expect(snapshot.hasTag('degraded')).to.equal(
    status === 'degraded' && !snapshot.hasTag('draining')
  );
  if (snapshot.hasTag('failed')) expect(status).to.equal('failed');
  if (snapshot.hasTag('ready')) expect(error).to.equal(null);
  if (status === 'degraded' || status === 'failed') expect(error).to.be.a('string');
}
