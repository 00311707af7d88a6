import { expect } from 'chai';
import { PAINT_MS, Painter } from '../../../../../../client/pages/inspect/views/frame/painter.js';
import { VirtualClock } from '../../../../../virtual-clock.js';

describe('Painter', () => {
  let clock: VirtualClock;
  let frames: (() => void)[];
  let isHidden: boolean;
  let paintings: number;
  let painter: Painter;

  const nextFrame = (): void => {
    for (const work of frames.splice(0)) work();
  };

  beforeEach(() => {
    clock = new VirtualClock();
    frames = [];
    isHidden = false;
    paintings = 0;
    painter = new Painter({
      clock,
      frame: (work) => frames.push(work),
      isHidden: () => isHidden,
      paint: () => {
        paintings += 1;
      }
    });
  });

  it('paints once in a frame, however much has happened', () => {
    for (let count = 0; count < 100; count++) painter.soon();
    nextFrame();
    expect(paintings).to.equal(1);
  });

  it('paints at most so often for what comes in', async () => {
    for (let ms = 0; ms < 1_000; ms++) {
      painter.later();
      await clock.advance(1);
      nextFrame();
    }
    expect(paintings).to.be.within(1_000 / PAINT_MS - 1, 1_000 / PAINT_MS + 1);
  }).timeout(10_000);

  it('paints at once for what was pressed, also right after a painting', () => {
    painter.soon();
    nextFrame();
    painter.later();
    painter.soon();
    nextFrame();
    expect(paintings).to.equal(2);
  });

  it('paints nothing that comes in while nobody sees it', async () => {
    isHidden = true;
    painter.later();
    await clock.advance(PAINT_MS);
    expect(frames).to.eql([]);
  });
});
