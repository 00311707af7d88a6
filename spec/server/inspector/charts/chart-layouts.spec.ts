import { expect } from 'chai';
import { monitorMachine } from '../../../../machines/monitor.machine.js';
import { serviceMachine } from '../../../../machines/service.machine.js';
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import {
  chartGraph,
  chartHash,
  type ChartGraph
} from '../../../../server/inspector/charts/chart-graph.js';
import {
  CHART_EDGES_MAX,
  CHART_STATES_MAX,
  ChartLayouts,
  LAYOUTS_KEPT_MAX,
  LAYOUTS_WAITING_MAX
} from '../../../../server/inspector/charts/chart-layouts.js';
import {
  ChartLayoutError,
  ChartTooLargeError
} from '../../../../server/inspector/charts/layout-thread.js';
import { unusualMachine } from './laid-out.js';
import { VirtualClock } from '../../../virtual-clock.js';

/** A layout thread that answers at once with its number of requests as `width`. Some names of charts make it fail. */
const PROGRAM = `
import { parentPort } from 'node:worker_threads';
let asked = 0;
parentPort.on('message', ({ hash, chart }) => {
  asked += 1;
  for (; chart === 'endless'; );
  if (chart === 'fatal') throw new Error('out of order');
  if (chart === 'gone') process.exit(3);
  if (chart === 'odd') parentPort.postMessage({ ok: false, reason: 'it is odd' });
  else parentPort.postMessage({ ok: true, layout: { hash, chart, width: asked } });
});`;
const FILE = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);

const graphOf = (chart: string, nodes = 1, edges = 0): ChartGraph => ({
  hash: `hash of ${chart}`,
  chart,
  nodes: Array.from({ length: nodes }, () => chartGraph(monitorMachine).nodes[0]!),
  edges: Array.from({ length: edges }, () => chartGraph(monitorMachine).edges[0]!)
});

