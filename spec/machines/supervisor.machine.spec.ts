import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, sendTo, setup, type EventFromLogic, type SnapshotFrom } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { NO_FACTS } from '../../machines/child.js';
import {
  MAX_CHILDREN,
  supervisorMachine,
  type ChildSpec,
  type SupervisorOutput,
  type SupervisorReport
} from '../../machines/supervisor.machine.js';
import { VirtualClock } from '../virtual-clock.js';
import {
  childOf,
  known,
  puppet,
  running,
  SHUTDOWN_MS,
  START_MS,
  type Manner,
  type PuppetOrder
} from './puppet.js';

type Machine = typeof supervisorMachine;
type Snapshot = SnapshotFrom<Machine>;
type SupervisorEvent = EventFromLogic<Machine>;

/** Runs a supervisor of these children under a parent, on virtual time. */
function start(specs: readonly ChildSpec[], journal: string[]) {
  const clock = new VirtualClock();
  const reports: SupervisorReport[] = [];
  const ends: (SupervisorOutput | 'error')[] = [];
  const parent = setup({
    types: {
      events: {} as SupervisorReport | { type: 'forward.stop' },
      children: {} as { phase: 'supervisor' }
    },
    actors: { supervisor: supervisorMachine }
  }).createMachine({
    invoke: {
      id: 'phase',
      src: 'supervisor',
      input: { id: 'phase', children: specs, facts: NO_FACTS },
      onDone: { actions: ({ event }) => ends.push(event.output) },
      onError: { actions: () => ends.push('error') }
    },
    on: {
      'phase.ready': { actions: ({ event }) => reports.push(event) },
      'phase.changed': { actions: ({ event }) => reports.push(event) },
      'forward.stop': { actions: sendTo('phase', { type: 'supervisor.stop' }) }
    }
  });
  const root = createActor(parent, { clock }).start();
  const ref = root.getSnapshot().children.phase;
  if (ref === undefined) throw new Error('the supervisor was not started');
  return {
    clock,
    journal,
    reports,
    ends,
    snapshot: (): Snapshot => ref.getSnapshot(),
    running: () => running(ref),
    known: () => known(ref),
    statuses: () => ref.getSnapshot().context.children.map(({ status }) => status),
    errorOf: (id: string) =>
      ref.getSnapshot().context.children.find((child) => child.id === id)?.error,
    make: (id: string, order: PuppetOrder) => childOf(ref, id).send(order),
    ready: (...ids: string[]) => {
      for (const id of ids) childOf(ref, id).send({ type: 'say.ready' });
    },
    stop: () => root.send({ type: 'forward.stop' })
  };
}

/** A supervisor of puppets a, b, c … */
function startPuppets(...kinds: { required?: boolean; manner?: Manner }[]) {
  const journal: string[] = [];
  const ids = ['a', 'b', 'c', 'd', 'e'];
  return start(
    kinds.map((kind, index) => puppet(ids[index] ?? '', journal, kind)),
    journal
  );
}

const FAILED: PuppetOrder = { type: 'end', output: { status: 'failed', error: 'disk full' } };
const OPTIONAL = { required: false } as const;

