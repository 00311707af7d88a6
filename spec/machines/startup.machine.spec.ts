import { expect } from 'chai';
import { createActor, fromPromise, type EventFromLogic, type SnapshotFrom } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import type { StartResults } from '../../machines/supervision/child.js';
import { handlersMachine, type Registration } from '../../machines/handlers.machine.js';
import { monitorMachine } from '../../machines/monitor.machine.js';
import { serviceMachine } from '../../machines/service.machine.js';
import {
  PHASES,
  createStartupMachine,
  type Phase,
  type PhaseSpec,
  type StartupEmitted,
  type StartupMachine
} from '../../machines/startup.machine.js';
import { NO_RESTARTS, RESTARTS, type ChildSpec } from '../../machines/supervision/child-spec.js';
import { isMissed, newChild } from '../../machines/supervision/child-state.js';
import type { SupervisorReport } from '../../machines/supervision/supervisor-context.js';
import { settle, VirtualClock } from '../virtual-clock.js';
import {
  childOf,
  keptBy,
  puppet,
  running,
  SHUTDOWN_MS,
  START_MS,
  type PuppetOrder
} from './supervision/puppet.js';
import { Deferred } from './supervision/supervised.js';

type Snapshot = SnapshotFrom<StartupMachine>;
type StartupEvent = EventFromLogic<StartupMachine>;
type Phases = Readonly<Record<Phase, PhaseSpec>>;

/** End of the journal's line for a puppet that is told to stop. */
const STOP_LINE = ' is told to stop';

/** Bound of the whole shutdown, in milliseconds. */
const END_MS = 5_000;

/** Starts a root of these children on virtual time, with a drain that the spec settles. */
function boot(phases: Phases, journal: string[] = []) {
  const clock = new VirtualClock();
  const drain = new Deferred<void>();
  const emitted: StartupEmitted[] = [];
  const root = createActor(
    createStartupMachine({
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      random: () => 0.5
    }).provide({
      actors: { drain: fromPromise<void>(() => drain.promise) }
    }),
    {
      clock,
      input: { phases, shutdownMs: END_MS }
    }
  );
  for (const type of [
    'phase.started',
    'phase.completed',
    'startup.completed',
    'startup.failed',
    'children.changed',
    'draining'
  ] as const) {
    root.on(type, (event) => emitted.push(event));
  }
  root.on('phase.started', ({ phase }) => {
    journal.push(`${phase} begins`);
  });
  root.start();
  const told = (type: 'phase.started' | 'phase.completed') =>
    emitted.flatMap((event) => (event.type === type && 'phase' in event ? [event.phase] : []));
  return {
    clock,
    drain,
    emitted,
    asked: () =>
      journal
        .filter((line) => line.endsWith(STOP_LINE))
        .map((line) => line.slice(0, -STOP_LINE.length)),
    root,
    snapshot: (): Snapshot => root.getSnapshot(),
    started: () => told('phase.started'),
    completed: () => told('phase.completed'),
    told: (type: StartupEmitted['type']) => emitted.filter((event) => event.type === type),
    make: (phase: Phase, id: string, order: PuppetOrder) =>
      keptBy(childOf(root, phase), id).send(order),
    stop: () => root.send({ type: 'server.stop' })
  };
}

const HANDLERS: StartResults = { handlers: ['connect', 'publish'] };

/** One patient puppet per phase, named like the phase. */
function patient(journal: string[]): Phases {
  const one = (phase: Phase): PhaseSpec => ({
    children: [
      { ...puppet(phase, journal, { manner: 'ignores' }), startTimeoutMs: 2e9, shutdownMs: 2e9 }
    ],
    policy: NO_RESTARTS
  });
  return {
    infrastructure: one('infrastructure'),
    handlers: one('handlers'),
    monitoring: one('monitoring'),
    services: one('services'),
    health: one('health')
  };
}

function isOwn(event: { type: string }): event is StartupEvent {
  return event.type !== '';
}

const machine = createStartupMachine({ now: () => 0, elapsed: () => 0, random: () => 0.5 });
const TIMERS = machine.events
  .filter((type: string) => type.startsWith('xstate.after.'))
  .map((type) => ({ type }))
  .filter(isOwn);
const DRAIN_DONE = 'xstate.done.actor.0.startup.ending.draining';
const DRAIN_LOST = 'xstate.error.actor.0.startup.ending.draining';
const DRAIN_ENDS = [{ type: DRAIN_DONE }, { type: DRAIN_LOST }].filter(isOwn);
const STOP: StartupEvent = { type: 'server.stop' };

