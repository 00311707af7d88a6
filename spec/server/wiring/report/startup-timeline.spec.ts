import { expect } from 'chai';
import { StartupTimeline } from '../../../../server/wiring/report/startup-timeline.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('StartupTimeline', () => {
  for (const jumpMs of [172_800_000, -172_800_000]) {
    it(`measures what passes, whatever the wall clock does: it jumps by ${String(jumpMs)} ms`, async () => {
      const clock = new VirtualClock();
      const startedAt = clock.now();
      const timeline = new StartupTimeline(clock);
      timeline.begin('infrastructure');
      await clock.advance(20);
      clock.jump(jumpMs);
      expect(timeline.complete('infrastructure')).to.equal(20);
      await clock.advance(5);
      expect(timeline.finish()).to.equal(25);
      expect([timeline.uptimeMs, timeline.startedAt]).to.deep.equal([25, startedAt]);
      expect(timeline.phases()[0]).to.deep.include({ startedAtMs: 0, tookMs: 20 });
    });
  }
});
