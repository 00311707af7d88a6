import { expect } from 'chai';
import fc from 'fast-check';
import {
  CROWD_ABOVE,
  CROWD_FRAMES_MAX,
  CROWD_INTERVAL_MS,
  SIGNAL_INTERVAL_MS,
  Signals,
  SIGNALS_MAX,
  type Signal
} from '../../../actors/threads/signals.js';

const FEW = CROWD_ABOVE;
const CROWD = 150;
const here = (): boolean => true;

function typing(user: string, on = true): Signal {
  return { type: 'typing', thread: 't', user, on, forMs: 6_000 };
}

function mark(user: string, read: number): Signal {
  return { type: 'mark', thread: 't', user, read };
}

/** How many signals are sent in a minute when one user makes 720 a second; each is taken as soon as it is due. */
function toldInMinute(subscriptions: number, make: (n: number) => Signal): number {
  const signals = new Signals();
  let told = 0;
  let dueAt: number | null = null;
  for (let n = 0; n < 60 * 720; n += 1) {
    const now = Math.floor((n * 1_000) / 720);
    if (dueAt !== null && now >= dueAt) told += signals.take(now, subscriptions, here).length;
    if (signals.note(make(n), now, subscriptions)) told += 1;
    const nextMs = signals.nextMs(now, subscriptions);
    dueAt = nextMs === null ? null : now + nextMs;
  }
  return told;
}

