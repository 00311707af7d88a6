/**
 * The supervisor compared with the table of OTP, and with children that do anything at any moment.
 * @see https://www.erlang.org/doc/apps/stdlib/supervisor.html
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { fromPromise } from 'xstate';
import {
  impossibleIn,
  RESTARTS,
  type ChildSpec,
  type Restart,
  type Strategy
} from '../../../machines/supervision/child-spec.js';
import { serviceMachine } from '../../../machines/service.machine.js';
import { settle } from '../../virtual-clock.js';
import {
  keptBy,
  puppet,
  SHUTDOWN_MS,
  START_MS,
  type Manner,
  type PuppetKind,
  type PuppetOrder
} from './puppet.js';
import { FAILED, POLICY, startPuppets, startSupervisor, type Rig } from './supervisor-rig.js';

const ENDED: PuppetOrder = { type: 'end', output: { status: 'stopped' } };
const INTENSITY = { restarts: 3, withinMs: 1_000 };

/** What OTP says of one child. */
interface ModelChild {
  readonly id: string;
  readonly restart: Restart;
  readonly required: boolean;
  isRunning: boolean;
  starts: number;
}

/** What OTP says of a supervisor whose children are up at once, stop at once and are restarted at once. */
interface Model {
  readonly strategy: Strategy;
  readonly children: ModelChild[];
  nowMs: number;
  restartsAt: number[];
  end: null | 'stopped' | 'failed';
}

/** The table: what becomes of all children when one has ended. */
function lose(model: Model, index: number, isFailure: boolean): void {
  const lost = model.children[index];
  if (lost === undefined) return;
  lost.isRunning = false;
  const comesBack = lost.restart === 'permanent' || (lost.restart === 'transient' && isFailure);
  if (!comesBack) return;
  if (lost.required) {
    const inside = model.restartsAt.filter((at) => model.nowMs - at < INTENSITY.withinMs);
    model.restartsAt = [...inside, model.nowMs];
    if (model.restartsAt.length > INTENSITY.restarts) {
      end(model, 'failed');
      return;
    }
  }
  const from = { one_for_one: index, rest_for_one: index, one_for_all: 0 }[model.strategy];
  const to = model.strategy === 'one_for_one' ? index : model.children.length - 1;
  for (const child of model.children.slice(from, to + 1)) {
    child.isRunning = child.restart !== 'temporary';
    if (child.isRunning) child.starts += 1;
  }
}

function end(model: Model, how: 'stopped' | 'failed'): void {
  model.end = how;
  for (const child of model.children) child.isRunning = false;
}

/** Checks that the supervisor agrees with the table. */
function compare(model: Model, run: Rig): void {
  expect(run.snapshot().status).to.equal(model.end === null ? 'active' : 'done');
  expect(run.ends.map((each) => (each === 'error' ? each : each.status))).to.deep.equal(
    model.end === null ? [] : [model.end]
  );
  const running = model.children.filter(({ isRunning }) => isRunning).map(({ id }) => id);
  expect(run.running()).to.deep.equal(running);
  for (const { id, starts } of model.children) {
    expect(run.child(id)?.starts, id).to.equal(starts);
    expect(run.journal.filter((line) => line === `${id} starts`)).to.have.length(starts);
  }
  if (model.end !== null) expect([run.keepers(), run.clock.waiting]).to.deep.equal([[], 0]);
}

type Command = fc.AsyncCommand<Model, Rig>;

