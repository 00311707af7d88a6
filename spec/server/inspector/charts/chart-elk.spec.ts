import { expect } from 'chai';
import type { ChartBox, ChartPoint } from '../../../../protocol/chart-layout.js';
import { layoutChart } from '../../../../server/inspector/charts/chart-elk.js';
import { GRAPHS, laidOut } from './laid-out.js';

/** How far a point may be off, since positions are rounded to tenths of a pixel. */
const TOLERANCE_PX = 0.3;

function overlap(a: ChartBox, b: ChartBox): boolean {
  return (
    a.x + TOLERANCE_PX < b.x + b.width &&
    b.x + TOLERANCE_PX < a.x + a.width &&
    a.y + TOLERANCE_PX < b.y + b.height &&
    b.y + TOLERANCE_PX < a.y + a.height
  );
}

function holds(outer: ChartBox, inner: ChartBox): boolean {
  return (
    inner.x >= outer.x - TOLERANCE_PX &&
    inner.y >= outer.y - TOLERANCE_PX &&
    inner.x + inner.width <= outer.x + outer.width + TOLERANCE_PX &&
    inner.y + inner.height <= outer.y + outer.height + TOLERANCE_PX
  );
}

function isOnBorder([x, y]: ChartPoint, box: ChartBox): boolean {
  const inside = holds(box, { x, y, width: 0, height: 0 });
  const sides = [x - box.x, box.x + box.width - x, y - box.y, box.y + box.height - y];
  return inside && Math.min(...sides.map(Math.abs)) <= TOLERANCE_PX;
}

function pairs<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((a, index) => list.slice(index + 1).map((b): [T, T] => [a, b]));
}

describe('layoutChart', function () {
  this.timeout(60_000);

  for (const graph of GRAPHS) {
    describe(`of ${graph.chart}`, () => {
      it('has all that the graph has', async () => {
        const layout = await laidOut(graph);
        expect(layout).to.include({ hash: graph.hash, chart: graph.chart });
        expect(layout.nodes.map(({ id }) => id)).to.deep.equal(graph.nodes.map(({ id }) => id));
        expect(layout.edges.map(({ id }) => id)).to.deep.equal(graph.edges.map(({ id }) => id));
        const initial = graph.nodes.filter(({ isInitial }) => isInitial).map(({ id }) => id);
        expect(layout.initials.map(({ target }) => target)).to.deep.equal(initial);
      });

      it('puts states inside of their parents and beside each other', async () => {
        const { nodes, width, height } = await laidOut(graph);
        for (const node of nodes) {
          const parent = nodes.find(({ id }) => id === node.parent);
          expect(holds(parent ?? { x: 0, y: 0, width, height }, node), node.id).to.equal(true);
        }
        for (const [a, b] of pairs(nodes)) {
          if (a.parent === b.parent) expect(overlap(a, b), `${a.id} and ${b.id}`).to.equal(false);
        }
      });

      it('leads every arrow from the border of its source to that of its target', async () => {
        const { nodes, edges, initials } = await laidOut(graph);
        const boxOf = (id: string) => nodes.find((node) => node.id === id)!;
        for (const { id, source, target, points } of edges.filter(
          (edge) => edge.points.length > 0
        )) {
          expect(isOnBorder(points[0]!, boxOf(source)), `start of ${id}`).to.equal(true);
          expect(isOnBorder(points.at(-1)!, boxOf(target)), `end of ${id}`).to.equal(true);
        }
        for (const { target, points } of initials) {
          expect(points.length, target).to.be.at.least(2);
          expect(isOnBorder(points.at(-1)!, boxOf(target)), `dot of ${target}`).to.equal(true);
        }
      });

      it('goes only across and down, and bends nowhere without need', async () => {
        const { edges } = await laidOut(graph);
        for (const { id, points } of edges) {
          for (const [index, [x, y]] of points.slice(1).entries()) {
            const [fromX, fromY] = points[index]!;
            const isStraight = Math.min(Math.abs(x - fromX), Math.abs(y - fromY)) <= TOLERANCE_PX;
            expect(isStraight, id).to.equal(true);
          }
        }
      });

      it('writes what is inside of a state in it, one below the other and below its lines', async () => {
        const { nodes, edges } = await laidOut(graph);
        for (const { id, isInside, source } of graph.edges) {
          const edge = edges.find((one) => one.id === id)!;
          expect(edge.points.length === 0, id).to.equal(isInside);
          if (!isInside) continue;
          const node = nodes.find((one) => one.id === source)!;
          expect(holds(node, edge.label!), id).to.equal(true);
          expect(edge.label!.y, id).to.be.at.least(node.linesAt[1] + node.lines.length * 15);
        }
      });

      it('lets nothing that is written be over anything else that is', async () => {
        const { nodes, edges } = await laidOut(graph);
        const labels = edges.flatMap(({ id, label }) => (label === null ? [] : [{ id, ...label }]));
        for (const [a, b] of pairs(labels)) {
          expect(overlap(a, b), `${a.id} and ${b.id}`).to.equal(false);
        }
        const leaves = nodes.filter(({ id }) => !nodes.some(({ parent }) => parent === id));
        const arrows = edges.filter(({ points, label }) => points.length > 0 && label !== null);
        for (const { id, label } of arrows) {
          const hit = leaves.find((leaf) => overlap(leaf, label!));
          expect(hit?.id, `below ${id}`).to.equal(undefined);
        }
      });

      it('leads no arrow through what is written in a state', async () => {
        const { nodes, edges } = await laidOut(graph);
        const written = edges
          .filter(({ points }) => points.length === 0)
          .map(({ label }) => label!);
        for (const { linesAt, lines } of nodes) {
          const width = Math.max(0, ...lines.map(({ length }) => length)) * 6.7;
          written.push({ x: linesAt[0], y: linesAt[1], width, height: lines.length * 15 });
        }
        for (const { id, points } of edges) {
          for (const [index, [x, y]] of points.slice(1).entries()) {
            const [fromX, fromY] = points[index]!;
            const way = {
              x: Math.min(x, fromX),
              y: Math.min(y, fromY),
              width: Math.abs(x - fromX) + TOLERANCE_PX * 2,
              height: Math.abs(y - fromY) + TOLERANCE_PX * 2
            };
            expect(
              written.some((box) => overlap(box, way)),
              id
            ).to.equal(false);
          }
        }
      });
    });
  }

  it('is the same every time', async () => {
    const [graph] = GRAPHS;
    expect(await layoutChart(graph!)).to.deep.equal(await laidOut(graph!));
  });

  it('keeps charts as narrow as a document where that is possible', async () => {
    const wide = await Promise.all(GRAPHS.map(laidOut));
    const names = wide.filter(({ width }) => width > 1_300).map(({ chart }) => chart);
    expect(names).to.deep.equal(['supervisor', 'clickhouse']);
  });
});
