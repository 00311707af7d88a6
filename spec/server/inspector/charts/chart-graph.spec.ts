import { expect } from 'chai';
import {
  createActor,
  createMachine,
  type AnyStateMachine,
  type AnyTransitionDefinition
} from 'xstate';
import { CHARTS } from '../../../../scripts/charts/charts.js';
import { deliveryMachine } from '../../../../machines/delivery/delivery.machine.js';
import { createKeeperMachine } from '../../../../machines/supervision/keeper.machine.js';
import { serviceMachine } from '../../../../machines/service.machine.js';
import { createSinkMachine } from '../../../../machines/clickhouse/sink.machine.js';
import {
  chartGraph,
  chartHash,
  transitionId
} from '../../../../server/inspector/charts/chart-graph.js';
import { VirtualClock } from '../../../virtual-clock.js';
import { unusualMachine } from './laid-out.js';

interface Config {
  readonly states?: Readonly<Record<string, Config>>;
  readonly on?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
  readonly always?: unknown;
  readonly onDone?: unknown;
  readonly invoke?: unknown;
}

const listed = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Counts the states and transitions in a configuration: an independent count, since the graph is not made from it. */
function counted({ states = {}, on = {}, after = {}, always, onDone, invoke }: Config): {
  states: number;
  transitions: number;
} {
  const invoked = listed(invoke).flatMap((one) => {
    const { onDone: done, onError } = one as Config & { onError?: unknown };
    return [...listed(done), ...listed(onError)];
  });
  const own = [...Object.values(on), ...Object.values(after), always, onDone].flatMap(listed);
  return Object.values(states)
    .map(counted)
    .reduce(
      (sum, inside) => ({
        states: sum.states + inside.states,
        transitions: sum.transitions + inside.transitions
      }),
      { states: 1, transitions: own.length + invoked.length }
    );
}

function linesOf(machine: AnyStateMachine, id: string): readonly string[] {
  const edge = chartGraph(machine).edges.find((one) => one.id === id);
  if (edge === undefined) throw new Error(`no edge ${id}`);
  return edge.lines;
}

function stateLines(machine: AnyStateMachine, id: string): readonly string[] {
  return chartGraph(machine).nodes.find((node) => node.id === id)!.lines;
}

const machineOf = (name: string) => CHARTS.find((chart) => chart.name === name)!.machine;

describe('chartGraph', () => {
  for (const { name, machine } of CHARTS) {
    it(`has every state and every transition of ${name} once`, () => {
      const { nodes, edges } = chartGraph(machine);
      const { states, transitions } = counted(machine.config as Config);
      expect(nodes).to.have.length(states);
      expect(new Set(nodes.map(({ id }) => id)).size).to.equal(states);
      expect(edges).to.have.length(transitions);
      expect(new Set(edges.map(({ id }) => id)).size).to.equal(transitions);
    });

    it(`names only states that ${name} has, parents first, with one initial state in each`, () => {
      const { nodes, edges } = chartGraph(machine);
      const ids = nodes.map(({ id }) => id);
      expect(ids[0]).to.equal('');
      for (const [index, { parent, kind, id }] of nodes.entries()) {
        if (parent !== null) expect(ids.indexOf(parent)).to.be.within(0, index - 1);
        const initial = nodes.filter((node) => node.parent === id && node.isInitial);
        expect(initial.length, id).to.equal(kind === 'compound' ? 1 : 0);
      }
      for (const { source, target } of edges) expect(ids).to.include.members([source, target]);
    });
  }

  it('says what an event, a delay and the end of an actor are in words', () => {
    const startup = machineOf('startup');
    expect(linesOf(startup, 'starting|xstate.done.actor.*|0')).to.deep.equal([
      'done: *',
      '[isPhaseEnd]',
      '/ noteFailure'
    ]);
    expect(linesOf(startup, 'ending|xstate.after.shutdown.startup.ending|0')).to.deep.equal([
      'after shutdown',
      '/ assign forced'
    ]);
    expect(linesOf(startup, 'ending|xstate.done.state.startup.ending|0')).to.deep.equal(['done']);
    const drained = 'ending.draining|xstate.done.actor.0.startup.ending.draining|0';
    expect(linesOf(startup, drained), 'by its source, since it has no id').to.deep.equal([
      'done: drain'
    ]);
    expect(linesOf(unusualMachine, 'right.low|xstate.after.250.unusual.right.low|0')).to.deep.equal(
      ['after 250 ms']
    );
    const long = 'right.low|xstate.after.60000.unusual.right.low|0';
    expect(linesOf(unusualMachine, long)).to.deep.equal(['after 1 min']);
  });

  it('shows parameters that are a word, and no timers of XState', () => {
    expect(linesOf(deliveryMachine, 'reviving||0')).to.deep.equal(['[isRestoring(waiting)]']);
    expect(linesOf(deliveryMachine, 'waiting|xstate.after.grace.delivery.waiting|0')).to.deep.equal(
      ['after grace', '[isAlone]', '/ openIncident,', 'emit incident.opened']
    );
    expect(stateLines(deliveryMachine, 'waiting')).to.deep.equal(['#holding']);
    expect(stateLines(deliveryMachine, 'reviving')).to.deep.equal(['exit / assign restoring']);
    expect(stateLines(machineOf('clickhouse'), 'connected')).to.deep.equal([
      '#ready',
      'entry / noteConnected, become(connected)',
      'invoke / watch'
    ]);
  });

  it('tells what is handled inside a state from what leads away', () => {
    const { edges } = chartGraph(machineOf('keeper'));
    const edge = (id: string) => edges.find((one) => one.id === id)!;
    expect(edge('alive.up|child.degraded|0')).to.include({
      isInside: true,
      isInternal: true,
      target: 'alive.up'
    });
    expect(edge('alive|keeper.stop|0')).to.include({
      isInside: false,
      isInternal: true,
      target: 'alive.stopping'
    });
    expect(edge('idle|keeper.start|0')).to.include({
      isInside: false,
      isInternal: false,
      target: 'alive'
    });
  });

  it('leads to what holds all of several targets', () => {
    const both = chartGraph(unusualMachine).edges.find(({ id }) => id === '|both|0')!;
    expect(both.target).to.equal('');
  });

  it('reads guards that are made of others, and those without a name', () => {
    const isOpen = () => true;
    const machine = createMachine({
      id: 'guarded',
      initial: 'a',
      states: {
        a: {
          on: {
            x: { target: 'b', guard: isOpen },
            y: { target: 'b', guard: () => true, actions: [() => undefined] }
          }
        },
        b: {}
      }
    });
    expect(linesOf(machine, 'a|x|0')).to.deep.equal(['x', '[isOpen]']);
    expect(linesOf(machine, 'a|y|0')).to.deep.equal(['y', '[inline]', '/ inline']);
  });
});

