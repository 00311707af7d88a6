import { expect } from 'chai';
import { DRIFT_MS, RetentionClock } from '../../../../actors/log/lmdb/retention-clock.js';
import { HandClock } from './log-fixture.js';

const DAY_MS = 86_400_000;

describe('RetentionClock', () => {
  function made(): { clock: HandClock; time: RetentionClock; jumps: number[] } {
    const clock = new HandClock();
    const jumps: number[] = [];
    return { clock, jumps, time: new RetentionClock({ clock, onJump: (ms) => jumps.push(ms) }) };
  }

  it('goes by the wall clock while both clocks agree, and follows drift', () => {
    const { clock, time, jumps } = made();
    for (let day = 0; day < 30; day += 1) {
      clock.advance(DAY_MS);
      clock.jump(DRIFT_MS / 2);
      expect(time.now()).to.equal(clock.now());
    }
    expect(jumps).to.eql([]);
  });

  it('does not follow a jump ahead, and tells of it once', () => {
    const { clock, time, jumps } = made();
    const before = time.now();
    clock.jump(2 * DAY_MS);
    expect(time.now()).to.equal(before);
    clock.advance(1_000);
    expect(time.now()).to.equal(before + 1_000);
    expect(jumps).to.eql([2 * DAY_MS]);
  });

  it('goes by the wall clock again when it has been put right, and tells of the next jump', () => {
    const { clock, time, jumps } = made();
    clock.jump(DAY_MS);
    time.now();
    clock.jump(-DAY_MS);
    clock.advance(5_000);
    expect(time.now()).to.equal(clock.now());
    clock.jump(DAY_MS);
    time.now();
    expect(jumps).to.eql([DAY_MS, DAY_MS]);
  });

  it('goes back with a clock that was put back, and tells nobody', () => {
    const { clock, time, jumps } = made();
    clock.jump(-DAY_MS);
    expect(time.now()).to.equal(clock.now());
    expect(jumps).to.eql([]);
  });
});