describe('Signals', () => {
  it('tells the first one at once, of each type and person', () => {
    const signals = new Signals();
    expect(signals.note(typing('ada'), 0, FEW)).to.equal(true);
    expect(signals.note(mark('ada', 1), 0, FEW)).to.equal(true);
    expect(signals.note(typing('bob'), 0, FEW)).to.equal(true);
  });

  it('tells the next one at once after a pause', () => {
    const signals = new Signals();
    signals.note(typing('ada'), 0, FEW);
    expect(signals.note(typing('ada'), SIGNAL_INTERVAL_MS, FEW)).to.equal(true);
  });

  it('keeps the latest of those that come too soon', () => {
    const signals = new Signals();
    signals.note(mark('ada', 1), 0, FEW);
    for (const read of [2, 3, 4]) {
      expect(signals.note(mark('ada', read), 10 * read, FEW)).to.equal(false);
    }
    expect(signals.nextMs(40, FEW)).to.equal(SIGNAL_INTERVAL_MS - 40);
    expect(signals.take(SIGNAL_INTERVAL_MS - 1, FEW, here)).to.deep.equal([]);
    expect(signals.take(SIGNAL_INTERVAL_MS, FEW, here)).to.deep.equal([mark('ada', 4)]);
    expect(signals.take(2 * SIGNAL_INTERVAL_MS, FEW, here)).to.deep.equal([]);
    expect(signals.nextMs(2 * SIGNAL_INTERVAL_MS, FEW)).to.equal(null);
  });

  for (const [what, make] of [
    ['typing frames', (n: number) => typing('mal', n % 2 === 0)],
    ['marks', (n: number) => mark('mal', n)]
  ] as const) {
    it(`makes two a second of 720 ${what} a second, and one in a crowd`, () => {
      expect(toldInMinute(FEW, make)).to.be.within(118, 121);
      expect(toldInMinute(CROWD, make)).to.be.within(58, 61);
    });
  }

  it('tells a crowd the signals of all together, once in a while', () => {
    const signals = new Signals();
    expect(signals.note(typing('ada'), 0, CROWD)).to.equal(true);
    expect(signals.note(typing('bob'), 1, CROWD)).to.equal(false);
    expect(signals.note(mark('eve', 3), 2, CROWD)).to.equal(false);
    expect(signals.take(CROWD_INTERVAL_MS - 1, CROWD, here)).to.deep.equal([]);
    const both = [typing('bob'), mark('eve', 3)];
    expect(signals.take(CROWD_INTERVAL_MS, CROWD, here)).to.deep.equal(both);
  });

  it('takes turns in a crowd that all signal all the time, within the frames that it may cost', () => {
    const signals = new Signals();
    const users = Array.from({ length: CROWD }, (_, n) => `u${String(n)}`);
    const turns = new Map<string, number>();
    const most = Math.floor(CROWD_FRAMES_MAX / CROWD);
    for (let second = 0; second < 20; second += 1) {
      const now = second * CROWD_INTERVAL_MS;
      const told = signals.take(now, CROWD, here);
      for (const user of users) {
        if (signals.note(mark(user, second), now, CROWD)) told.push(mark(user, second));
      }
      expect(told.length).to.be.at.most(most);
      for (const { user } of told) turns.set(user, (turns.get(user) ?? 0) + 1);
    }
    const counts = users.map((user) => turns.get(user) ?? 0);
    expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
    expect(Math.min(...counts)).to.be.above(2);
  });

  it('tells one signal even a crowd of more than it may cost', () => {
    const signals = new Signals();
    const size = 2 * CROWD_FRAMES_MAX;
    signals.note(typing('ada'), 0, size);
    signals.note(typing('bob'), 0, size);
    signals.note(typing('eve'), 0, size);
    expect(signals.take(CROWD_INTERVAL_MS, size, here)).to.deep.equal([typing('bob')]);
  });

  it('drops who is typing and has gone, or has waited too long, but no mark', () => {
    const signals = new Signals();
    signals.note(mark('ada', 1), 0, CROWD);
    signals.note(typing('bob'), 0, CROWD);
    signals.note(typing('eve', false), 0, CROWD);
    signals.note(mark('bob', 2), 0, CROWD);
    const told = signals.take(CROWD_INTERVAL_MS, CROWD, (user) => user !== 'bob');
    expect(told).to.deep.equal([typing('eve', false), mark('bob', 2)]);
    signals.note(typing('ada'), CROWD_INTERVAL_MS, CROWD);
    expect(signals.take(CROWD_INTERVAL_MS + 6_000, CROWD, here)).to.deep.equal([]);
  });

  it('keeps so many people and drops the signals of others', () => {
    const signals = new Signals();
    for (let n = 0; n < SIGNALS_MAX; n += 1) signals.note(mark(`u${String(n)}`, 1), 0, CROWD);
    expect(signals.note(mark('late', 1), 0, CROWD)).to.equal(false);
    let told = 0;
    for (let now = 0; signals.nextMs(now, 51) !== null; now += CROWD_INTERVAL_MS) {
      for (const { user } of signals.take(now, 51, here)) {
        expect(user).not.to.equal('late');
        told += 1;
      }
    }
    expect(told).to.equal(SIGNALS_MAX - 1);
  });

  it('ends with the latest state of everybody told, whatever comes, in any size of thread', () => {
    const step = fc.record({
      user: fc.constantFrom('ada', 'bob', 'eve'),
      afterMs: fc.nat({ max: 700 }),
      size: fc.constantFrom(1, FEW, FEW + 1, 10_000)
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const signals = new Signals();
        const latest = new Map<string, number>();
        const told = new Map<string, number>();
        let now = 0;
        const hear = (given: readonly Signal[]) => {
          for (const signal of given) if ('read' in signal) told.set(signal.user, signal.read);
        };
        steps.forEach(({ user, afterMs, size }, n) => {
          now += afterMs;
          hear(signals.take(now, size, here));
          const signal = mark(user, n);
          latest.set(user, n);
          if (signals.note(signal, now, size)) hear([signal]);
        });
        for (let turn = 0; turn < 100; turn += 1) {
          const nextMs = signals.nextMs(now, 10_000);
          if (nextMs === null) break;
          now += nextMs;
          hear(signals.take(now, 10_000, here));
        }
        expect(signals.nextMs(now, 10_000)).to.equal(null);
        expect([...told].sort()).to.deep.equal([...latest].sort());
      })
    );
  });
});