describe('chartHash', () => {
  const settings = { retryMaxMs: 1_000, now: () => 0, elapsed: () => 0, random: () => 0 };

  it('is the same for charts that look the same, with whatever they are built and provided', () => {
    const first = createSinkMachine(settings);
    const second = createSinkMachine({ ...settings, retryMaxMs: 5, now: () => 7 });
    const provided = first.provide({ actions: { announce: () => undefined } });
    expect(new Set([first, second, provided].map(chartHash)).size).to.equal(1);
  });

  it('is another one for each other chart', () => {
    const hashes = CHARTS.map(({ machine }) => chartHash(machine));
    expect(new Set(hashes).size).to.equal(CHARTS.length);
    for (const hash of hashes) expect(hash).to.match(/^[0-9a-f]{16}$/);
  });

  it('tells the keepers of two children apart, whose names are in their charts', () => {
    const keeper = (id: string) =>
      createKeeperMachine(
        {
          id,
          logic: serviceMachine,
          required: true,
          restart: 'permanent',
          requires: [],
          startTimeoutMs: 1,
          shutdownMs: 1
        },
        1
      );
    expect(chartHash(keeper('log'))).to.equal(chartHash(keeper('log')));
    expect(chartHash(keeper('log'))).not.to.equal(chartHash(keeper('sink')));
  });

  it('reads a machine once, and what is provided to it not again', () => {
    const machine = createSinkMachine(settings);
    const graph = chartGraph(machine);
    expect(chartGraph(machine)).to.equal(graph);
    expect(chartGraph(machine.provide({}))).to.equal(graph);
  });
});

describe('transitionId', () => {
  it('is an edge of the chart for every transition that a running delivery takes', async () => {
    const clock = new VirtualClock();
    const definitions: AnyTransitionDefinition[] = [];
    const actor = createActor(deliveryMachine, {
      clock,
      input: { thread: 't', isTestThread: false, held: null },
      inspect: (event) => {
        if (event.type === '@xstate.microstep') definitions.push(...event._transitions);
      }
    }).start();
    const unwatched = {
      type: 'message.unwatched',
      expectStored: false,
      isOwnerConnected: false,
      graceMs: 1_000
    } as const;
    actor.send({ type: 'subscriber.first' });
    actor.send({ type: 'subscriber.none', graceMs: 1_000 });
    actor.send(unwatched);
    await clock.advance(1_000);
    actor.send({ type: 'subscriber.first' });
    actor.send({ type: 'flush.done' });
    const taken = definitions.map(transitionId);
    expect(taken).to.deep.equal([
      'reviving||2',
      'idle|subscriber.first|0',
      'delivering|subscriber.none|0',
      'idle|message.unwatched|0',
      'waiting|xstate.after.grace.delivery.waiting|0',
      'undelivered|subscriber.first|0',
      'flushing|flush.done|0'
    ]);
    const edges = chartGraph(deliveryMachine).edges.map(({ id }) => id);
    expect(edges).to.include.members(taken);
  });

  it('is null for what is no edge: the entry of an initial state', () => {
    expect(transitionId(deliveryMachine.root.initial)).to.equal(null);
  });

  for (const { name, machine } of CHARTS) {
    it(`finds every transition of ${name} among the edges, and no two the same`, () => {
      const ids = allDefinitions(machine).map(transitionId);
      expect(ids).to.have.members(chartGraph(machine).edges.map(({ id }) => id));
    });
  }
});

function allDefinitions(machine: AnyStateMachine): AnyTransitionDefinition[] {
  const nodes = [machine.root];
  const definitions: AnyTransitionDefinition[] = [];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    nodes.push(...Object.values(node.states));
    definitions.push(...(node.always ?? []), ...[...node.transitions.values()].flat());
  }
  return definitions;
}
