import { expect } from 'chai';
import {
  createActor,
  fromCallback,
  SimulatedClock,
  type EventFromLogic,
  type EventObject,
  type SnapshotFrom
} from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import {
  ABNORMAL,
  createConnectionMachine,
  GREETING_TIMEOUT_MS,
  STABLE_MS,
  TOKEN_TIMEOUT_MS,
  type ConnectionEvent,
  type ConnectionMachine,
  type ConnectionNews
} from '../../machines/client-connection.machine.js';

const RETRY_MS = 700;

/** Longer than any timer of the chart. */
const FOREVER_MS = 60_000;

const SESSION = { user: 'ada', connection: 'c1', node: 'n1' };
const CONNECTED: ConnectionEvent = { type: 'server.connected', session: SESSION };
const CLOSE: ConnectionEvent = { type: 'connection.close' };
const RETRY: ConnectionEvent = { type: 'connection.retry' };
const FETCHED: ConnectionEvent = { type: 'token.fetched' };
const FAILED: ConnectionEvent = { type: 'token.failed', reason: 'signed out' };
const LOST: ConnectionEvent = {
  type: 'link.lost',
  isFinal: false,
  code: ABNORMAL,
  reason: 'cut',
  afterMs: null
};
const EXPIRED: ConnectionEvent = { ...LOST, code: 3005, reason: 'token expired' };
const ENDED: ConnectionEvent = { ...LOST, isFinal: true, code: 3503, reason: 'kicked' };

type Snapshot = SnapshotFrom<ConnectionMachine>;

/** Runs the chart on virtual time; counts the parts that it has started and that are still alive. */
function start(hasToken: boolean) {
  const clock = new SimulatedClock();
  const news: ConnectionNews[] = [];
  const asked: boolean[] = [];
  const alive = { token: 0, socket: 0 };
  const delays: { failures: number; wasConnected: boolean; afterMs: number | null }[] = [];
  const machine = createConnectionMachine({
    hasToken,
    now: () => clock.now(),
    retryDelayMs: (lost) => {
      delays.push(lost);
      return lost.afterMs ?? RETRY_MS;
    }
  }).provide({
    actors: {
      token: fromCallback<EventObject, { isExpired: boolean }>(({ input }) => {
        asked.push(input.isExpired);
        alive.token += 1;
        return () => {
          alive.token -= 1;
        };
      }),
      socket: fromCallback(() => {
        alive.socket += 1;
        return () => {
          alive.socket -= 1;
        };
      })
    },
    actions: { tell: (_, params) => news.push(params.news) }
  });
  const actor = createActor(machine, { clock }).start();
  return {
    clock,
    news,
    asked,
    alive,
    delays,
    snapshot: (): Snapshot => actor.getSnapshot(),
    send: (event: ConnectionEvent) => {
      actor.send(event);
    }
  };
}

type Run = ReturnType<typeof start>;

function isOwn(event: { type: string }): event is EventFromLogic<ConnectionMachine> {
  return event.type !== '';
}

function timer(machine: ConnectionMachine, name: string): EventFromLogic<ConnectionMachine> {
  const type = machine.events.find((each: string) => each.startsWith(`xstate.after.${name}.`));
  const event: { type: string } = { type: type ?? '' };
  if (!isOwn(event)) throw new Error(`there is no timer ${name}`);
  return event;
}

/** All simple paths. In each state there are the events of its parts, its timers, and the orders of the application. */
function pathsOf(hasToken: boolean) {
  const machine = createConnectionMachine({ hasToken, now: () => 0, retryDelayMs: () => RETRY_MS });
  const after = (name: string) => timer(machine, name);
  return getSimplePaths(machine, {
    events: (snapshot: Snapshot) => {
      if (snapshot.matches('refreshing')) return [FETCHED, FAILED, after('tokenTimeout'), CLOSE];
      if (snapshot.matches({ linked: 'greeting' })) {
        return [CONNECTED, LOST, ENDED, after('greetingTimeout'), CLOSE];
      }
      if (snapshot.matches('linked')) {
        const held = snapshot.matches({ linked: { connected: 'fresh' } }) ? [after('stable')] : [];
        return [...held, LOST, EXPIRED, ENDED, CLOSE];
      }
      if (snapshot.matches('waiting')) return [after('retry'), RETRY, CLOSE];
      return [];
    },
    serializeState: ({ value, context }: Snapshot) =>
      // Several failures count as one, because further ones change only the wait.
      JSON.stringify([value, Math.min(context.failures, 1), context.isTokenExpired])
  });
}

