import { expect } from 'chai';
import { fromCallback, fromPromise, type EventFromLogic, type SnapshotFrom } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import {
  AWAY_BACKOFF,
  AWAY_MIN_MS,
  createWebhooksMachine,
  NotTakenError,
  WEBHOOK_FINISH_MS,
  type LanesOrder,
  type Tried,
  type WebhooksMachine,
  type WebhooksNews
} from '../../../machines/webhooks/webhooks.machine.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { Deferred, supervise } from '../supervision/supervised.js';

type Event = EventFromLogic<WebhooksMachine>;

/** Runs the chart on virtual time. */
function start() {
  const clock = new VirtualClock();
  const news: WebhooksNews[] = [];
  const steps: string[] = [];
  let trying = new Deferred<Tried>();
  const machine = createWebhooksMachine({
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    random: () => 0.5
  }).provide({
    actors: {
      watch: fromCallback<{ type: 'work' }>(() => () => steps.push('unwatched')),
      lanes: fromCallback<LanesOrder>(({ receive }) => {
        steps.push('lanes');
        receive(({ type }) => steps.push(`lanes: ${type}`));
        return () => steps.push('lanes end');
      }),
      tryOne: fromPromise(({ signal }) => {
        steps.push('try');
        signal.addEventListener('abort', () => steps.push('try cut off'));
        trying = new Deferred();
        return trying.promise;
      })
    },
    actions: { writeLine: (_, params) => news.push(params.news) }
  });
  const child = supervise(machine, {}, clock);
  const snapshot = (): SnapshotFrom<WebhooksMachine> => child.ref.getSnapshot();
  const send = async (event: Event) => {
    child.ref.send(event);
    await settle();
  };
  return {
    ...child,
    steps,
    news,
    snapshot,
    send,
    status: () => snapshot().context.status,
    tried: (hadWork: boolean) => trying.resolve({ hadWork }),
    failed: (error: Error) => trying.reject(error),
    away: async (retryAfterMs: number | null = null) => {
      await send({ type: 'work' });
      await send({ type: 'lanes.failing', error: 'answered 500', retryAfterMs });
    }
  };
}

/** The first wait with a random number of a half. */
const FIRST_MS = AWAY_MIN_MS + AWAY_BACKOFF.baseMs / 2;

describe('createWebhooksMachine', () => {
  it('says ready at once, and sends while there is work', async () => {
    const run = start();
    expect(run.said).to.deep.equal([{ type: 'child.ready', id: 'ch' }]);
    expect(run.status()).to.equal('idle');
    await run.send({ type: 'work' });
    await run.send({ type: 'work' });
    expect(run.steps).to.deep.equal(['lanes', 'lanes: work']);
    await run.send({ type: 'lanes.drained' });
    expect(run.status()).to.equal('idle');
    expect(run.steps.at(-1)).to.equal('lanes end');
  });

  it('tries one event at a time while the receiver is away, and tells both turns once', async () => {
    const run = start();
    await run.away();
    expect(run.said.at(-1)).to.deep.equal({
      type: 'child.degraded',
      id: 'ch',
      error: 'answered 500'
    });
    await run.clock.advance(FIRST_MS - 1);
    expect(run.steps).not.to.include('try');
    await run.clock.advance(1);
    expect(run.status()).to.equal('trying');
    await run.failed(new NotTakenError('answered 503', null));
    expect(run.snapshot().context).to.include({ status: 'away', error: 'answered 503' });
    await run.clock.advance(AWAY_MIN_MS + AWAY_BACKOFF.baseMs);
    await run.tried(true);
    expect(run.status()).to.equal('sending');
    expect(run.news).to.deep.equal(['away', 'back']);
    expect(run.said.at(-1)).to.deep.equal({ type: 'child.recovered', id: 'ch' });
  });

  it('waits as long as the receiver asks, but asks it once a minute', async () => {
    const run = start();
    await run.away(20_000);
    await run.clock.advance(19_999);
    expect(run.status()).to.equal('away');
    await run.clock.advance(1);
    await run.failed(new NotTakenError('answered 429', 3_600_000));
    await run.clock.advance(AWAY_BACKOFF.maxMs - 1);
    expect(run.status()).to.equal('away');
    await run.clock.advance(1);
    expect(run.status()).to.equal('trying');
  });

  it('is idle when nothing is left to try it with', async () => {
    const run = start();
    await run.away();
    await run.clock.advance(FIRST_MS);
    await run.tried(false);
    expect(run.status()).to.equal('idle');
    expect(run.snapshot().context.awaySince).to.equal(null);
  });

  it('stops when the lanes have ended, and cuts them off when they do not', async () => {
    const run = start();
    await run.send({ type: 'work' });
    await run.stop();
    expect(run.steps).to.deep.equal(['lanes', 'lanes: finish']);
    await run.clock.advance(WEBHOOK_FINISH_MS - 1);
    expect(run.ends).to.deep.equal([]);
    await run.clock.advance(1);
    expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    expect(run.steps).to.include('lanes end');
  });
});

