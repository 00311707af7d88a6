import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { drawChart } from '../../../../../client/pages/inspect/chart/chart-drawing.js';
import { arrowHead, arrowLine } from '../../../../../client/pages/inspect/chart/chart-path.js';
import type { DrawnElement } from '../../../../../client/pages/inspect/chart/drawn-element.js';
import { GRAPHS, laidOut } from '../../../../server/inspector/charts/laid-out.js';

function allOf(element: DrawnElement): DrawnElement[] {
  return [
    element,
    ...element.children.flatMap((child) => (typeof child === 'string' ? [] : allOf(child)))
  ];
}

function textOf({ name, children }: DrawnElement): string {
  if (name === 'title') return '';
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

const unusual = GRAPHS.at(-1)!;

describe('drawChart', function () {
  this.timeout(60_000);

  for (const graph of GRAPHS) {
    it(`draws every state and every transition of ${graph.chart} once`, async () => {
      const elements = allOf(drawChart(await laidOut(graph)));
      const named = (attribute: string) =>
        elements.flatMap(({ attributes }) => attributes[attribute] ?? []);
      expect(named('data-state')).to.deep.equal(graph.nodes.map(({ id }) => id));
      expect(named('data-edge')).to.deep.equal(graph.edges.map(({ id }) => id));
    });

    it(`writes all of ${graph.chart} that is to be read, and says it to who hovers or listens`, async () => {
      const layout = await laidOut(graph);
      const elements = allOf(drawChart(layout));
      const groupOf = (attribute: string, id: string) =>
        elements.find(({ attributes }) => attributes[attribute] === id)!;
      for (const { id, key, lines } of layout.nodes) {
        const text = textOf(groupOf('data-state', id));
        for (const line of [key, ...lines.map((one) => one.replace(/#| /g, ''))]) {
          expect(text.replace(/ /g, ''), id).to.include(line);
        }
      }
      for (const { id, lines } of layout.edges) {
        expect(textOf(groupOf('data-edge', id)), id).to.equal(lines.join(''));
      }
      for (const { name, attributes, children } of elements) {
        const isGroup = 'data-state' in attributes || 'data-edge' in attributes;
        const [first] = children;
        if (isGroup) expect(typeof first === 'object' && first.name, name).to.equal('title');
      }
    });
  }

  it('has no style, script or number of its own that the page would have to allow', async () => {
    const elements = allOf(drawChart(await laidOut(unusual)));
    for (const { name, attributes } of elements) {
      expect(name).to.match(/^(svg|g|title|rect|path|circle|text|tspan)$/);
      expect(
        Object.keys(attributes).filter((key) => /^(style|on|href|id)/.test(key))
      ).to.deep.equal([]);
      for (const value of Object.values(attributes))
        expect(value).not.to.match(/NaN|undefined|Infinity/);
    }
  });

  it('names no class that no style sheet knows', async () => {
    const styles = ['chart-svg.css', 'chart-live.css'].map((file) =>
      readFileSync(
        new URL(`../../../../../client/pages/inspect/chart/${file}`, import.meta.url),
        'utf8'
      )
    );
    const known = new Set(
      [...styles.join('').matchAll(/\.([a-z][\w-]*)/g)].map(([, name]) => name)
    );
    const drawings = await Promise.all(
      GRAPHS.map(async (graph) => drawChart(await laidOut(graph)))
    );
    const used = drawings
      .flatMap(allOf)
      .flatMap(({ attributes }) => attributes['class']?.split(' ') ?? []);
    const unknown = [...new Set(used)].filter((name) => !known.has(name));
    expect(unknown, 'but those that only group').to.have.members([
      'chart-states',
      'chart-initials',
      'chart-edges',
      'chart-tags',
      'chart-atomic',
      'chart-final'
    ]);
  });

  it('draws states by their kind: a bar, a second border, a region of its own', async () => {
    const layout = await laidOut(unusual);
    const { children } = allOf(drawChart(layout)).find(
      ({ attributes }) => attributes['class'] === 'chart-states'
    )!;
    const classes = (children as DrawnElement[]).map(({ attributes }) => attributes['class']);
    expect(classes.slice(0, 2)).to.deep.equal([
      'chart-state chart-parallel',
      'chart-state chart-compound chart-region'
    ]);
    expect(classes).to.include('chart-state chart-history');
    const delivery = GRAPHS.find(({ chart }) => chart === 'service')!;
    const failed = allOf(drawChart(await laidOut(delivery))).find(
      ({ attributes }) => attributes['data-state'] === 'failed'
    )!;
    const inner = allOf(failed).filter(
      ({ attributes }) => attributes['class'] === 'chart-inner-frame'
    );
    expect(inner).to.have.length(1);
  });
});

describe('arrowLine', () => {
  it('rounds corners and ends where the head begins', () => {
    const way = arrowLine([
      [0, 0],
      [0, 40],
      [60, 40]
    ]);
    expect(way).to.equal('M0 0L0 33Q0 40 7 40L53 40');
  });

  it('rounds a short side by half of it, so that two corners never meet', () => {
    const way = arrowLine([
      [0, 0],
      [0, 40],
      [4, 40],
      [4, 90]
    ]);
    expect(way).to.equal('M0 0L0 38Q0 40 2 40L2 40Q4 40 4 42L4 83');
  });

  it('draws nothing for a way of no length', () => {
    expect(arrowLine([])).to.equal('');
    expect(arrowHead([[1, 1]])).to.equal('');
  });
});

describe('arrowHead', () => {
  it('points the way that the arrow goes', () => {
    expect(
      arrowHead([
        [0, 0],
        [0, 40]
      ])
    ).to.equal('M0 40L-4 32L4 32Z');
    expect(
      arrowHead([
        [60, 0],
        [0, 0]
      ])
    ).to.equal('M0 0L8 -4L8 4Z');
  });
});
