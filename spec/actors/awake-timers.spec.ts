import { expect } from 'chai';
import { createActor } from 'xstate';
import { awakeTimers, LATE_MS, STRETCH_MS } from '../../actors/awake-timers.js';
import { DELIVERY_GRACE_MS, deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import { HANDLER_GRACE_MS } from '../../machines/handlers.machine.js';
import { VirtualClock } from '../virtual-clock.js';

const HOUR_MS = 60 * 60_000;

describe('awakeTimers', () => {
  let clock: VirtualClock;
  let runs: number;

  const start = (ms: number): unknown => awakeTimers(clock).setTimeout(() => runs++, ms);

  beforeEach(() => {
    clock = new VirtualClock();
    runs = 0;
  });

  for (const ms of [0, 1, STRETCH_MS - 1, STRETCH_MS, STRETCH_MS + 1, HANDLER_GRACE_MS, 90_001]) {
    it(`runs after exactly ${String(ms)} ms, once, while the process is awake`, async () => {
      start(ms);
      await clock.advance(ms - 1);
      expect(runs).to.equal(0);
      await clock.advance(ms === 0 ? 0 : 1);
      expect(runs).to.equal(1);
      await clock.advance(HOUR_MS);
      expect(runs).to.equal(1);
      expect(clock.waiting).to.equal(0);
    });
  }

  it('gives again what was left when the process slept', async () => {
    start(10_000);
    await clock.advance(4_000);
    await clock.sleep(HOUR_MS);
    await clock.advance(5_999);
    expect(runs).to.equal(0);
    await clock.advance(1);
    expect(runs).to.equal(1);
  });

  it('gives again what was left after each of several sleeps', async () => {
    start(10_000);
    for (let n = 0; n < 4; n++) {
      await clock.advance(2_000);
      await clock.sleep(HOUR_MS);
    }
    await clock.advance(1_999);
    expect(runs).to.equal(0);
    await clock.advance(1);
    expect(runs).to.equal(1);
  });

  it('lets what came meanwhile be read before a short timer runs', async () => {
    start(50);
    await clock.sleep(HOUR_MS);
    expect(runs).to.equal(0);
    await clock.advance(50);
    expect(runs).to.equal(1);
  });

  it('ends although the process is always late, after twice the stretches at most', async () => {
    start(10 * STRETCH_MS);
    let late = 0;
    while (runs === 0 && late < 100) {
      await clock.sleep(STRETCH_MS + LATE_MS + 1);
      late++;
    }
    expect(late).to.be.within(10, 20);
  });

  it('counts a stretch that a busy event loop made late', async () => {
    start(2 * STRETCH_MS);
    await clock.sleep(STRETCH_MS + LATE_MS);
    await clock.advance(STRETCH_MS);
    expect(runs).to.equal(1);
  });

  it('is cancelled in its first stretch, and in a later one', async () => {
    const timers = awakeTimers(clock);
    for (const afterMs of [0, 2_500]) {
      const id: unknown = timers.setTimeout(() => runs++, 10_000);
      await clock.advance(afterMs);
      timers.clearTimeout(id);
      expect(clock.waiting).to.equal(0);
    }
    expect(runs).to.equal(0);
  });

  it('opens no incident for a message whose subscriber came while the process slept', async () => {
    const delivery = createActor(deliveryMachine, {
      clock: awakeTimers(clock),
      input: {
        thread: 'a',
        isTestThread: false,
        held: { state: 'waiting', graceMs: DELIVERY_GRACE_MS }
      }
    }).start();
    await clock.advance(1_000);
    await clock.sleep(HOUR_MS);
    expect(delivery.getSnapshot().matches('waiting')).to.equal(true);
    delivery.send({ type: 'subscriber.first' });
    expect(delivery.getSnapshot().context.isIncidentOpen).to.equal(false);
    delivery.stop();
    expect(clock.waiting).to.equal(0);
  });

  describe('awake', () => {
    it('goes on like elapsed() while the process is awake, with timers and without', async () => {
      const awake = awakeTimers(clock);
      const from = awake.awake();
      await clock.advance(HOUR_MS);
      expect(awake.awake() - from).to.equal(HOUR_MS);
      awake.setTimeout(() => runs++, 10_000);
      await clock.advance(HOUR_MS);
      expect(awake.awake() - from).to.equal(2 * HOUR_MS);
    });

    for (const [order, away] of [
      [
        'before a timer shows it',
        () => {
          clock.pass(HOUR_MS);
        }
      ],
      ['after the timers have shown it', () => clock.sleep(HOUR_MS)]
    ] as const) {
      it(`leaves out a sleep once, however many timers run, when it is read ${order}`, async () => {
        const awake = awakeTimers(clock);
        for (let n = 0; n < 5; n++) awake.setTimeout(() => runs++, 10_000 + 100 * n);
        const from = awake.awake();
        await clock.advance(2_500);
        await away();
        expect(awake.awake() - from).to.be.within(2_500 - STRETCH_MS, 2_500);
        await clock.advance(5_000);
        expect(awake.awake() - from).to.be.within(7_500 - STRETCH_MS, 7_500);
      });
    }

    it('leaves out each of several sleeps', async () => {
      const awake = awakeTimers(clock);
      awake.setTimeout(() => runs++, 30_000);
      const from = awake.awake();
      for (let n = 0; n < 3; n++) {
        await clock.advance(3_000);
        clock.pass(HOUR_MS);
        awake.awake();
      }
      expect(awake.awake() - from).to.be.within(9_000 - 3 * STRETCH_MS, 9_000);
    });

    it('counts the time of a process that is slow all the time', async () => {
      const awake = awakeTimers(clock);
      awake.setTimeout(() => runs++, 30_000);
      const from = awake.awake();
      for (let n = 0; n < 10; n++) await clock.sleep(STRETCH_MS + LATE_MS + 1);
      expect(awake.awake() - from).to.be.at.least(9 * (STRETCH_MS + LATE_MS + 1));
    });
  });
});