describe('supervisorMachine', () => {
  describe('starting', () => {
    it('starts each child only when the one before has said that it is ready', () => {
      const run = startPuppets({}, {}, {});
      expect(run.journal).to.deep.equal(['a starts']);
      run.ready('a');
      expect(run.journal).to.deep.equal(['a starts', 'b starts']);
      expect(run.statuses()).to.deep.equal(['ready', 'starting', 'waiting']);
      run.ready('b', 'c');
      expect(run.reports.map(({ type }) => type)).to.deep.equal(['phase.ready']);
      expect(run.snapshot().hasTag('ready')).to.equal(true);
    });

    it('does not take a second ready for that of the next child', () => {
      const run = startPuppets({}, {}, {});
      run.ready('a', 'a');
      expect(run.journal).to.deep.equal(['a starts', 'b starts']);
    });

    it('is ready at once when it has no children', () => {
      expect(startPuppets().reports).to.deep.equal([
        { type: 'phase.ready', phase: 'phase', facts: NO_FACTS, children: [] }
      ]);
    });

    it('hands what a child has learnt to the next one and to its parent', () => {
      const run = startPuppets({}, {});
      const facts = { handlers: ['publish'] };
      run.make('a', { type: 'say.ready', facts });
      run.ready('b');
      expect(run.snapshot().context.facts).to.deep.equal(facts);
      expect(run.reports[0]).to.deep.include({ type: 'phase.ready', facts });
    });

    it('stops what had started, last first, and fails when a required child does not start in time', async () => {
      const run = startPuppets({}, {}, {});
      run.ready('a', 'b');
      await run.clock.advance(START_MS - 1);
      expect(run.snapshot().matches('starting')).to.equal(true);
      await run.clock.advance(1);
      expect(run.journal.slice(3)).to.deep.equal([
        'c is told to stop',
        'b is told to stop',
        'a is told to stop'
      ]);
      expect(run.ends).to.deep.equal([
        { status: 'failed', service: 'c', error: `did not start within ${String(START_MS)} ms` }
      ]);
      expect(run.statuses()).to.deep.equal(['stopped', 'stopped', 'failed']);
    });

    it('goes on when an optional child does not start in time', async () => {
      const run = startPuppets(OPTIONAL, {});
      await run.clock.advance(START_MS);
      expect(run.statuses()).to.deep.equal(['failed', 'starting']);
      run.ready('b');
      expect(run.reports.map(({ type }) => type)).to.deep.equal(['phase.ready']);
    });

    it('takes a late ready of an optional child when it comes after the start', async () => {
      const run = startPuppets(OPTIONAL);
      await run.clock.advance(START_MS);
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready']);
      expect(run.reports.map(({ type }) => type)).to.deep.equal(['phase.ready', 'phase.changed']);
    });

    it('takes a late ready of an optional child when it comes while another one starts', async () => {
      const run = startPuppets(OPTIONAL, {});
      await run.clock.advance(START_MS);
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready', 'starting']);
      run.ready('b');
      expect(run.statuses()).to.deep.equal(['ready', 'ready']);
    });

    it('gives each child the whole of its time to start', async () => {
      const run = startPuppets({}, {});
      await run.clock.advance(START_MS - 1);
      run.ready('a');
      await run.clock.advance(START_MS - 1);
      expect(run.statuses()).to.deep.equal(['ready', 'starting']);
      await run.clock.advance(1);
      expect(run.ends).to.have.length(1);
    });

    for (const [what, order, error] of [
      ['fails', FAILED, 'disk full'],
      ['crashes', { type: 'crash' }, 'crashed'],
      ['ends by itself', { type: 'end', output: { status: 'stopped' } }, 'ended by itself'],
      ['ends without an output', { type: 'end', output: undefined }, 'ended without saying why']
    ] as const) {
      it(`fails with its reason when a required child ${what} before it is ready`, () => {
        const run = startPuppets({}, {});
        run.ready('a');
        run.make('b', order);
        expect(run.ends).to.deep.equal([{ status: 'failed', service: 'b', error }]);
        expect(run.journal.at(-1)).to.equal('a is told to stop');
      });

      it(`goes on when an optional child ${what} before it is ready`, () => {
        const run = startPuppets(OPTIONAL, {});
        run.make('a', order);
        run.ready('b');
        expect(run.statuses()).to.deep.equal(['failed', 'ready']);
        expect(run.errorOf('a')).to.equal(error);
        expect(run.ends).to.deep.equal([]);
      });

      it(`fails when a required child ${what} after it was ready`, () => {
        const run = startPuppets({}, {});
        run.ready('a', 'b');
        run.make('a', order);
        expect(run.ends).to.deep.equal([{ status: 'failed', service: 'a', error }]);
        expect(run.running()).to.deep.equal([]);
      });

      it(`stays and tells it when an optional child ${what} after it was ready`, () => {
        const run = startPuppets({}, OPTIONAL);
        run.ready('a', 'b');
        run.make('b', order);
        expect(run.reports.at(-1)?.children.at(1)).to.deep.equal({
          id: 'b',
          required: false,
          status: 'failed',
          error
        });
        expect(run.snapshot().hasTag('ready')).to.equal(true);
        expect(run.running()).to.deep.equal(['a']);
      });
    }

    it('fails when an earlier required child is lost while a later one starts', () => {
      const run = startPuppets({}, {});
      run.ready('a');
      run.make('a', { type: 'crash' });
      expect(run.ends).to.deep.equal([{ status: 'failed', service: 'a', error: 'crashed' }]);
    });

    it('goes on starting when an earlier optional child is lost meanwhile', () => {
      const run = startPuppets(OPTIONAL, {});
      run.ready('a');
      run.make('a', { type: 'crash' });
      expect(run.statuses()).to.deep.equal(['failed', 'starting']);
      expect(run.reports.at(-1)?.type).to.equal('phase.changed');
    });
  });

  describe('running', () => {
    it('tells when a child is degraded and when it has recovered', () => {
      const run = startPuppets({});
      run.ready('a');
      run.make('a', { type: 'say.degraded' });
      run.make('a', { type: 'say.recovered' });
      expect(run.reports.slice(1).map(({ children }) => children)).to.deep.equal([
        [{ id: 'a', required: true, status: 'degraded', error: 'lost' }],
        [{ id: 'a', required: true, status: 'ready', error: null }]
      ]);
    });
  });

  describe('stopping', () => {
    it('stops its children in reverse order, each only when the one behind has ended', () => {
      const run = startPuppets({ manner: 'ignores' }, { manner: 'ignores' }, {});
      run.ready('a', 'b', 'c');
      run.stop();
      expect(run.journal.slice(3)).to.deep.equal(['c is told to stop', 'b is told to stop']);
      run.make('b', { type: 'end', output: { status: 'stopped' } });
      expect(run.journal.at(-1)).to.equal('a is told to stop');
    });

    it('cuts a child off when its own deadline is over, and goes on', async () => {
      const run = startPuppets({}, { manner: 'ignores' }, { manner: 'ignores' });
      run.ready('a', 'b', 'c');
      run.stop();
      await run.clock.advance(SHUTDOWN_MS - 1);
      expect(run.running()).to.deep.equal(['a', 'b', 'c']);
      await run.clock.advance(1);
      expect(run.running()).to.deep.equal(['a', 'b']);
      await run.clock.advance(SHUTDOWN_MS - 1);
      expect(run.ends).to.deep.equal([]);
      await run.clock.advance(1);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.clock.waiting).to.equal(0);
    });

    it('goes on after children that fail or throw when they are told to stop', () => {
      const run = startPuppets({}, { manner: 'throws' }, { manner: 'fails' });
      run.ready('a', 'b', 'c');
      run.stop();
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect([run.errorOf('b'), run.errorOf('c')]).to.deep.equal(['crashed', 'cannot let go']);
    });

    it('stops the child that is starting, too, when it is told to stop meanwhile', () => {
      const run = startPuppets({}, {}, {});
      run.ready('a');
      run.stop();
      expect(run.journal).to.deep.equal([
        'a starts',
        'b starts',
        'b is told to stop',
        'a is told to stop'
      ]);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.statuses()).to.deep.equal(['stopped', 'stopped', 'waiting']);
    });

    it('tells a child once, and keeps to its deadline, when another one ends meanwhile', async () => {
      const run = startPuppets({}, { manner: 'ignores' });
      run.ready('a', 'b');
      run.stop();
      await run.clock.advance(SHUTDOWN_MS - 1);
      run.make('a', { type: 'crash' });
      expect(run.journal.slice(2)).to.deep.equal(['b is told to stop']);
      await run.clock.advance(1);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    });

    it('does not restart its stop when it is told to stop twice', () => {
      const run = startPuppets({ manner: 'ignores' });
      run.ready('a');
      run.stop();
      run.stop();
      expect(run.journal.slice(1)).to.deep.equal(['a is told to stop']);
    });

    it('keeps the first failure when another child fails while it stops', () => {
      const run = startPuppets({}, { manner: 'ignores' }, {});
      run.ready('a', 'b', 'c');
      run.make('c', FAILED);
      run.make('b', { type: 'crash' });
      expect(run.ends).to.deep.equal([{ status: 'failed', service: 'c', error: 'disk full' }]);
    });
  });

  it('contains a child that throws while it is made', () => {
    const journal: string[] = [];
    const broken: ChildSpec = {
      ...puppet('a', journal),
      logic: setup({}).createMachine({
        context: () => {
          throw new Error('no context');
        }
      })
    };
    const run = start([broken], journal);
    expect(run.ends).to.deep.equal([{ status: 'failed', service: 'a', error: 'no context' }]);
  });

  it('contains a child that throws what cannot be said in words', () => {
    const journal: string[] = [];
    const broken: ChildSpec = {
      ...puppet('a', journal),
      logic: setup({}).createMachine({
        entry: () => {
          throw Object.create(null);
        }
      })
    };
    const [end] = start([broken], journal).ends;
    expect(end).to.deep.include({ status: 'failed', service: 'a' });
  });

  for (const [what, ids] of [
    ['two children of one id', ['a', 'b', 'a']],
    [
      'more children than it may',
      Array.from({ length: MAX_CHILDREN + 1 }, (_, n) => `c${String(n)}`)
    ]
  ] as const) {
    it(`refuses ${what} before it starts any`, () => {
      const journal: string[] = [];
      const run = start(
        ids.map((id) => puppet(id, journal)),
        journal
      );
      expect(journal).to.deep.equal([]);
      expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'phase' });
    });
  }
});

