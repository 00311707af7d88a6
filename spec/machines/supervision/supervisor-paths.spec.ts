/**
 * Every path through the supervisor's chart, replayed on living children, with the order and the invariants checked.
 */
import { expect } from 'chai';
import type { SnapshotFrom } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import type { ChildSpec, RestartPolicy } from '../../../machines/supervision/child-spec.js';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import type { SupervisorEvent } from '../../../machines/supervision/supervisor-context.js';
import {
  createSupervisorMachine,
  type SupervisorMachine
} from '../../../machines/supervision/supervisor.machine.js';
import { puppet, type PuppetKind } from './puppet.js';
import { POLICY, startSupervisor, type Rig } from './supervisor-rig.js';

type Snapshot = SnapshotFrom<SupervisorMachine>;

/** Most steps of a path. Each step takes half as long as the one before, so that no backoff ends within a path. */
const LONGEST_PATH = 20;

/** Children that do nothing by themselves and whose deadlines are never reached, so that only the path decides. */
const specsOf = (kinds: readonly PuppetKind[], journal: string[]): ChildSpec[] =>
  kinds.map((kind, index) => ({
    ...puppet('abc'.charAt(index), journal, { manner: 'ignores', ...kind }),
    startTimeoutMs: 2e9,
    shutdownMs: 2e9
  }));

const policyOf = (strategy: RestartPolicy['strategy']): RestartPolicy => ({
  ...POLICY,
  strategy,
  // All have the same wait, so that the child lost first is due first, here and with living children.
  backoff: { baseMs: 4 * 2 ** LONGEST_PATH, maxMs: 4 * 2 ** LONGEST_PATH },
  intensity: { restarts: 1, withinMs: 2e9 },
  settledMs: 2e9
});

// While paths are enumerated there is no parent to report to. They are replayed under a parent below.
const SILENT = {
  reportReady: () => undefined,
  reportChanged: () => undefined,
  reportAwaited: () => undefined
};
// Each reading of the clock is later than the one before, so that it shows the order of events on a path.
let ticks = 0;
const machine = createSupervisorMachine({
  now: () => ++ticks,
  elapsed: () => ++ticks,
  random: () => 0.5
}).provide({
  actions: SILENT
});

const up = (id: string): SupervisorEvent => ({ type: 'keeper.up', id, results: null });
const stopped = (id: string): SupervisorEvent => ({ type: 'keeper.stopped', id, reason: null });
const due = (id: string): SupervisorEvent => ({ type: 'keeper.due', id });
const down = (id: string, wasUp: boolean): SupervisorEvent => ({
  type: 'keeper.down',
  id,
  reason: 'crashed',
  isFailure: true,
  wasUp
});
const STOP: SupervisorEvent = { type: 'child.stop' };

// The graph functions take only events of the machine's own type. It lacks those that xstate makes for timers.
function isOwn(event: { type: string }): event is SupervisorEvent {
  return event.type !== '';
}
const TIMERS = machine.events
  .filter((type: string) => type.startsWith('xstate.after.'))
  .map((type) => ({ type }))
  .filter(isOwn);

/** Of the children that wait for a restart of their own, the one whose wait ends first. */
function nextDueOf({ context: { children, group, queue } }: Pick<Snapshot, 'context'>) {
  const [next] = children
    .filter(({ id, status }) => status === 'restarting' && !group.includes(id))
    .filter(({ id }) => !queue.includes(id))
    .sort((one, other) => (one.nextAttemptAt ?? 0) - (other.nextAttemptAt ?? 0));
  return next?.id;
}

/** Events that may come in a state: each child does what its status allows. */
function possibleIn(snapshot: Snapshot): SupervisorEvent[] {
  const { children } = snapshot.context;
  const isResting = snapshot.matches({ working: { regrouping: 'resting' } });
  const nextDue = nextDueOf(snapshot);
  const events = children.flatMap(({ id, status }) => {
    if (status === 'starting') return [up(id), down(id, false)];
    if (status === 'ready') return [down(id, true)];
    if (status === 'stopping') return [stopped(id)];
    return id === nextDue && snapshot.matches('working') ? [due(id)] : [];
  });
  return [...events, ...(isResting ? TIMERS : []), ...(snapshot.matches('working') ? [STOP] : [])];
}

interface Family {
  readonly name: string;
  readonly strategy: RestartPolicy['strategy'];
  readonly kinds: readonly PuppetKind[];
  /** How many paths there are, and how many of them reach an end. */
  readonly counts: readonly [all: number, whole: number];
}

const REQUIRED: PuppetKind = {};
const FAMILIES: readonly Family[] = [
  {
    name: 'one_for_one over a required and an optional child',
    strategy: 'one_for_one',
    kinds: [REQUIRED, { required: false }],
    counts: [1644, 608]
  },
  {
    name: 'rest_for_one over three required children',
    strategy: 'rest_for_one',
    kinds: [REQUIRED, REQUIRED, REQUIRED],
    counts: [524, 188]
  },
  {
    name: 'one_for_all over two required children',
    strategy: 'one_for_all',
    kinds: [REQUIRED, REQUIRED],
    counts: [139, 51]
  }
];

