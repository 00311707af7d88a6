import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { chartFiles } from '../../scripts/charts/chart-files.js';
import { chartStyle } from '../../scripts/charts/chart-style.js';
import { CHARTS, SHIPPED } from '../../scripts/charts/charts.js';
import { layoutFiles } from '../../scripts/charts/layout-files.js';
import { mermaidText } from '../../scripts/charts/mermaid-text.js';
import { svgText } from '../../scripts/charts/svg-text.js';
import { drawn } from '../../client/pages/inspect/chart/drawn-element.js';
import { chartGraph } from '../../server/inspector/charts/chart-graph.js';
import { SHIPPED_FOLDER, shippedLayout } from '../../server/inspector/charts/shipped-layouts.js';
import { GRAPHS, laidOut, unusualMachine } from '../server/inspector/charts/laid-out.js';

const ROOT = new URL('../../', import.meta.url);

/** The lines of Mermaid 11 that are used here, each parsed with Mermaid itself once; text has no `:`, `;` or `"`. */
const MERMAID_LINES = [
  /^stateDiagram-v2$/,
  /^\[\*\] --> \w+$/,
  /^\w+ --> \[\*\]$/,
  /^state "[^":;]+" as (?!(state|end|note|direction|default)\b)\w+( \{)?$/,
  /^\w+ --> \w+( : [^:;"<>{}#%]+)?$/,
  /^\w+ : [^:;"<>{}#%]+$/,
  /^note right of \w+$/,
  /^end note$/,
  /^\}$/,
  /^--$/
];

describe('docs/charts', function () {
  this.timeout(60_000);

  it('has every machine that there is', () => {
    const machines = readdirSync(new URL('machines', ROOT), { recursive: true })
      .map((file) => `machines/${String(file)}`)
      .filter((file) => file.endsWith('.machine.ts'));
    expect(CHARTS.map(({ folder, name }) => `${folder}/${name}.machine.ts`)).to.have.members(
      machines
    );
    for (const { name, machine } of CHARTS) expect(machine.id).to.equal(name);
  });

  it('is as the machines are', async () => {
    const files = await chartFiles(laidOut);
    expect(readdirSync(new URL('docs/charts', ROOT))).to.have.members([...files.keys()]);
    for (const [name, text] of files) {
      const written = readFileSync(new URL(`docs/charts/${name}`, ROOT), 'utf8');
      expect(written === text, `docs/charts/${name} is out of date: npm run charts`).to.equal(true);
    }
  });
});

describe('the shipped layouts', function () {
  this.timeout(60_000);

  it('are as the machines are', async () => {
    const files = await layoutFiles(laidOut);
    expect(readdirSync(SHIPPED_FOLDER)).to.have.members([...files.keys()]);
    for (const [name, text] of files) {
      const written = readFileSync(new URL(name, SHIPPED_FOLDER), 'utf8');
      expect(written === text, `shipped/${name} is out of date: npm run charts`).to.equal(true);
    }
  });

  it('are found by the hash of the machine', async () => {
    for (const machine of [...SHIPPED.values()].flat()) {
      const graph = chartGraph(machine);
      expect(shippedLayout(graph), graph.chart).to.deep.equal(await laidOut(graph));
    }
  });

  it('are not taken for a chart of another hash, another name, or a name that is a path', () => {
    const graph = chartGraph(unusualMachine);
    for (const chart of ['unusual', 'startup', '../shipped/startup', ''])
      expect(shippedLayout({ ...graph, chart }), chart).to.equal(null);
  });
});

describe('mermaidText', () => {
  for (const graph of GRAPHS) {
    it(`writes ${graph.chart} in the grammar of a state diagram`, () => {
      let depth = 0;
      let isNote = false;
      for (const line of mermaidText(graph)
        .split('\n')
        .map((one) => one.trim())) {
        const isText: boolean = isNote && line !== 'end note';
        if (isText) expect(line).to.match(/^[^:;"<>{}#%]+$/);
        else
          expect(
            MERMAID_LINES.some((pattern) => pattern.test(line)),
            line
          ).to.equal(true);
        isNote = line.startsWith('note ') || isText;
        depth += line.endsWith('{') ? 1 : line === '}' ? -1 : 0;
        expect(depth).to.be.at.least(0);
      }
      expect(depth).to.equal(0);
      expect(isNote).to.equal(false);
    });

    it(`has every state and every transition of ${graph.chart}`, () => {
      const lines = mermaidText(graph)
        .split('\n')
        .map((line) => line.trim());
      const states = lines.filter(
        (line) => line.startsWith('state ') && !line.includes('anywhere')
      );
      expect(states).to.have.length(graph.nodes.length - 1);
      const arrows = lines.filter((line) => line.includes(' --> ') && !line.includes('[*]'));
      const inside = lines.filter((line) => /^(\w+ : |note )/.test(line));
      expect(arrows.length + inside.length).to.equal(graph.edges.length);
      expect(lines.filter((line) => line.startsWith('[*]'))).to.have.length(
        graph.nodes.filter(({ isInitial }) => isInitial).length
      );
    });
  }
});

describe('chartStyle', () => {
  const style = chartStyle();

  it('declares every variable that it uses, in colours that every viewer knows', () => {
    const [light = '', dark = ''] = style.split('@media (prefers-color-scheme: dark)');
    const used = new Set([...style.matchAll(/var\((--[\w-]+)\)/g)].map(([, name]) => name!));
    expect(used.size).to.be.greaterThan(10);
    for (const name of used) expect(light, name).to.include(`${name}:`);
    expect(dark).to.include('--text: #');
    expect(style).not.to.include('light-dark');
  });
});

describe('svgText', () => {
  it('escapes what would be read as markup', () => {
    const text = svgText(drawn('text', { x: 1.005, title: '"<&>"' }, ['<b> & "c"']));
    expect(text).to.equal(
      '<text x="1" title="&quot;&lt;&amp;&gt;&quot;">&lt;b&gt; &amp; &quot;c&quot;</text>'
    );
  });
});