// Every way through the chart with three children: what each of them can do, every timer, and the order to stop.
const IDS = ['a', 'b', 'c'];
const puppets = (journal: string[]) =>
  IDS.map((id) => puppet(id, journal, { required: id !== 'b', manner: 'ignores' }));

// The graph functions type events as those of the machine; timers, too, are events of its making.
function isOwn(event: { type: string }): event is SupervisorEvent {
  return event.type !== '';
}

/** What may happen in a state. While it stops, the first child stands for all that were not asked. */
function possibleIn(snapshot: Snapshot): SupervisorEvent[] {
  const { live, specs, index } = snapshot.context;
  const ready = (id: string): SupervisorEvent => ({ type: 'child.ready', id });
  const failed = (id: string): SupervisorEvent => ({
    type: `xstate.done.actor.${id}`,
    actorId: id,
    output: { status: 'failed', error: 'disk full' }
  });
  const crashed = (id: string): SupervisorEvent => ({
    type: `xstate.error.actor.${id}`,
    actorId: id,
    error: new Error('crashed')
  });
  const timers = supervisorMachine.events
    .filter((type: string) => type.startsWith('xstate.after.'))
    .map((type) => ({ type }));
  const stop: SupervisorEvent = { type: 'supervisor.stop' };
  if (snapshot.matches('starting')) {
    const current = specs.slice(index, index + 1).map(({ id }) => crashed(id));
    return [stop, ...timers.filter(isOwn), ...live.map(ready), ...live.map(failed), ...current];
  }
  if (snapshot.matches('running')) {
    return [stop, ...live.map(ready), ...live.map(failed), ...live.map(crashed)];
  }
  const other = live.slice(0, -1).slice(0, 1);
  return [...timers.filter(isOwn), ...live.slice(-1).map(failed), ...other.map(crashed)];
}