for (const { name, strategy, kinds, counts } of FAMILIES) {
  describe(`every path of ${name}`, () => {
    const policy = policyOf(strategy);
    const paths = getSimplePaths(machine, {
      input: { id: 'phase', children: specsOf(kinds, []), results: NO_RESULTS, policy },
      events: possibleIn,
      serializeState: ({ value, context }: Snapshot) => {
        const { queue, group, restarts, failure, hasRun, children } = context;
        const statuses = children.map(({ status }) => status);
        const counts = [restarts.length, failure?.service, hasRun, nextDueOf({ context })];
        return JSON.stringify([value, statuses, queue, group, ...counts]);
      }
    });
    /** The paths that reach an end; every other path is the beginning of one of these. */
    const whole = paths.filter(({ state }) => state.status === 'done');

    it(`is one of ${String(counts[0])}, of which ${String(counts[1])} go to an end`, () => {
      expect([paths.length, whole.length]).to.deep.equal(counts);
    });

    it('ends as stopped or failed, never in an error', () => {
      expect(paths.filter(({ state }) => state.status === 'error')).to.deep.equal([]);
      expect(new Set(whole.map(({ state }) => state.value))).to.deep.equal(
        new Set(['failed', 'stopped'])
      );
    });

    it('can end as stopped and as failed from every state in which it works', () => {
      const ends = new Map<string, Set<unknown>>();
      for (const { steps, state } of whole) {
        for (const step of steps.slice(0, -1)) {
          if (!step.state.matches('working')) continue;
          const from = JSON.stringify(step.state.value);
          ends.set(from, (ends.get(from) ?? new Set()).add(state.value));
        }
      }
      expect(ends.size).to.be.at.least(2);
      for (const [from, ways] of ends) expect(ways, from).to.include.keys('stopped', 'failed');
    });

    it('is the same with living children, and holds what must hold all the way', async () => {
      for (const { steps, state } of whole) {
        const journal: string[] = [];
        const run = startSupervisor(specsOf(kinds, journal), journal, { policy });
        const way: string[] = [];
        expect(steps.length).to.be.at.most(LONGEST_PATH);
        for (const { event } of steps.slice(1)) {
          way.push('id' in event ? `${event.type} ${event.id}` : event.type);
          await happen(run, event, way.length);
          checkLiving(run, way.join(' → '));
        }
        expect(run.snapshot().value, way.join(' → ')).to.equal(state.value);
        expect(run.ends.map((end) => (end === 'error' ? end : end.status))).to.deep.equal([
          state.output?.status
        ]);
        checkEnd(run);
      }
    }).timeout(60_000);
  });
}

/** Makes an event of a path really happen: a child does it, or time passes. */
async function happen(run: Rig, event: SupervisorEvent, step: number): Promise<void> {
  // A child that is lost later is due later. All further steps together take less time than this one, so that no wait
  // ends by itself between two steps.
  await run.clock.advance(2 ** (LONGEST_PATH - step));
  if (event.type === 'keeper.up') run.ready(event.id);
  else if (event.type === 'keeper.down') run.make(event.id, { type: 'crash' });
  else if (event.type === 'keeper.stopped') {
    // A child that was down already needs no time to stop.
    if (!run.running().includes(event.id)) return;
    run.make(event.id, { type: 'end', output: { status: 'stopped' } });
  } else if (event.type === 'child.stop') run.stop();
  else await run.clock.advance(run.clock.nextMs ?? 0);
}

/** Checks what must hold at any moment. */
function checkLiving(run: Rig, way: string): void {
  const { status, context } = run.snapshot();
  expect(status, way).to.not.equal('error');
  const living = context.children
    .filter((child) => ['starting', 'ready', 'degraded', 'stopping'].includes(child.status))
    .map(({ id }) => id);
  // The context names exactly the running children.
  expect(run.running(), way).to.deep.equal(living);
  if (run.snapshot().hasTag('ready')) {
    const missing = context.children.filter(
      (child) => child.required && !['ready', 'starting', 'restarting'].includes(child.status)
    );
    expect(missing, way).to.deep.equal([]);
  }
  expect(run.readies().length, way).to.equal(context.hasRun ? 1 : 0);
}

/** Checks what must hold after the end. */
function checkEnd(run: Rig): void {
  expect(run.snapshot().status).to.equal('done');
  expect(run.ends).to.have.length(1);
  expect(run.running()).to.deep.equal([]);
  expect(run.keepers()).to.deep.equal([]);
  expect(run.clock.waiting).to.equal(0);
}
