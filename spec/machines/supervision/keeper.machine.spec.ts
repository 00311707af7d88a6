import { expect } from 'chai';
import { createActor, sendTo, setup, type EventFromLogic, type SnapshotFrom } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import {
  createKeeperMachine,
  type KeeperMachine,
  type KeeperOrder,
  type KeeperReport
} from '../../../machines/supervision/keeper.machine.js';
import { VirtualClock } from '../../virtual-clock.js';
import { childOf, puppet, running, SHUTDOWN_MS, START_MS, type PuppetOrder } from './puppet.js';

type Snapshot = SnapshotFrom<KeeperMachine>;
type KeeperEvent = EventFromLogic<KeeperMachine>;

const SETTLED_MS = 2_000;
const WAIT_MS = 70;
const START: KeeperOrder = { type: 'keeper.start', results: NO_RESULTS };
const STOP: KeeperOrder = { type: 'keeper.stop' };
const WAIT: KeeperOrder = { type: 'keeper.wait', delayMs: WAIT_MS };

/** Runs a keeper of a puppet that ignores orders to stop, under a parent that writes down what it reports. */
function start() {
  const journal: string[] = [];
  const clock = new VirtualClock();
  const said: KeeperReport[] = [];
  const note = ({ event }: { event: KeeperReport | KeeperOrder }) => {
    if ('id' in event) said.push(event);
  };
  const parent = setup({
    types: {
      events: {} as KeeperReport | KeeperOrder,
      children: {} as { kept: 'keeper' }
    },
    actors: {
      keeper: createKeeperMachine(puppet('p', journal, { manner: 'ignores' }), SETTLED_MS)
    }
  }).createMachine({
    invoke: { id: 'kept', src: 'keeper' },
    on: {
      'keeper.up': { actions: note },
      'keeper.waiting': { actions: note },
      'keeper.degraded': { actions: note },
      'keeper.recovered': { actions: note },
      'keeper.settled': { actions: note },
      'keeper.down': { actions: note },
      'keeper.stopped': { actions: note },
      'keeper.due': { actions: note },
      'keeper.start': { actions: sendTo('kept', ({ event }) => event) },
      'keeper.stop': { actions: sendTo('kept', ({ event }) => event) },
      'keeper.wait': { actions: sendTo('kept', ({ event }) => event) }
    }
  });
  const root = createActor(parent, { clock }).start();
  const ref = root.getSnapshot().children.kept;
  if (ref === undefined) throw new Error('the keeper was not started');
  return {
    clock,
    journal,
    said,
    snapshot: (): Snapshot => ref.getSnapshot(),
    isRunning: () => running(ref).length > 0,
    order: (order: KeeperOrder) => root.send(order),
    make: (order: PuppetOrder) => childOf(ref, 'p').send(order)
  };
}

type Run = ReturnType<typeof start>;

const machine = createKeeperMachine(puppet('p', []), SETTLED_MS).provide({
  actions: { report: () => undefined }
});
const timer = (name: string): KeeperEvent => {
  const type = machine.events.find((each: string) => each.startsWith(`xstate.after.${name}`));
  if (type === undefined) throw new Error(`there is no timer ${name}`);
  const event: { type: string } = { type };
  if (!isOwn(event)) throw new Error('not an event');
  return event;
};
// The graph functions take only events of the machine's own type. It lacks those that xstate makes for timers.
function isOwn(event: { type: string }): event is KeeperEvent {
  return event.type !== '';
}
const done = (): KeeperEvent => {
  const event: { type: string; output: unknown } = {
    type: 'xstate.done.actor.p',
    output: { status: 'failed', error: 'disk full' }
  };
  if (!isOwn(event)) throw new Error('not an event');
  return event;
};

/** Events that may come in a state: the orders that a supervisor gives there, the child's end, and the timers. */
function possibleIn(snapshot: Snapshot): KeeperEvent[] {
  if (snapshot.matches('idle')) return [START, WAIT, STOP];
  if (snapshot.matches('waiting')) return [timer('wait'), STOP];
  const up: KeeperEvent = { type: 'child.ready', id: 'p' };
  if (snapshot.matches({ alive: 'starting' })) return [up, timer('startTimeout'), done(), STOP];
  if (snapshot.matches({ alive: 'up' })) return [timer('settled'), done(), STOP];
  return [timer('shutdown'), done(), STOP];
}

const paths = getSimplePaths(machine, {
  events: possibleIn,
  serializeState: ({ value, context: { reason, isOrdered, wasUp } }: Snapshot) =>
    JSON.stringify([value, reason, isOrdered, wasUp])
});

/** Makes an event of a path really happen. */
async function happen(run: Run, event: KeeperEvent): Promise<void> {
  const type: string = event.type;
  if (event.type === 'keeper.start' || event.type === 'keeper.stop' || event.type === 'keeper.wait')
    run.order(event);
  else if (event.type === 'child.ready') run.make({ type: 'say.ready' });
  else if (type.startsWith('xstate.done')) {
    run.make({ type: 'end', output: { status: 'failed', error: 'disk full' } });
  } else if (type.startsWith('xstate.after.startTimeout')) await run.clock.advance(START_MS);
  else if (type.startsWith('xstate.after.shutdown')) await run.clock.advance(SHUTDOWN_MS);
  else if (type.startsWith('xstate.after.settled')) await run.clock.advance(SETTLED_MS);
  else await run.clock.advance(WAIT_MS);
}

describe('createKeeperMachine', () => {
  it('has 28 paths', () => {
    expect(paths.length).to.equal(28);
  });

  it('holds on every path: a child exactly while it is alive, one answer to an order to stop, nothing left after it', async () => {
    for (const { steps, state } of paths) {
      const run = start();
      for (const { event } of steps.slice(1)) {
        await happen(run, event);
        expect(run.isRunning()).to.equal(run.snapshot().matches('alive'));
        if (run.snapshot().matches('idle')) expect(run.clock.waiting).to.equal(0);
      }
      expect(run.snapshot().value).to.deep.equal(state.value);
      // In every state it answers an order to stop once, and nothing is left.
      const before = run.said.length;
      run.order(STOP);
      await run.clock.advance(SHUTDOWN_MS);
      expect(run.said.slice(before).map(({ type }) => type)).to.deep.equal(['keeper.stopped']);
      expect([run.isRunning(), run.clock.waiting]).to.deep.equal([false, 0]);
    }
  });

  it('says that its child was up when it is lost then, and not when it never was', () => {
    const run = start();
    run.order(START);
    run.make({ type: 'crash' });
    run.order(START);
    run.make({ type: 'say.ready' });
    run.make({ type: 'crash' });
    const downs = run.said.filter(({ type }) => type === 'keeper.down');
    expect(downs.map((each) => ('wasUp' in each ? each.wasUp : null))).to.deep.equal([false, true]);
  });

  it('says once how its child feels, and that it has settled, while it is up', async () => {
    const run = start();
    run.order(START);
    run.make({ type: 'say.ready' });
    run.make({ type: 'say.degraded' });
    await run.clock.advance(SETTLED_MS);
    run.make({ type: 'say.recovered' });
    expect(run.said.map(({ type }) => type)).to.deep.equal([
      'keeper.up',
      'keeper.degraded',
      'keeper.settled',
      'keeper.recovered'
    ]);
  });
});