const paths = getSimplePaths(
  supervisorMachine.provide({
    // Nobody is there to report to while paths are enumerated; they are replayed under a parent below.
    actions: { reportReady: () => undefined, reportChanged: () => undefined }
  }),
  {
    input: { id: 'phase', children: puppets([]), facts: NO_FACTS },
    events: possibleIn,
    serializeState: ({ value, context: { index, live, failure, children } }: Snapshot) =>
      JSON.stringify([value, index, live, failure, children.map(({ status }) => status)])
  }
);

/** Those that go to an end: every other one is the beginning of one of these. */
const wholePaths = paths.filter(({ state }) => state.status === 'done');

describe('every path of a supervisor of three children', () => {
  it('is one of 1039, of which 616 go to an end', () => {
    expect([paths.length, wholePaths.length]).to.deep.equal([1039, 616]);
  });

  it('ends as stopped or failed, never in an error, and can end from everywhere', () => {
    expect(paths.filter(({ state }) => state.status === 'error')).to.deep.equal([]);
    expect(new Set(wholePaths.map(({ state }) => state.value))).to.deep.equal(
      new Set(['failed', 'stopped'])
    );
  });

  for (const { steps, state } of wholePaths) {
    const events = steps.slice(1).map(({ event }) => event);
    it(`is the same with living children: ${events.map(short).join(' → ')}`, async () => {
      const journal: string[] = [];
      const run = start(puppets(journal), journal);
      for (const event of events) {
        await happen(run, event);
        checkLiving(run);
      }
      expect(run.snapshot().value).to.equal(state.value);
      expect(run.ends).to.deep.equal([state.output]);
      checkEnd(run);
    });
  }
});