type Ready = SupervisorReport & { type: 'child.ready' };
const ready = (phase: Phase, results = HANDLERS): Ready => ({
  type: 'child.ready',
  id: phase,
  results,
  children: []
});
const failed = (phase: Phase): StartupEvent => ({
  type: `xstate.done.actor.${phase}`,
  actorId: phase,
  output: { status: 'failed', service: phase, error: 'disk full', report: null }
});
const ended = (phase: Phase): StartupEvent => ({
  type: `xstate.done.actor.${phase}`,
  actorId: phase,
  output: { status: 'stopped' }
});
const crashed = (phase: Phase): StartupEvent => ({
  type: `xstate.error.actor.${phase}`,
  actorId: phase,
  error: new Error('crashed')
});
const clickhouse = (status: 'ready' | 'degraded' | 'failed', required: boolean) => ({
  ...newChild(puppet('clickhouse', [], { required }), 0),
  status
});
const changed = (status: 'ready' | 'failed', required = false): SupervisorReport => ({
  type: 'child.changed',
  id: 'services',
  children: [clickhouse(status, required)]
});

/** Reports of a phase that its guard refuses. */
const REFUSED: Readonly<Partial<Record<Phase, readonly Ready[]>>> = {
  handlers: [ready('handlers', { handlers: [] })],
  monitoring: [
    ready('monitoring', { handlers: [] }),
    ready('monitoring', { handlers: ['connect'] })
  ],
  services: [
    {
      ...ready('services'),
      children: [clickhouse('degraded', true)]
    }
  ]
};

/**
 * Events that may come in a state. During the shutdown the first phase stands for all that were not asked to stop yet.
 */
function possibleIn(snapshot: Snapshot): StartupEvent[] {
  const { live } = snapshot.context;
  const last = live.slice(-1);
  // The first and the last phase stand for all that may fail, the neighbours for all that may report out of turn.
  const ends = PHASES.filter((phase) => phase === live[0] || phase === live.at(-1));
  if (snapshot.matches('starting')) {
    const refused = last.flatMap((phase) => REFUSED[phase] ?? []);
    return [
      STOP,
      ...PHASES.slice(Math.max(0, live.length - 2), live.length + 1).map((phase) => ready(phase)),
      ...refused,
      ...ends.map(failed),
      ...last.map(crashed)
    ];
  }
  if (snapshot.matches('serving')) {
    return [
      STOP,
      changed('failed'),
      changed('failed', true),
      changed('ready'),
      ...ends.map(failed)
    ];
  }
  const other = live.slice(0, -1).slice(0, 1);
  if (snapshot.matches({ ending: 'draining' })) {
    return [...DRAIN_ENDS, ...other.map(crashed), ...TIMERS];
  }
  return [...last.map(ended), ...other.map(failed), ...TIMERS];
}

const paths = getSimplePaths(machine, {
  input: { phases: patient([]), shutdownMs: END_MS },
  events: possibleIn,
  serializeState: ({ value, context: { live, failure, forced } }: Snapshot) =>
    JSON.stringify([value, live, failure?.phase, forced])
});
/** The paths that reach an end; every other path is the beginning of one of these. */
const wholePaths = paths.filter(({ state }) => state.status === 'done');
type Path = (typeof paths)[number];

/** The state in which and the event by which the end of a path begins: `starting.handlers by server.stop`. */
function turnOf({ steps }: Path): string {
  const at = steps.findIndex(
    ({ state }) => !state.matches('starting') && !state.matches('serving')
  );
  const before = steps[at - 1]?.state.value;
  const event = steps[at]?.event;
  if (before === undefined || event === undefined) throw new Error('a path that does not end');
  return `${leaf(before)} by ${short(event)}`;
}

