import { expect } from 'chai';
import {
  createActor,
  fromCallback,
  fromPromise,
  setup,
  SimulatedClock,
  type EventObject
} from 'xstate';
import {
  createNatsMachine,
  NATS_PERMANENT_RETRY_BOUNDS,
  type NatsEvent,
  type NatsNews
} from '../../../machines/nats/nats.machine.js';
import { natsStatus, type Broker, type Opened } from '../../../machines/nats/nats-status.js';
import { NO_RESULTS, type ChildReport } from '../../../machines/supervision/child.js';
import { settle } from '../../virtual-clock.js';

const BROKER: Broker = { address: 'a:4222', version: '2.11.0', warning: null };
const AWAY: Opened = { ok: false, reason: 'nobody answers', isPermanent: false };
const WRONG: Opened = { ok: false, reason: 'wrong password', isPermanent: true };

/** Runs the chart on virtual time; each attempt ends as the next of `attempts` says. */
function start(...attempts: readonly Opened[]) {
  const clock = new SimulatedClock();
  const reports: string[] = [];
  const news: NatsNews[] = [];
  const left = [...attempts];
  let tell: (event: NatsEvent) => void = () => expect.fail('nobody watches');
  let closed = 0;
  const machine = createNatsMachine({
    now: () => clock.now(),
    elapsed: () => clock.now(),
    random: () => 0.999
  }).provide({
    actors: {
      connect: fromPromise(() => Promise.resolve(left.shift() ?? AWAY)),
      watch: fromCallback<EventObject>(({ sendBack }) => {
        tell = sendBack;
        return () => closed++;
      }),
      close: fromPromise(() => Promise.resolve())
    },
    actions: { writeLine: (_, params) => news.push(params.news) }
  });
  const parent = setup({
    types: { events: {} as ChildReport, children: {} as { nats: 'child' } },
    actors: { child: machine }
  }).createMachine({
    invoke: { id: 'nats', src: 'child', input: { id: 'nats', results: NO_RESULTS } },
    on: {
      'child.ready': { actions: () => reports.push('ready') },
      'child.degraded': { actions: ({ event }) => reports.push(`degraded: ${event.error}`) },
      'child.recovered': { actions: () => reports.push('recovered') }
    }
  });
  const actor = createActor(parent, { clock }).start().getSnapshot().children.nats;
  if (actor === undefined) throw new Error('the child was not started');
  return {
    actor,
    clock,
    news,
    reports,
    tell: (event: NatsEvent) => {
      tell(event);
    },
    closed: () => closed,
    status: () => natsStatus(actor.getSnapshot().context, clock.now()),
    pass: async (ms: number) => {
      clock.increment(ms);
      await settle();
    }
  };
}

describe('createNatsMachine', () => {
  it('is ready with the broker that it has connected to', async () => {
    const { actor, status, news, reports } = start({ ok: true, broker: BROKER });
    await settle();
    expect(actor.getSnapshot().hasTag('ready')).to.equal(true);
    expect(status()).to.include({ status: 'connected', broker: BROKER, losses: 0, error: null });
    expect(news).to.eql(['connected']);
    expect(reports).to.eql(['ready']);
  });

  it('goes on degraded when no broker answers at the start, and tries until one does', async () => {
    const { actor, status, news, reports, pass } = start(AWAY, AWAY, { ok: true, broker: BROKER });
    await settle();
    expect(actor.getSnapshot().hasTag('degraded')).to.equal(true);
    expect(status()).to.include({ error: 'nobody answers', nextAttemptMs: 499, attempt: 1 });
    await pass(499);
    expect(status()).to.include({ attempt: 2, nextAttemptMs: 999 });
    await pass(999);
    expect(status()).to.include({ status: 'connected', attempt: 0, nextAttemptMs: null });
    expect(news).to.eql(['away', 'recovered']);
    expect(reports).to.eql(['ready', 'degraded: nobody answers', 'recovered']);
  });

  it('fails the start for what does not pass by itself', async () => {
    const { actor, news } = start(WRONG);
    await settle();
    expect(actor.getSnapshot()).to.deep.include({
      status: 'done',
      output: { status: 'failed', error: 'wrong password' }
    });
    expect(news).to.eql(['refused']);
  });

  it('does not end for such a failure once it was connected: it waits for somebody to mend it', async () => {
    const { actor, tell, status, pass } = start({ ok: true, broker: BROKER }, WRONG, {
      ok: true,
      broker: BROKER
    });
    await settle();
    tell({ type: 'connection.closed', reason: 'wrong password', isPermanent: true });
    await pass(NATS_PERMANENT_RETRY_BOUNDS.maxMs);
    expect(actor.getSnapshot().hasTag('degraded')).to.equal(true);
    await pass(NATS_PERMANENT_RETRY_BOUNDS.maxMs);
    expect(status()).to.include({ status: 'connected', losses: 1 });
  });

  it('is degraded while the client looks for another broker, and ready with the new one', async () => {
    const other = { ...BROKER, address: 'b:4222' };
    const { actor, tell, status, news, closed } = start({ ok: true, broker: BROKER });
    await settle();
    tell({ type: 'broker.lost', reason: 'a was lost' });
    expect(actor.getSnapshot().hasTag('degraded')).to.equal(true);
    expect(status()).to.include({ status: 'degraded', error: 'a was lost' });
    tell({ type: 'broker.found', broker: other });
    expect(status()).to.include({ status: 'connected', broker: other, losses: 1, error: null });
    expect(news).to.eql(['connected', 'away', 'recovered']);
    expect(closed()).to.equal(0);
  });

  for (const [where, attempts] of [
    ['connected', [{ ok: true, broker: BROKER }]],
    ['waiting', [AWAY]]
  ] as const) {
    it(`stops as ordered while ${where}`, async () => {
      const { actor } = start(...attempts);
      await settle();
      actor.send({ type: 'child.stop' });
      await settle();
      expect(actor.getSnapshot().output).to.eql({ status: 'stopped' });
    });
  }
});