type Run = ReturnType<typeof start>;

function short(event: SupervisorEvent): string {
  const id = 'actorId' in event ? event.actorId : 'id' in event ? event.id : '';
  const what = event.type.replace(/^xstate\.|actor\.|\.supervisor.*$/g, '');
  return what.endsWith(`.${id}`) || id === '' ? what : `${what} ${id}`;
}

/** Lets an event of the enumeration happen for real: a child does it, or time passes. */
async function happen(run: Run, event: SupervisorEvent): Promise<void> {
  if ('output' in event) run.make(event.actorId, { type: 'end', output: event.output });
  else if ('actorId' in event) run.make(event.actorId, { type: 'crash' });
  else if (event.type === 'child.ready') run.ready(event.id);
  else if (event.type === 'supervisor.stop') run.stop();
  else await run.clock.advance(run.clock.nextMs ?? 0);
}

/** What must be true at any moment. */
function checkLiving(run: Run): void {
  const { status, context } = run.snapshot();
  expect(status).to.not.equal('error');
  const living = run.running();
  expect([...living].sort()).to.deep.equal([...context.live].sort());
  // The dead are off the books: a child of the same id would be orphaned by them.
  expect(run.known().sort()).to.deep.equal([...living].sort());
  const ids = context.specs.map(({ id }) => id);
  expect(ids).to.include.members(living);
  // Started in order, each once; told to stop in reverse order, each once.
  const started = journalOf(run, 'starts');
  expect(started).to.deep.equal(ids.slice(0, started.length));
  const told = journalOf(run, 'is told to stop');
  expect(told).to.deep.equal(ids.filter((id) => told.includes(id)).reverse());
  // A child that is ready or starting lives, and one that waits has not been started.
  for (const child of context.children) {
    if (['starting', 'ready', 'degraded'].includes(child.status) && status === 'active') {
      expect(living).to.include(child.id);
    }
    expect(child.status === 'waiting').to.equal(!started.includes(child.id));
  }
}

/** What must be true when it is over. */
function checkEnd(run: Run): void {
  expect(run.snapshot().status).to.equal('done');
  expect(run.ends).to.have.length(1);
  expect(run.running()).to.deep.equal([]);
  expect(run.clock.waiting).to.equal(0);
}

function journalOf(run: Run, what: string): string[] {
  return run.journal
    .filter((line) => line.endsWith(` ${what}`))
    .map((line) => line.slice(0, -what.length - 1));
}

describe('a supervisor of any children', () => {
  const kind = fc.record({
    required: fc.boolean(),
    manner: fc.constantFrom<Manner>('obeys', 'fails', 'throws', 'ignores')
  });
  const order = fc.constantFrom<PuppetOrder>(
    { type: 'say.ready' },
    { type: 'say.ready' },
    { type: 'say.ready' },
    { type: 'say.degraded' },
    { type: 'say.recovered' },
    FAILED,
    { type: 'end', output: { status: 'stopped' } },
    { type: 'end', output: null },
    { type: 'crash' }
  );
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ child: fc.nat(4), order }) },
    {
      weight: 3,
      arbitrary: fc.record({ advanceMs: fc.constantFrom(1, 200, SHUTDOWN_MS, START_MS) })
    },
    { weight: 1, arbitrary: fc.constant('stop' as const) }
  );

  it('never errs, loses no child and ends in time whatever they do and whenever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 1, maxLength: 5 }),
        fc.array(step, { maxLength: 25 }),
        async (kinds, steps) => {
          const run = startPuppets(...kinds);
          for (const one of steps) {
            if (one === 'stop') run.stop();
            else if ('advanceMs' in one) await run.clock.advance(one.advanceMs);
            else {
              // The child that acts is one of those that live: nobody else can.
              const living = run.running();
              const id = living[one.child % living.length];
              if (id !== undefined) run.make(id, one.order);
            }
            checkLiving(run);
          }
          if (run.ends.length === 0) run.stop();
          await run.clock.advance(kinds.length * SHUTDOWN_MS);
          checkLiving(run);
          checkEnd(run);
          const output = run.ends[0];
          if (output === 'error' || output?.status !== 'failed') return;
          const lost = run.snapshot().context.specs.find(({ id }) => id === output.service);
          expect(lost?.required).to.equal(true);
        }
      ),
      { numRuns: 400 }
    );
  });
});