function leaf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name}.${leaf(inner)}`)
    .join();
}

function short(event: StartupEvent): string {
  if ('results' in event) {
    const refused = PHASES.flatMap((phase) => REFUSED[phase] ?? []).findIndex(
      (each) => each === event
    );
    const what = refused < 0 ? 'is ready' : `says ready, refusal ${String(refused + 1)}`;
    return `${event.id} ${what}`;
  }
  if ('output' in event && event.actorId !== undefined)
    return `${event.actorId} ${event.output.status}`;
  if ('actorId' in event && event.actorId !== undefined) return `${event.actorId} crashed`;
  if ('children' in event) {
    const [child] = event.children;
    return `services ${child?.required === true ? 'required' : 'optional'} ${child?.status ?? ''}`;
  }
  return event.type.replace(/^xstate\.|\.startup.*$|actor\.0/g, '');
}

type Run = ReturnType<typeof boot>;

/** Makes an event of a path really happen where possible: a part reports or ends, the drain ends, or time passes. */
async function happen(run: Run, event: StartupEvent): Promise<void> {
  const current = run.snapshot().context.live.at(-1);
  if (event.type.startsWith('xstate.after.')) await run.clock.advance(END_MS);
  else if (event.type === DRAIN_DONE) await run.drain.resolve();
  else if (event.type === DRAIN_LOST) await run.drain.reject(new Error('stuck'));
  else if ('results' in event && current === event.id && event.children.length === 0) {
    run.make(current, current, { type: 'say.ready', results: event.results });
  } else if ('output' in event && isLive(run, event.actorId)) {
    run.make(event.actorId, event.actorId, {
      type: 'end',
      output:
        event.output.status === 'failed' ? { status: 'failed', error: 'disk full' } : event.output
    });
  } else run.root.send(event);
}

function isLive(run: Run, id: string): id is Phase {
  return run.snapshot().context.live.some((phase) => phase === id);
}

/** Checks what must hold at any moment, on every path. */
function check(run: Run): void {
  const snapshot = run.snapshot();
  const { context } = snapshot;
  expect(snapshot.status).to.not.equal('error');
  const started = run.started();
  const completed = run.completed();
  // Phases start in order, each only after the one before has completed.
  expect(started).to.deep.equal(PHASES.slice(0, started.length));
  expect(completed).to.deep.equal(PHASES.slice(0, completed.length));
  expect(started.length - completed.length).to.be.within(0, 1);
  // No phase starts after the handlers without any handler, and nothing serves before all phases have completed.
  if (started.length > 2) expect(context.results.handlers).to.not.deep.equal([]);
  // The tags follow the children: none is missed when ready, no required one is missed when degraded.
  const missed = Object.values(context.states).flat().filter(isMissed);
  if (snapshot.hasTag('ready')) expect(missed).to.deep.equal([]);
  if (snapshot.hasTag('degraded')) {
    expect(missed.map(({ required }) => required))
      .to.include(false)
      .and.not.include(true);
  }
  if (snapshot.matches('serving') && snapshot.hasTag('failed')) {
    expect(missed.map(({ required }) => required)).to.include(true);
  }
  const hasServed = run.told('startup.completed').length;
  expect(hasServed).to.equal(completed.length === PHASES.length ? 1 : 0);
  if (snapshot.matches('serving')) expect(context.live).to.deep.equal(PHASES);
  // The context names exactly the running phases. Each is asked to stop once, the last one first.
  const living = running(run.root).filter((id) => PHASES.some((phase) => phase === id));
  if (snapshot.status === 'active') {
    expect([...living].sort()).to.deep.equal([...context.live].sort());
  }
  const told = PHASES.filter((phase) => run.asked().includes(phase)).reverse();
  expect(run.asked()).to.deep.equal(told);
  expect(run.told('startup.failed')).to.have.length(context.failure === null ? 0 : 1);
}

/** How the root ended, as far as the paths distinguish failures. */
function endOf({ output }: Snapshot) {
  const phase = output?.status === 'failed' ? output.failure.phase : null;
  return [output?.status, output?.forced, phase];
}

/** Checks what must hold after the end. */
function checkEnd(run: Run): void {
  expect(run.snapshot().status).to.equal('done');
  expect(running(run.root)).to.deep.equal([]);
  expect(run.clock.waiting).to.equal(0);
}

/** Checks that every started phase was asked to stop or had ended before. */
function checkAsked(run: Run, lost: readonly string[]): void {
  if (run.snapshot().output?.forced === true) return;
  expect(new Set([...run.asked(), ...lost])).to.deep.equal(new Set(run.started()));
}

describe('startupMachine', () => {
  describe('every path', () => {
    it('is one of 3569, of which 2155 go to an end', () => {
      expect([paths.length, wholePaths.length]).to.deep.equal([3569, 2155]);
    });

    it('ends as stopped or failed', () => {
      expect(new Set(wholePaths.map(({ state }) => state.value))).to.deep.equal(
        new Set(['failed', 'stopped'])
      );
    });

    for (const phase of PHASES) {
      for (const end of ['failed', 'stopped'] as const) {
        it(`can end as ${end} straight from ${phase}`, () => {
          const ways = wholePaths.filter(
            (path) => path.state.value === end && turnOf(path).startsWith(`starting.${phase} `)
          );
          expect(ways.length).to.be.above(0);
        });
      }
    }

    const turns = new Map<string, Path[]>();
    for (const path of wholePaths) {
      turns.set(turnOf(path), [...(turns.get(turnOf(path)) ?? []), path]);
    }
    for (const [turn, ways] of turns) {
      it(`holds on all ${String(ways.length)} that leave ${turn}`, async () => {
        for (const { steps, state } of ways) {
          const events = steps.slice(1).map(({ event }) => event);
          const journal: string[] = [];
          const run = boot(patient(journal), journal);
          check(run);
          const lost: string[] = [];
          for (const event of events) {
            if ('actorId' in event && event.actorId !== undefined) lost.push(event.actorId);
            await happen(run, event);
            check(run);
          }
          expect(endOf(run.snapshot()), events.map(short).join(' → ')).to.deep.equal(endOf(state));
          checkEnd(run);
          checkAsked(run, lost);
        }
      });
    }
  });

  it('says that a phase begins before its parts do anything, so that its time is all of it', async () => {
    const journal: string[] = [];
    const run = boot(patient(journal), journal);
    await settle();
    // The parts of the first phase start with the root itself, before it can report anything.
    journal.length = 0;
    run.make('infrastructure', 'infrastructure', { type: 'say.ready' });
    await settle();
    expect(journal).to.deep.equal(['handlers begins', 'handlers starts']);
  });

  it('does not wait for a phase whose supervisor crashed while it drained', async () => {
    const run = boot(patient([]));
    for (const phase of PHASES) await happen(run, ready(phase));
    run.stop();
    run.root.send(crashed('infrastructure'));
    await run.drain.resolve();
    for (const phase of PHASES.slice(1).reverse()) await happen(run, ended(phase));
    expect(run.snapshot().output).to.deep.equal({ status: 'stopped', forced: false });
    checkEnd(run);
  });

  describe('with real parts', () => {
    it('starts every part only when the one before is ready, and serves then', async () => {
      const { run, parts } = await bootParts();
      expect(parts.journal).to.deep.equal(['log starts']);
      await parts.log.start.resolve();
      expect(run.snapshot().hasTag('initializing')).to.equal(true);
      await parts.listener.start.resolve();
      expect(run.completed()).to.deep.equal(['infrastructure']);
      await parts.register.resolve({ handlers: ['connect'], tookMs: 1 });
      expect(run.completed()).to.deep.equal(['infrastructure', 'handlers', 'monitoring']);
      await parts.clickhouse.start.resolve();
      expect(run.snapshot().hasTag('ready')).to.equal(false);
      await parts.probe.start.resolve();
      expect(run.snapshot().hasTag('ready')).to.equal(true);
      expect(parts.journal).to.deep.equal([
        'log starts',
        'listener starts',
        'clickhouse starts',
        'probe starts'
      ]);
      expect(run.told('startup.completed')).to.have.length(1);
      await run.clock.advance(RESTARTS.settledMs);
      expect(run.clock.waiting).to.equal(0);
    });

    it('drains first and then stops every part, last first, when it is told to', async () => {
      const { run, parts } = await serveParts();
      run.stop();
      await settle();
      expect(run.snapshot().hasTag('draining')).to.equal(true);
      expect(parts.stops()).to.deep.equal([]);
      await run.drain.resolve();
      expect(parts.stops()).to.deep.equal(['probe']);
      for (const part of [parts.probe, parts.clickhouse, parts.listener, parts.log]) {
        await part.stop.resolve();
      }
      expect(parts.stops()).to.deep.equal(['probe', 'clickhouse', 'listener', 'log']);
      expect(run.snapshot().output).to.deep.equal({ status: 'stopped', forced: false });
      checkEnd(run);
    });

    it('stops what had started and starts nothing else when a required part cannot start', async () => {
      const { run, parts } = await bootParts();
      await parts.log.start.resolve();
      await parts.listener.start.reject(new Error('the port is taken'));
      await parts.listener.stop.resolve();
      expect(parts.stops()).to.deep.equal(['listener', 'log']);
      await parts.log.stop.resolve();
      const error = 'the port is taken';
      const output = run.snapshot().output;
      expect(output).to.deep.include({ status: 'failed', forced: false });
      const { failure } = run.snapshot().context;
      expect(failure).to.deep.include({ phase: 'infrastructure', service: 'listener', error });
      expect(failure?.report).to.deep.include({ reason: error, action: 'escalated' });
      expect(run.started()).to.deep.equal(['infrastructure']);
      expect(run.clock.waiting).to.equal(0);
    });

    it('gives a part that hangs its time to start and then fails by its name', async () => {
      const { run, parts } = await bootParts();
      await parts.log.start.resolve();
      await run.clock.advance(START_MS);
      expect(parts.journal).to.include('listener start is aborted');
      await parts.listener.stop.resolve();
      await parts.log.stop.resolve();
      expect(run.snapshot().context.failure).to.deep.include({
        phase: 'infrastructure',
        service: 'listener',
        error: `did not start within ${String(START_MS)} ms`
      });
    });

    it('never starts the monitor when no handler was registered', async () => {
      const { run, parts } = await bootParts();
      await parts.log.start.resolve();
      await parts.listener.start.resolve();
      await parts.register.resolve({ handlers: [], tookMs: 1 });
      expect(run.started()).to.deep.equal(['infrastructure', 'handlers']);
      expect(run.snapshot().context.failure?.error).to.equal('the route table is empty');
    });

    for (const [isClickhouseRequired, tag] of [
      [false, 'degraded'],
      [true, 'failed']
    ] as const) {
      it(`goes on serving as ${tag} while a part that is ${isClickhouseRequired ? '' : 'not '}required is away, and as ready once it is back`, async () => {
        const { run, parts } = await serveParts({ isClickhouseRequired });
        expect(run.snapshot().hasTag('ready')).to.equal(true);
        keptBy(childOf(run.root, 'services'), 'clickhouse').send({
          type: 'service.crashed',
          error: 'killed'
        });
        await parts.clickhouse.stop.resolve();
        expect([run.snapshot().hasTag(tag), run.snapshot().hasTag('serving')]).to.deep.equal([
          true,
          true
        ]);
        await run.clock.advance(RESTARTS.backoff.maxMs);
        expect(run.snapshot().hasTag('ready')).to.equal(true);
        expect(parts.journal.filter((line) => line === 'clickhouse starts')).to.have.length(2);
        expect(run.told('startup.failed')).to.have.length(0);
      });
    }

    it('does not wait for an optional part, and serves degraded until it is there', async () => {
      const { run, parts } = await bootParts({ isClickhouseRequired: false });
      await parts.log.start.resolve();
      await parts.listener.start.resolve();
      await parts.register.resolve({ handlers: ['connect'], tookMs: 1 });
      await parts.probe.start.resolve();
      expect(run.snapshot().hasTag('degraded')).to.equal(true);
      await parts.clickhouse.start.resolve();
      expect(run.snapshot().hasTag('ready')).to.equal(true);
    });

    it('says which part, and what of it, the phase that is under way waits for', async () => {
      const { run, parts } = await bootParts();
      expect(run.snapshot().context.waitingOn).to.equal('log');
      await parts.log.start.resolve();
      expect(run.snapshot().context.waitingOn).to.equal('listener');
      await parts.listener.start.resolve();
      expect(run.snapshot().context.waitingOn).to.equal('registry');
    });

    it('tells the failure, drains and ends as failed when a required part is lost while it serves', async () => {
      const { run, parts } = await serveParts();
      keptBy(childOf(run.root, 'infrastructure'), 'log').send({
        type: 'service.crashed',
        error: 'the disk is gone'
      });
      await parts.log.stop.resolve();
      await parts.listener.stop.resolve();
      const { failure } = run.snapshot().context;
      expect(failure).to.deep.include({ service: 'log', error: 'the disk is gone' });
      expect(run.told('startup.failed')).to.deep.equal([{ type: 'startup.failed', failure }]);
      expect(run.snapshot().value).to.deep.equal({ ending: 'draining' });
      await run.drain.resolve();
      await parts.probe.stop.resolve();
      await parts.clickhouse.stop.resolve();
      expect(run.snapshot().output).to.deep.equal({ status: 'failed', forced: false, failure });
      checkEnd(run);
    });

    it('aborts the start under way and stops the rest when it is told to stop meanwhile', async () => {
      const { run, parts } = await bootParts();
      await parts.log.start.resolve();
      await parts.listener.start.resolve();
      await parts.register.resolve({ handlers: ['connect'], tookMs: 1 });
      run.stop();
      await settle();
      expect(parts.journal.slice(3)).to.deep.equal([
        'clickhouse start is aborted',
        'clickhouse stops'
      ]);
      for (const part of [parts.clickhouse, parts.listener, parts.log]) await part.stop.resolve();
      expect(run.snapshot().output).to.deep.equal({ status: 'stopped', forced: false });
    });

    it('cuts off a part that does not stop in its time, and stops the others', async () => {
      const { run, parts } = await serveParts();
      run.stop();
      await run.drain.resolve();
      await parts.probe.stop.resolve();
      await run.clock.advance(SHUTDOWN_MS);
      expect(parts.stops()).to.deep.equal(['probe', 'clickhouse', 'listener']);
      await parts.listener.stop.reject(new Error('cannot close'));
      await parts.log.stop.resolve();
      expect(run.snapshot().output).to.deep.equal({ status: 'stopped', forced: false });
    });

    for (const [what, isFailing] of [
      ['stopped', false],
      ['failed', true]
    ] as const) {
      it(`ends as ${what} and forced at its bound when the drain hangs`, async () => {
        const { run, parts } = await serveParts();
        if (isFailing) {
          keptBy(childOf(run.root, 'infrastructure'), 'log').send({
            type: 'service.crashed',
            error: 'killed'
          });
          await parts.log.stop.resolve();
          await parts.listener.stop.resolve();
        } else run.stop();
        await run.clock.advance(END_MS - 1);
        expect(run.snapshot().status).to.equal('active');
        await run.clock.advance(1);
        expect(run.snapshot().output).to.deep.include({ status: what, forced: true });
        expect(run.told('startup.failed')).to.have.length(isFailing ? 1 : 0);
        checkEnd(run);
      });
    }
  });
});

/** A part whose start and stop the spec settles. */
interface Part {
  readonly start: Deferred<void>;
  readonly stop: Deferred<void>;
  readonly spec: ChildSpec;
}

const boundsOf = (required: boolean) => ({
  required,
  restart: 'permanent' as const,
  startTimeoutMs: START_MS,
  shutdownMs: SHUTDOWN_MS
});

function part(id: string, journal: string[], required = true): Part {
  const start = new Deferred<void>();
  const stop = new Deferred<void>();
  const logic = serviceMachine.provide({
    actors: {
      start: fromPromise<void>(({ signal }) => {
        journal.push(`${id} starts`);
        signal.addEventListener('abort', () => journal.push(`${id} start is aborted`));
        return start.promise;
      }),
      stop: fromPromise<void>(() => {
        journal.push(`${id} stops`);
        return stop.promise;
      })
    }
  });
  return { start, stop, spec: { ...boundsOf(required), id, logic } };
}

/** Boots a root of real charts: two parts of infrastructure, handlers, monitor, one service and a probe. */
async function bootParts({ isClickhouseRequired = true } = {}) {
  const journal: string[] = [];
  const register = new Deferred<Registration>();
  const log = part('log', journal);
  const listener = part('listener', journal);
  const clickhouse = part('clickhouse', journal, isClickhouseRequired);
  const probe = part('probe', journal);
  const bounds = boundsOf(true);
  const once = (...children: ChildSpec[]): PhaseSpec => ({ children, policy: NO_RESTARTS });
  const registry = handlersMachine.provide({
    actors: { register: fromPromise<Registration>(() => register.promise) }
  });
  const run = boot({
    infrastructure: once(log.spec, listener.spec),
    handlers: once({ ...bounds, id: 'registry', logic: registry, input: { graceMs: START_MS } }),
    monitoring: once({ ...bounds, id: 'monitor', logic: monitorMachine }),
    services: { children: [clickhouse.spec], policy: RESTARTS },
    health: once(probe.spec)
  });
  await settle();
  const stops = () =>
    journal
      .filter((line) => line.endsWith(' stops'))
      .map((line) => line.slice(0, -' stops'.length));
  return { run, parts: { journal, stops, register, log, listener, clickhouse, probe } };
}

/** The same, brought to serving. */
async function serveParts(options: { isClickhouseRequired?: boolean } = {}) {
  const booted = await bootParts(options);
  const { log, listener, register, clickhouse, probe } = booted.parts;
  await log.start.resolve();
  await listener.start.resolve();
  await register.resolve({ handlers: ['connect'], tookMs: 1 });
  await clickhouse.start.resolve();
  await probe.start.resolve();
  expect(booted.run.snapshot().matches('serving')).to.equal(true);
  return booted;
}
