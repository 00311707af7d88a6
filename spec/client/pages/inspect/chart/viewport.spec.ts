import { expect } from 'chai';
import {
  centred,
  fitted,
  moved,
  SCALE_MAX,
  SCALE_MIN,
  zoomed
} from '../../../../../client/pages/inspect/chart/viewport.js';

const STAGE = { width: 800, height: 600 };

describe('fitted', () => {
  it('shows all of a chart, in the middle', () => {
    const chart = { width: 1_600, height: 400 };
    const { x, y, scale } = fitted(chart, STAGE);
    expect(scale * chart.width).to.be.at.most(STAGE.width);
    expect(x + STAGE.width / scale / 2).to.be.closeTo(chart.width / 2, 1e-9);
    expect(y + STAGE.height / scale / 2).to.be.closeTo(chart.height / 2, 1e-9);
  });

  it('blows a small chart up only a little', () => {
    expect(fitted({ width: 50, height: 20 }, STAGE).scale).to.equal(1.25);
  });

  it('keeps within its scales when there is no room or a huge chart', () => {
    expect(fitted({ width: 1e6, height: 10 }, STAGE).scale).to.equal(SCALE_MIN);
    expect(fitted({ width: 10, height: 10 }, { width: 1, height: 1 }).scale).to.equal(SCALE_MIN);
  });
});

describe('centred', () => {
  const chart = { width: 2_000, height: 2_000 };

  it('puts a part into the middle', () => {
    const box = { x: 900, y: 1_000, width: 200, height: 100 };
    expect(centred(box, chart, STAGE, 1)).to.eql({ x: 600, y: 750, scale: 1 });
  });

  it('shows no more than a margin of nothing beside a chart that is larger than the stage', () => {
    const corner = { x: 0, y: 1_990, width: 10, height: 10 };
    expect(centred(corner, chart, STAGE, 1)).to.eql({ x: -16, y: 1_416, scale: 1 });
  });
});

describe('zoomed', () => {
  it('leaves the point under the pointer where it is', () => {
    const before = { x: 10, y: 20, scale: 1 };
    const at = { x: 300, y: 200 };
    const after = zoomed(before, 2, at);
    expect(after.scale).to.equal(2);
    expect(after.x + at.x / after.scale).to.equal(before.x + at.x / before.scale);
    expect(after.y + at.y / after.scale).to.equal(before.y + at.y / before.scale);
  });

  it('ends at the smallest and the largest scale', () => {
    const start = { x: 0, y: 0, scale: 1 };
    expect(zoomed(start, 1e9, { x: 0, y: 0 }).scale).to.equal(SCALE_MAX);
    expect(zoomed(start, 0, { x: 0, y: 0 }).scale).to.equal(SCALE_MIN);
  });
});

describe('moved', () => {
  it('moves with the pointer, and never out of sight', () => {
    const chart = { width: 1_000, height: 1_000 };
    const start = { x: 0, y: 0, scale: 2 };
    expect(moved(start, -100, 50, chart, STAGE)).to.eql({ x: 50, y: -25, scale: 2 });
    expect(moved(start, 1e6, -1e6, chart, STAGE)).to.eql({ x: -200, y: 850, scale: 2 });
  });
});