/** One of the running children ends by itself. */
class Lose implements Command {
  readonly #pick: number;
  readonly #order: PuppetOrder;
  constructor(pick: number, order: PuppetOrder) {
    this.#pick = pick;
    this.#order = order;
  }
  check = (model: Readonly<Model>) => model.children.some(({ isRunning }) => isRunning);
  async run(model: Model, run: Rig): Promise<void> {
    const running = model.children.filter(({ isRunning }) => isRunning);
    const child = running[this.#pick % running.length];
    if (child === undefined) return;
    run.make(child.id, this.#order);
    await run.clock.advance(0);
    lose(model, model.children.indexOf(child), this.#order !== ENDED);
    compare(model, run);
  }
  toString = () => `child ${String(this.#pick)}: ${this.#order === ENDED ? 'ends' : 'fails'}`;
}

/** Time passes. */
class Pass implements Command {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  async run(model: Model, run: Rig): Promise<void> {
    await run.clock.advance(this.#ms);
    model.nowMs += this.#ms;
    compare(model, run);
  }
  toString = () => `${String(this.#ms)} ms pass`;
}

/** The supervisor is told to stop. */
class Stop implements Command {
  check = () => true;
  run(model: Model, run: Rig): Promise<void> {
    run.stop();
    if (model.end === null) end(model, 'stopped');
    compare(model, run);
    return Promise.resolve();
  }
  toString = () => 'stop';
}

const strategies = fc.constantFrom<Strategy>('one_for_one', 'rest_for_one', 'one_for_all');
const restarts = fc.constantFrom<Restart>('permanent', 'transient', 'temporary');
const kinds = fc.array(fc.record({ restart: restarts, required: fc.boolean() }), {
  minLength: 1,
  maxLength: 5
});

/**
 * Returns the wanted children if the strategy allows them. If not, all become required, and temporary ones permanent.
 */
function possible(strategy: Strategy, wanted: readonly PuppetKind[]): PuppetKind[] {
  const policy = { ...RESTARTS, strategy };
  const isPossible = (some: readonly PuppetKind[]): boolean =>
    impossibleIn(
      some.map((kind, index) => puppet(String(index), [], kind)),
      policy
    ).length === 0;
  if (isPossible(wanted)) return [...wanted];
  return wanted.map(({ restart = 'permanent' }) => ({
    required: true,
    restart: restart === 'temporary' ? 'permanent' : restart
  }));
}

describe('a supervisor', () => {
  it('does what the table of OTP says, whoever ends however and whenever', async () => {
    const commands = fc.commands<Model, Rig, false>(
      [
        fc
          .record({ pick: fc.nat(4), order: fc.constantFrom(FAILED, ENDED, FAILED) })
          .map(({ pick, order }) => new Lose(pick, order)),
        fc.nat(4).map((pick) => new Lose(pick, { type: 'crash' })),
        fc.constantFrom(1, 100, 333, 999, 1_000).map((ms) => new Pass(ms)),
        fc.constant(null).map(() => new Stop())
      ],
      { maxCommands: 12, size: 'max' }
    );
    await fc.assert(
      fc.asyncProperty(strategies, kinds, commands, async (strategy, wanted, steps) => {
        const chosen = possible(strategy, wanted);
        const run = startPuppets(
          chosen.map((kind) => ({ ...kind, manner: 'eager' })),
          // No random wait: every restart comes at once.
          { random: () => 0, policy: { strategy, intensity: INTENSITY } }
        );
        const model: Model = {
          strategy,
          children: chosen.map(({ restart = 'permanent', required = true }, index) => ({
            id: 'abcdefgh'.charAt(index),
            restart,
            required,
            isRunning: true,
            starts: 1
          })),
          nowMs: 0,
          restartsAt: [],
          end: null
        };
        compare(model, run);
        await fc.asyncModelRun(() => ({ model, real: run }), steps);
      }),
      { numRuns: 2_000 }
    );
  }).timeout(300_000);

  const order = fc.constantFrom<PuppetOrder>(
    { type: 'say.ready' },
    { type: 'say.ready' },
    { type: 'say.ready' },
    { type: 'say.degraded' },
    { type: 'say.recovered' },
    FAILED,
    ENDED,
    { type: 'end', output: null },
    { type: 'crash' }
  );
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ pick: fc.nat(4), order }) },
    {
      weight: 3,
      arbitrary: fc.record({ advanceMs: fc.constantFrom(1, 200, SHUTDOWN_MS, START_MS) })
    },
    { weight: 1, arbitrary: fc.constant('stop' as const) }
  );
  const manners = fc.array(
    fc.constantFrom<Manner>('obeys', 'eager', 'fails', 'throws', 'ignores'),
    { minLength: 5, maxLength: 5 }
  );

  it('never errs, loses nobody and ends in time, whatever its children do and whenever', async () => {
    await fc.assert(
      fc.asyncProperty(
        strategies,
        kinds,
        manners,
        fc.array(step, { maxLength: 30 }),
        async (strategy, wanted, manner, steps) => {
          const chosen = possible(strategy, wanted).map((kind, index) => ({
            ...kind,
            manner: manner[index] ?? 'obeys'
          }));
          const run = startPuppets(chosen, { policy: { strategy, intensity: INTENSITY } });
          for (const one of steps) {
            if (one === 'stop') run.stop();
            else if ('advanceMs' in one) await run.clock.advance(one.advanceMs);
            else {
              // Only a running child can act.
              const living = run.running();
              const id = living[one.pick % living.length];
              if (id !== undefined) run.make(id, one.order);
            }
            checkBooks(run);
          }
          if (run.ends.length === 0) run.stop();
          await run.clock.advance(chosen.length * SHUTDOWN_MS);
          checkBooks(run);
          expect(run.snapshot().status).to.equal('done');
          expect(run.ends).to.have.length(1);
          expect([run.running(), run.keepers(), run.clock.waiting]).to.deep.equal([[], [], 0]);
          const [output] = run.ends;
          if (output === 'error' || output?.status !== 'failed') return;
          const lost = run.snapshot().context.specs.find(({ id }) => id === output.service);
          expect(lost?.required).to.equal(true);
        }
      ),
      { numRuns: 500 }
    );
  }).timeout(300_000);

  it('never has two of one child, and leaves none, however starts, ends and the stop race', async () => {
    await fc.assert(
      fc.asyncProperty(
        strategies,
        fc.scheduler(),
        fc.array(fc.nat(2), { maxLength: 5 }),
        async (strategy, scheduler, crashes) => {
          const held = new Map<string, number>();
          const ids = ['a', 'b', 'c'];
          const run = startSupervisor(
            ids.map((id) => resource(id, held, scheduler)),
            [],
            { random: () => 0, policy: { strategy } }
          );
          scheduler.scheduleSequence([
            ...crashes.map((index) => ({
              label: `${ids[index] ?? ''} crashes`,
              builder: async () => {
                crash(run, ids[index] ?? '');
                await run.clock.advance(0);
              }
            })),
            {
              label: 'stop',
              builder: async () => {
                run.stop();
                await settle();
              }
            }
          ]);
          while (scheduler.count() > 0) {
            await scheduler.waitNext(1);
            await run.clock.advance(0);
            for (const [id, count] of held) expect(count, id).to.be.within(0, 1);
          }
          // Lets the deadlines end the children that have not stopped by themselves.
          await run.clock.advance(ids.length * POLICY.settledMs);
          expect(run.ends).to.have.length(1);
          expect([run.running(), run.keepers(), run.clock.waiting]).to.deep.equal([[], [], 0]);
          expect([...held.values()].filter((count) => count !== 0)).to.deep.equal([]);
        }
      ),
      { numRuns: 300 }
    );
  }).timeout(300_000);
});

