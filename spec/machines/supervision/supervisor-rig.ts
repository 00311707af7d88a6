/** A supervisor under a parent that records its reports, on virtual time and with random numbers from the spec. */
import { createActor, sendTo, setup, type SnapshotFrom } from 'xstate';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import {
  RESTARTS,
  type ChildSpec,
  type RestartPolicy
} from '../../../machines/supervision/child-spec.js';
import type {
  SupervisorOutput,
  SupervisorReport
} from '../../../machines/supervision/supervisor-context.js';
import {
  createSupervisorMachine,
  type SupervisorMachine
} from '../../../machines/supervision/supervisor.machine.js';
import { VirtualClock } from '../../virtual-clock.js';
import {
  keptBy,
  puppet,
  running,
  runningUnder,
  type PuppetKind,
  type PuppetOrder
} from './puppet.js';

/** Policy of the specs: round numbers that differ from the puppets' own deadlines. */
export const POLICY: RestartPolicy = {
  ...RESTARTS,
  intensity: { restarts: 3, withinMs: 10_000 },
  backoff: { baseMs: 100, maxMs: 400 },
  settledMs: 2_000
};

/** Options of a supervisor under test. */
export interface RigOptions {
  readonly policy?: Partial<RestartPolicy>;
  /** Random number for the backoff: full jitter takes this part of the longest wait. */
  readonly random?: () => number;
}

/** Runs a supervisor of these children. */
export function startSupervisor(
  specs: readonly ChildSpec[],
  journal: string[] = [],
  { policy, random = () => 0.5 }: RigOptions = {}
) {
  const clock = new VirtualClock();
  const reports: SupervisorReport[] = [];
  const ends: (SupervisorOutput | 'error')[] = [];
  const parent = setup({
    types: {
      events: {} as SupervisorReport | { type: 'forward.stop' },
      children: {} as { phase: 'supervisor' }
    },
    actors: {
      supervisor: createSupervisorMachine({
        now: () => clock.now(),
        elapsed: () => clock.elapsed(),
        random
      })
    }
  }).createMachine({
    invoke: {
      id: 'phase',
      src: 'supervisor',
      input: {
        id: 'phase',
        children: specs,
        results: NO_RESULTS,
        policy: { ...POLICY, ...policy }
      },
      onDone: { actions: ({ event }) => ends.push(event.output) },
      onError: { actions: () => ends.push('error') }
    },
    on: {
      'child.ready': { actions: ({ event }) => reports.push(event) },
      'child.changed': { actions: ({ event }) => reports.push(event) },
      'child.waiting': { actions: ({ event }) => reports.push(event) },
      'forward.stop': { actions: sendTo('phase', { type: 'child.stop' }) }
    }
  });
  const root = createActor(parent, { clock }).start();
  const ref = root.getSnapshot().children.phase;
  if (ref === undefined) throw new Error('the supervisor was not started');
  const children = () => ref.getSnapshot().context.children;
  return {
    clock,
    ref,
    journal,
    reports,
    ends,
    snapshot: (): SnapshotFrom<SupervisorMachine> => ref.getSnapshot(),
    /** Ids of children that run. */
    running: () => runningUnder(ref),
    /** Ids of keepers that run. */
    keepers: () => running(ref),
    statuses: () => children().map(({ status }) => status),
    child: (id: string) => children().find((child) => child.id === id),
    errorOf: (id: string) => children().find((child) => child.id === id)?.error,
    readies: () => reports.filter(({ type }) => type === 'child.ready'),
    make: (id: string, order: PuppetOrder) => keptBy(ref, id).send(order),
    ready: (...ids: string[]) => {
      for (const id of ids) keptBy(ref, id).send({ type: 'say.ready' });
    },
    stop: () => root.send({ type: 'forward.stop' })
  };
}

/** A supervisor that {@link startSupervisor} has started. */
export type Rig = ReturnType<typeof startSupervisor>;

/** A supervisor of puppets a, b, c … */
export function startPuppets(kinds: readonly PuppetKind[], options: RigOptions = {}): Rig {
  const journal: string[] = [];
  const specs = kinds.map((kind, index) => puppet('abcdefgh'.charAt(index), journal, kind));
  return startSupervisor(specs, journal, options);
}

/** The end of a child as a failure names it. */
export const FAILED: PuppetOrder = {
  type: 'end',
  output: { status: 'failed', error: 'disk full' }
};
