import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, type EventFromLogic } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import {
  DELIVERY_GRACE_MS,
  deliveryMachine,
  type DeliveryEvent,
  type DeliveryInput
} from '../../../machines/delivery/delivery.machine.js';
import { VirtualClock } from '../../virtual-clock.js';

const GRACE_MS = DELIVERY_GRACE_MS;

/** Runs the chart of one thread on virtual time and records what it reports. */
function start({
  isTestThread = false,
  asksFirst = false,
  held = null
}: Partial<DeliveryInput> = {}) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const actor = createActor(deliveryMachine, {
    clock,
    input: { thread: 't', isTestThread, held, asksFirst }
  });
  for (const type of ['incident.opened', 'incident.closed', 'messages.flushed'] as const) {
    actor.on(type, () => told.push(type));
  }
  actor.start();
  return {
    clock,
    told,
    send: (...events: DeliveryEvent[]) => {
      for (const event of events) actor.send(event);
    },
    snapshot: () => actor.getSnapshot(),
    value: () => actor.getSnapshot().value
  };
}

const FIRST: DeliveryEvent = { type: 'subscriber.first' };
const NONE: DeliveryEvent = { type: 'subscriber.none', graceMs: GRACE_MS };
const FLUSHED: DeliveryEvent = { type: 'flush.done' };
const unwatched = (
  wish: Partial<Extract<DeliveryEvent, { type: 'message.unwatched' }>> = {}
): DeliveryEvent => ({
  type: 'message.unwatched',
  expectStored: false,
  isOwnerConnected: false,
  graceMs: GRACE_MS,
  ...wish
});

describe('deliveryMachine', () => {
  it('delivers while there is a subscriber', () => {
    const thread = start();
    thread.send(FIRST);
    expect(thread.value()).to.equal('delivering');
    thread.send(NONE);
    expect(thread.value()).to.equal('idle');
    expect(thread.told).to.deep.equal([]);
  });

  it('opens an incident when the grace is over, and not a millisecond before', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS - 1);
    expect(thread.told).to.deep.equal([]);
    await thread.clock.advance(1);
    expect(thread.told).to.deep.equal(['incident.opened']);
    expect(thread.value()).to.equal('undelivered');
  });

  it('waits as long as the message says: the later of the two graces comes from outside', async () => {
    const thread = start();
    thread.send(unwatched({ graceMs: 3 * GRACE_MS }));
    await thread.clock.advance(3 * GRACE_MS - 1);
    expect(thread.told).to.deep.equal([]);
  });

  it('neither shortens nor prolongs the grace when more messages come', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS - 1);
    thread.send(unwatched({ graceMs: 1 }), unwatched({ graceMs: 5 * GRACE_MS }));
    expect(thread.clock.nextMs).to.equal(1);
    await thread.clock.advance(1);
    expect(thread.told).to.deep.equal(['incident.opened']);
  });

  it('opens one incident however many messages find nobody', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS);
    thread.send(unwatched(), unwatched());
    await thread.clock.advance(10 * GRACE_MS);
    expect(thread.told).to.deep.equal(['incident.opened']);
  });

  it('closes the incident only when the flush is done', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS);
    thread.send(FIRST);
    expect(thread.told).to.deep.equal(['incident.opened']);
    thread.send(FLUSHED);
    expect(thread.told).to.deep.equal(['incident.opened', 'incident.closed', 'messages.flushed']);
    expect(thread.value()).to.equal('delivering');
  });

  it('keeps the incident open, and does not open it again, when the subscriber leaves before the flush', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS);
    thread.send(FIRST, NONE);
    expect(thread.value()).to.equal('undelivered');
    await thread.clock.advance(10 * GRACE_MS);
    expect(thread.told).to.deep.equal(['incident.opened']);
  });

  it('says flushed and nothing of an incident when a subscriber comes inside the grace', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS - 1);
    thread.send(FIRST, FLUSHED);
    await thread.clock.advance(10 * GRACE_MS);
    expect(thread.told).to.deep.equal(['messages.flushed']);
  });

  it('waits for what is left of the grace when the subscriber leaves before the flush', async () => {
    const thread = start();
    thread.send(unwatched());
    await thread.clock.advance(GRACE_MS - 1);
    thread.send(FIRST);
    await thread.clock.advance(5 * GRACE_MS);
    thread.send({ type: 'subscriber.none', graceMs: 250 });
    expect(thread.clock.nextMs).to.equal(250);
    await thread.clock.advance(250);
    expect(thread.told).to.deep.equal(['incident.opened']);
  });

  for (const [what, wish] of [
    ['storing is enough', { expectStored: true }],
    ['its owner is connected', { isOwnerConnected: true }]
  ] as const) {
    it(`holds nothing when ${what}`, async () => {
      const thread = start();
      thread.send(unwatched(wish));
      expect(thread.value()).to.equal('idle');
      expect(thread.clock.waiting).to.equal(0);
    });
  }

  it('goes on waiting for what is left of the grace when it is revived', async () => {
    const thread = start({ held: { state: 'waiting', graceMs: 400 } });
    await thread.clock.advance(399);
    expect(thread.told).to.deep.equal([]);
    await thread.clock.advance(1);
    expect(thread.told).to.deep.equal(['incident.opened']);
  });

  it('has its incident open still, and says nothing of it, when it is revived undelivered', async () => {
    const thread = start({ held: { state: 'undelivered', graceMs: 0 } });
    await thread.clock.advance(10 * GRACE_MS);
    expect(thread.told).to.deep.equal([]);
    thread.send(FIRST, FLUSHED);
    expect(thread.told).to.deep.equal(['incident.closed', 'messages.flushed']);
  });

  for (const state of ['waiting', 'undelivered'] as const) {
    it(`holds nothing of a test thread that is revived ${state}`, async () => {
      const thread = start({ isTestThread: true, held: { state, graceMs: 1 } });
      expect(thread.value()).to.equal('idle');
      await thread.clock.advance(GRACE_MS);
      expect(thread.told).to.deep.equal([]);
    });
  }
});