/** Checks that the context names exactly the running children, and that the supervisor is not in error. */
function checkBooks(run: Rig): void {
  const { status, context } = run.snapshot();
  expect(status).to.not.equal('error');
  const living = context.children
    .filter((child) => ['starting', 'ready', 'degraded', 'stopping'].includes(child.status))
    .map(({ id }) => id);
  expect(run.running()).to.deep.equal(living);
}

/** A child that takes a resource when it starts and gives it back when it stops; the scheduler decides when. */
function resource(id: string, held: Map<string, number>, scheduler: fc.Scheduler): ChildSpec {
  const change = (by: number) => () => {
    held.set(id, (held.get(id) ?? 0) + by);
  };
  // The stop knows what the start has taken, whichever of them ends first.
  let isTaken = false;
  const logic = serviceMachine.provide({
    actors: {
      start: fromPromise<void>(async ({ signal }) => {
        await scheduler.schedule(Promise.resolve(), `${id} starts`);
        if (signal.aborted) return;
        isTaken = true;
        change(1)();
      }),
      stop: fromPromise<void>(async () => {
        await scheduler.schedule(Promise.resolve(), `${id} stops`);
        if (isTaken) change(-1)();
        isTaken = false;
      })
    }
  });
  return {
    id,
    logic,
    required: true,
    restart: 'permanent',
    startTimeoutMs: POLICY.settledMs / 2,
    shutdownMs: POLICY.settledMs / 2
  };
}

function crash(run: Rig, id: string): void {
  if (!run.running().includes(id)) return;
  keptBy(run.ref, id).send({ type: 'service.crashed', error: 'by chance' });
}