const FACTS = [
  { type: 'work' },
  { type: 'lanes.drained' },
  { type: 'lanes.failing', error: 'answered 500', retryAfterMs: null },
  { type: 'child.stop' },
  { type: 'xstate.done.actor.tryOne', output: { hadWork: true } },
  { type: 'xstate.done.actor.tryOne', output: { hadWork: false } },
  { type: 'xstate.error.actor.tryOne', error: new NotTakenError('answered 500', null) }
];

// The graph functions take only events of the machine's own type. It lacks those that xstate makes for actors and
// timers.
function isOwn(event: { readonly type: string }): event is Event {
  return event.type !== '';
}

function pathsOf() {
  const ignore = () => undefined;
  const machine = createWebhooksMachine({
    now: () => 0,
    elapsed: () => 0,
    random: () => 0.5
  }).provide({
    actions: { reportReady: ignore, reportDegraded: ignore, reportRecovered: ignore }
  });
  const timers = machine.events
    .filter((type) => type.startsWith('xstate.after.'))
    .map((type) => ({ type }));
  return getSimplePaths(machine, {
    input: { id: 'ch', results: NO_RESULTS },
    events: [...FACTS, ...timers].filter(isOwn),
    serializeState: ({ value, context }: SnapshotFrom<WebhooksMachine>) =>
      JSON.stringify([value, context.awaySince !== null])
  });
}

describe('every path of the chart of the webhooks', () => {
  const paths = pathsOf();

  it('finds 10 of them', () => {
    expect(paths).to.have.length(10);
  });

  for (const path of paths) {
    const events = path.steps.slice(1).map((step) => step.event);
    const names = events.map(({ type }) => type.replace(/^xstate\.|actor\./g, ''));
    it(`holds on ${names.join(' → ') || 'the start'}`, async () => {
      const run = start();
      check(run);
      for (const event of events) {
        run.ref.send(event);
        check(run);
      }
      await run.stop();
      await run.clock.advance(WEBHOOK_FINISH_MS);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.steps.at(-1)).to.equal('unwatched');
      expect(run.clock.waiting).to.equal(0);
    });
  }
});

/** Checks what must hold in every reachable state. */
function check(run: ReturnType<typeof start>): void {
  const snapshot = run.snapshot();
  const { awaySince, error, attemptDueAt } = snapshot.context;
  const [first, ...turns] = run.said.map(({ type }) => type);
  expect(first).to.equal('child.ready');
  const isAway = turns.at(-1) === 'child.degraded';
  expect(awaySince !== null).to.equal(isAway);
  run.news.forEach((what, index) => {
    expect(what).to.equal(index % 2 === 0 ? 'away' : 'back');
  });
  expect(run.news.at(-1) === 'away').to.equal(isAway);
  if (snapshot.hasTag('draining')) return;
  expect(snapshot.hasTag('degraded')).to.equal(isAway);
  expect(error !== null).to.equal(isAway);
  expect(attemptDueAt !== null).to.equal(snapshot.matches('away'));
}