type ChartEvent = EventFromLogic<typeof deliveryMachine>;

// The graph functions take only events of the machine's own type. It lacks those that xstate makes for timers.
function isOwn(event: { type: string }): event is ChartEvent {
  return event.type !== '';
}

const TIMERS = deliveryMachine.events
  .filter((type: string) => type.startsWith('xstate.after.'))
  .map((type) => ({ type }))
  .filter(isOwn);

const EVENTS: readonly ChartEvent[] = [
  FIRST,
  NONE,
  unwatched(),
  unwatched({ expectStored: true }),
  unwatched({ isOwnerConnected: true }),
  FLUSHED,
  ...TIMERS
];

const HELD = [
  null,
  { state: 'waiting', graceMs: 400 },
  { state: 'undelivered', graceMs: 0 }
] as const;
const COUNTS = { real: [10, 32, 12], test: [2, 2, 2] };

describe('a thread of one of several nodes', () => {
  const input: DeliveryInput = {
    thread: 't',
    isTestThread: false,
    held: { state: 'waiting', graceMs: 400 },
    asksFirst: true
  };

  it('asks before it opens an incident, and opens it when nobody is anywhere', async () => {
    const thread = start(input);
    await thread.clock.advance(400);
    expect([thread.value(), thread.told]).to.eql(['asking', []]);
    thread.send({ type: 'absence.confirmed' });
    expect(thread.value()).to.equal('undelivered');
    expect(thread.told).to.eql(['incident.opened']);
  });

  it('opens none when somebody comes while it asks, or when an answer comes late', async () => {
    const thread = start(input);
    await thread.clock.advance(400);
    thread.send(FIRST);
    thread.send({ type: 'absence.confirmed' });
    expect([thread.value(), thread.told]).to.eql(['flushing', []]);
  });
});