async function failureOf(layout: Promise<ChartLayout>): Promise<Error> {
  try {
    await layout;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it was laid out');
}

describe('ChartLayouts', function () {
  this.timeout(60_000);
  const open: ChartLayouts[] = [];

  function make(file: URL | undefined = FILE) {
    const clock = new VirtualClock();
    const layouts = new ChartLayouts({ clock, file, deadlineMs: 1_000, idleMs: 500 });
    open.push(layouts);
    return { clock, layouts };
  }

  afterEach(async () => {
    for (const layouts of open.splice(0)) await layouts.close();
  });

  it('lays out a machine in a thread, from the sources', async () => {
    const layouts = new ChartLayouts();
    open.push(layouts);
    const layout = await layouts.layout(unusualMachine);
    expect(layout.chart).to.equal('unusual');
    expect(layout.nodes.every(({ width }) => width > 0)).to.equal(true);
    expect(layouts.isAwake).to.equal(true);
  });

  it('needs no thread for a chart of our own, and gives it also once it is closed', async () => {
    const { layouts } = make();
    expect((await layouts.layout(monitorMachine)).hash).to.equal(chartHash(monitorMachine));
    expect(layouts.isAwake).to.equal(false);
    await layouts.close();
    expect((await layouts.layout(serviceMachine)).chart).to.equal('service');
  });

  it('has no thread before it is asked for something', () => {
    expect(make().layouts.isAwake).to.equal(false);
  });

  it('lays each chart out once, for all who ask meanwhile and for all who ask later', async () => {
    const { layouts } = make();
    const [first, second] = await Promise.all([
      layouts.layout(graphOf('a')),
      layouts.layout(graphOf('a'))
    ]);
    expect(second).to.equal(first);
    expect(await layouts.layout(graphOf('a'))).to.equal(first);
    expect((await layouts.layout(graphOf('b'))).width, 'charts that it was asked for').to.equal(2);
  });

  it('forgets what has not been asked for longest when there are too many', async () => {
    const { layouts } = make();
    const widthOf = async (chart: string) => (await layouts.layout(graphOf(chart))).width;
    await widthOf('oldest');
    await widthOf('second');
    for (let count = 2; count < LAYOUTS_KEPT_MAX; count += 1)
      await widthOf(`chart ${String(count)}`);
    expect(await widthOf('oldest'), 'kept').to.equal(1);
    await widthOf('one more');
    expect(await widthOf('oldest'), 'still kept').to.equal(1);
    expect(await widthOf('second'), 'laid out again').to.equal(LAYOUTS_KEPT_MAX + 2);
  });

  it('refuses a chart with too many states or transitions at once, and says how many', async () => {
    const { layouts } = make();
    const states = await failureOf(layouts.layout(graphOf('big', CHART_STATES_MAX + 1)));
    expect(states).to.be.instanceOf(ChartTooLargeError);
    expect(states.message).to.equal(
      'the chart big has 251 states and 0 transitions: at most 250 and 500 are drawn'
    );
    const edges = await failureOf(layouts.layout(graphOf('busy', 2, CHART_EDGES_MAX + 1)));
    expect(edges).to.be.instanceOf(ChartTooLargeError);
    expect(layouts.isAwake).to.equal(false);
    await layouts.layout(graphOf('just right', CHART_STATES_MAX, CHART_EDGES_MAX));
  });

  it('gives one up that takes too long, and lays the next one out', async () => {
    const { clock, layouts } = make();
    const endless = failureOf(layouts.layout(graphOf('endless')));
    const next = layouts.layout(graphOf('next'));
    await clock.advance(999);
    expect(layouts.isAwake).to.equal(true);
    await clock.advance(1);
    expect(await endless).to.be.instanceOf(ChartTooLargeError);
    expect((await endless).message).to.equal(
      'the chart endless has 1 states and 0 transitions and could not be laid out within 1000 ms'
    );
    expect((await next).chart).to.equal('next');
  });

  for (const [chart, reason] of [
    ['fatal', 'out of order'],
    ['gone', 'its thread exited with code 3'],
    ['odd', 'it is odd']
  ] as const) {
    it(`refuses the ${chart} one alone, with the reason`, async () => {
      const { layouts } = make();
      const refused = failureOf(layouts.layout(graphOf(chart)));
      const next = layouts.layout(graphOf('next'));
      expect(await refused).to.be.instanceOf(ChartLayoutError);
      expect((await refused).message).to.equal(
        `the chart ${chart} could not be laid out: ${reason}`
      );
      expect((await next).chart).to.equal('next');
      expect(await failureOf(layouts.layout(graphOf(chart))), 'tried again').to.be.an('error');
    });
  }

  it('lets the thread go when there has been nothing to do for a while', async () => {
    const { clock, layouts } = make();
    await layouts.layout(graphOf('a'));
    await clock.advance(400);
    await layouts.layout(graphOf('b'));
    await clock.advance(499);
    expect(layouts.isAwake).to.equal(true);
    await clock.advance(1);
    expect(layouts.isAwake).to.equal(false);
    expect((await layouts.layout(graphOf('c'))).width, 'the first of a new thread').to.equal(1);
  });

  it('refuses more than may wait, and takes the next when there is room', async () => {
    const { layouts } = make();
    const waiting = Array.from({ length: LAYOUTS_WAITING_MAX }, (_, index) =>
      layouts.layout(graphOf(`chart ${String(index)}`))
    );
    const refused = await failureOf(layouts.layout(graphOf('late')));
    expect(refused).to.be.instanceOf(ChartLayoutError).and.not.instanceOf(ChartTooLargeError);
    expect(refused.message).to.equal(
      '64 charts wait to be laid out already: ask for late again in a moment'
    );
    await Promise.all(waiting);
    expect((await layouts.layout(graphOf('late'))).chart).to.equal('late');
  });

  it('refuses everything once it is closed, what is in hand and what waits as well', async () => {
    const { layouts } = make();
    const asked = ['endless', 'waiting'].map((chart) => failureOf(layouts.layout(graphOf(chart))));
    await layouts.close();
    for (const failure of [...asked, failureOf(layouts.layout(graphOf('late')))]) {
      expect((await failure).message).to.equal('charts are no longer laid out: the server stops');
    }
    expect(layouts.isAwake).to.equal(false);
  });
});