/** Makes an event of a path really happen. */
function happen(run: Run, event: ConnectionEvent): void {
  const type: string = event.type;
  if (type.startsWith('xstate.after.tokenTimeout')) run.clock.increment(TOKEN_TIMEOUT_MS);
  else if (type.startsWith('xstate.after.greetingTimeout')) {
    run.clock.increment(GREETING_TIMEOUT_MS);
  } else if (type.startsWith('xstate.after.stable')) run.clock.increment(STABLE_MS);
  else if (type.startsWith('xstate.after.retry')) run.clock.increment(RETRY_MS);
  else run.send(event);
}

describe('createConnectionMachine', () => {
  for (const [hasToken, count] of [
    [false, 277],
    [true, 527]
  ] as const) {
    describe(hasToken ? 'with a token' : 'without a token', () => {
      const paths = pathsOf(hasToken);

      it(`has ${String(count)} paths`, () => {
        expect(paths.length).to.equal(count);
      });

      it('holds on every path: one socket exactly while linked, every state can be closed, nothing is left then', () => {
        const seen = new Set<string>();
        // Every other path is the beginning of one of these.
        for (const { steps, state } of paths.filter((path) => path.state.matches('closed'))) {
          const run = start(hasToken);
          seen.add(JSON.stringify(run.snapshot().value));
          for (const { event } of steps.slice(1)) {
            happen(run, event);
            const snapshot = run.snapshot();
            seen.add(JSON.stringify(snapshot.value));
            expect(run.alive.socket).to.equal(snapshot.matches('linked') ? 1 : 0);
            expect(run.alive.token).to.equal(snapshot.matches('refreshing') ? 1 : 0);
            expect(snapshot.context.retryAt !== null).to.equal(snapshot.matches('waiting'));
            expect(snapshot.context.session !== null && !snapshot.matches('closed')).to.equal(
              snapshot.matches({ linked: 'connected' })
            );
            if (snapshot.matches({ linked: { connected: 'stable' } })) {
              expect(snapshot.context.failures).to.equal(0);
            }
          }
          expect(run.snapshot().value).to.deep.equal(state.value);
          expect(run.snapshot().status).to.equal('done');
          expect(run.news.filter((one) => one === 'closed')).to.have.length(1);
          expect(run.alive).to.deep.equal({ token: 0, socket: 0 });
          const told = run.news.length;
          run.clock.increment(FOREVER_MS);
          expect(run.news).to.have.length(told);
        }
        const linked = ['greeting', { connected: 'fresh' }, { connected: 'stable' }];
        expect([...seen].sort()).to.deep.equal(
          [
            ...(hasToken ? ['refreshing'] : []),
            ...linked.map((inner) => ({ linked: inner })),
            'waiting',
            'closed'
          ]
            .map((value) => JSON.stringify(value))
            .sort()
        );
      });
    });
  }

  it('asks for a token that is not a kept one exactly after the server said that it ran out', () => {
    const run = start(true);
    for (const lost of [LOST, EXPIRED, LOST]) {
      run.send(FETCHED);
      run.send(CONNECTED);
      run.send(lost);
      run.clock.increment(RETRY_MS);
    }
    expect(run.asked).to.deep.equal([false, false, true, false]);
  });

  it('still asks for another token when the first attempt after it ran out fails', () => {
    const run = start(true);
    run.send(FETCHED);
    run.send(CONNECTED);
    run.send(EXPIRED);
    run.clock.increment(RETRY_MS);
    run.send(FAILED);
    run.clock.increment(RETRY_MS);
    expect(run.asked).to.deep.equal([false, true, true]);
  });

  it('tells how often it failed and whether it was connected to who plans the wait', () => {
    const run = start(false);
    run.send({ ...LOST, afterMs: 40 });
    run.clock.increment(40);
    run.send(CONNECTED);
    run.send(LOST);
    run.clock.increment(RETRY_MS);
    run.send(CONNECTED);
    run.clock.increment(STABLE_MS);
    run.send(LOST);
    expect(run.delays).to.deep.equal([
      { failures: 0, wasConnected: false, afterMs: 40 },
      { failures: 1, wasConnected: true, afterMs: null },
      { failures: 0, wasConnected: true, afterMs: null }
    ]);
  });
});