for (const kind of ['real', 'test'] as const) {
  HELD.forEach((held, index) => {
    const input: DeliveryInput = { thread: 't', isTestThread: kind === 'test', held };
    const paths = getSimplePaths(deliveryMachine, {
      input,
      events: EVENTS,
      serializeState: ({ value, context: { isIncidentOpen, graceMs } }) =>
        JSON.stringify([value, isIncidentOpen, graceMs])
    });
    const expected = COUNTS[kind][index];

    describe(`every path of a ${kind} thread revived with ${held?.state ?? 'nothing'}`, () => {
      it(`is one of ${String(expected)}`, () => {
        expect(paths).to.have.length(expected ?? -1);
      });

      for (const { steps, state } of paths) {
        const events = steps.slice(1).map(({ event }) => event);
        it(`holds on ${events.map(short).join(' → ') || 'the start'}`, async () => {
          const thread = start(input);
          check(thread, input);
          for (const event of events) {
            await happen(thread, event);
            check(thread, input);
          }
          expect(thread.value()).to.equal(state.value);
        });
      }
    });
  });
}

function short(event: ChartEvent): string {
  const wish =
    event.type !== 'message.unwatched'
      ? ''
      : event.expectStored
        ? ' (stored)'
        : event.isOwnerConnected
          ? ' (owner)'
          : '';
  return event.type.replace(/^xstate\.|\.delivery.*$/g, '') + wish;
}

async function happen(thread: ReturnType<typeof start>, event: ChartEvent): Promise<void> {
  if (event.type.startsWith('xstate.')) {
    const { nextMs } = thread.clock;
    expect(nextMs).to.be.a('number');
    await thread.clock.advance(nextMs ?? 0);
  } else thread.send(event);
}

/** Checks what must hold at any moment. */
function check(
  { told, snapshot, clock }: ReturnType<typeof start>,
  { isTestThread, held }: DeliveryInput
): void {
  const now = snapshot();
  expect(now.status).to.equal('active');
  // Incidents open and close alternately, and each close is followed directly by its flush.
  const turns = told.filter((what) => what !== 'messages.flushed');
  const wasOpen = !isTestThread && held?.state === 'undelivered';
  turns.forEach((what, index) => {
    const opens = (index % 2 === 0) !== wasOpen;
    expect(what).to.equal(opens ? 'incident.opened' : 'incident.closed');
  });
  told.forEach((what, index) => {
    if (what === 'incident.closed') expect(told[index + 1]).to.equal('messages.flushed');
  });
  const isOpen = (turns.length % 2 === 1) !== wasOpen;
  expect(now.context.isIncidentOpen).to.equal(isOpen);
  if (isOpen) expect(now.hasTag('holding')).to.equal(true);
  if (now.matches('waiting')) expect(isOpen).to.equal(false);
  // A timer runs exactly while the thread waits.
  expect(clock.waiting).to.equal(now.matches('waiting') ? 1 : 0);
  if (isTestThread) {
    expect(now.hasTag('holding')).to.equal(false);
    expect(told).to.deep.equal([]);
  }
}

describe('a thread in any order of events and times', () => {
  const step = fc.oneof(
    fc.constantFrom<DeliveryEvent>(FIRST, NONE, FLUSHED),
    fc
      .record({
        expectStored: fc.boolean(),
        isOwnerConnected: fc.boolean(),
        graceMs: fc.integer({ min: 1, max: 2 * GRACE_MS })
      })
      .map((wish) => unwatched(wish)),
    fc.nat(GRACE_MS)
  );

  it('opens an incident only after a whole grace without a subscriber', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 40 }), async (isTest, steps) => {
        const input: DeliveryInput = { thread: 't', isTestThread: isTest, held: null };
        const thread = start(input);
        let dueAt: number | null = null;
        for (const one of steps) {
          const before = thread.told.length;
          const wasWaiting = thread.snapshot().matches('waiting');
          if (typeof one === 'number') await thread.clock.advance(one);
          else thread.send(one);
          check(thread, input);
          const isWaiting = thread.snapshot().matches('waiting');
          if (!wasWaiting && isWaiting && typeof one !== 'number' && 'graceMs' in one) {
            dueAt = thread.clock.now() + one.graceMs;
          }
          // While the thread waits, only a subscriber changes the deadline.
          if (isWaiting) expect(thread.clock.now() + (thread.clock.nextMs ?? 0)).to.equal(dueAt);
          if (thread.told.slice(before).includes('incident.opened')) {
            expect(thread.clock.now()).to.be.at.least(dueAt ?? Infinity);
          }
        }
      }),
      { numRuns: 300 }
    );
  });
});
