import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { HELP, parseCommand, ROW_NAMES } from '../../../scripts/bench/command.js';
import { quantile, spread, type Figure } from '../../../scripts/bench/figures.js';
import { withReports } from '../../../scripts/bench/report.js';
import { inGroups } from '../../../scripts/bench/rows/row.js';
import {
  atMost,
  figuresOf,
  inTurns,
  ratioAtMost,
  type Measured,
  type Metric,
  type Sample
} from '../../../scripts/bench/rows/turns.js';
import { Target, type TargetKind } from '../../../scripts/bench/target.js';
import { Tally } from '../../../scripts/bench/wire.js';

const BENCH = fileURLToPath(new URL('../../../scripts/bench.ts', import.meta.url));
const SOUND = { lost: 0, duplicated: 0, faults: 0 };

function measured(server: string, samples: readonly Sample[], isOurs = false): Measured {
  const turn = { server, tally: new Tally(), isOurs, run: () => Promise.resolve({}) };
  return { turn, samples };
}

function metric(key: string, bar: Metric['bar'] = null): Metric {
  return { name: key, key, unit: 'ms', bar };
}

function figure(scenario: string): Figure {
  return {
    scenario,
    server: 'rollcall',
    value: 1,
    unit: 'ms',
    cpuUs: null,
    base: null,
    ratio: null,
    cpuRatio: null,
    target: null,
    isMet: null,
    validity: null
  };
}

describe('figuresOf', () => {
  it('compares turns of the same round and takes the median of the ratios', () => {
    const own = measured('rollcall', [{ p50: 2 }, { p50: 30 }, { p50: 8 }], true);
    const base = measured('uws', [{ p50: 1 }, { p50: 10 }, { p50: 2 }]);
    const [figure] = figuresOf('row', metric('p50', ratioAtMost(3)), [own, base], 'uws');
    expect(figure).to.include({ value: 8, ratio: 3, base: 'uws', isMet: true });
  });

  it('judges only builds of Rollcall', () => {
    const both = [measured('rollcall', [{ p50: 2 }], true), measured('uws', [{ p50: 2 }])];
    const figures = figuresOf('row', metric('p50', atMost(1, 'ms')), both, 'uws');
    expect(figures.map(({ isMet }) => isMet)).to.deep.equal([false, null]);
  });

  it('leaves out servers that do not have the number', () => {
    const both = [measured('rollcall', [{ p50: 2 }], true), measured('disk', [{ other: 2 }])];
    const figures = figuresOf('row', metric('p50'), both, 'disk');
    expect(figures.map(({ server }) => server)).to.deep.equal(['rollcall']);
  });

  it('calls all figures noisy when the rounds of the base differ too much', () => {
    const own = measured('rollcall', [{ p50: 1 }, { p50: 1 }], true);
    const noisyWith = (second: number): boolean | undefined => {
      const base = measured('uws', [{ p50: 1 }, { p50: second }]);
      return figuresOf('row', metric('p50'), [own, base], 'uws')[0]?.validity?.isNoisy;
    };
    expect(noisyWith(2)).to.equal(false);
    expect(noisyWith(2.1)).to.equal(true);
  });

  it('allows a p99 to differ more', () => {
    const base = measured('uws', [{ 'ack p99': 1 }, { 'ack p99': 3 }]);
    const [figure] = figuresOf('row', metric('ack p99'), [base], 'uws');
    expect(figure?.validity?.isNoisy).to.equal(false);
  });

  it('says when the generator was saturated or behind', () => {
    const validityOf = (sample: Sample) =>
      figuresOf('row', metric('p50'), [measured('rollcall', [{ p50: 1, ...sample }])], null)[0]
        ?.validity;
    expect(validityOf({ generator: 0.91 })?.isGeneratorSaturated).to.equal(true);
    expect(validityOf({ generator: 0.9 })?.isGeneratorSaturated).to.equal(false);
    expect(validityOf({ lagMs: 5.1 })?.isGeneratorBehind).to.equal(true);
    expect(validityOf({ lagMs: 5 })?.isGeneratorBehind).to.equal(false);
  });
});

describe('figuresOf with a base that saturated the generator', () => {
  it('marks the figures that have a ratio to it', () => {
    const own = measured('rollcall', [{ perSecond: 1, generator: 0.5 }], true);
    const base = measured('uws', [{ perSecond: 2, generator: 1 }]);
    const figures = figuresOf('row', metric('perSecond'), [own, base], 'uws');
    expect(figures.map(({ validity }) => validity?.isBaseSaturated)).to.deep.equal([true, false]);
  });
});

describe('inTurns', () => {
  const how = { rounds: 3, warmUp: true, scenario: 'row', tell: () => undefined };

  it('gives every server one turn in each round, and does not count the first', async () => {
    const order: string[] = [];
    const turn = (server: string) => ({
      ...measured(server, []).turn,
      run: () => Promise.resolve({ turn: order.push(server) })
    });
    const both = await inTurns([turn('a'), turn('b')], { ...how, untilMs: Infinity });
    expect(order.join('')).to.equal('abababab');
    expect(both[0]?.samples).to.deep.equal([{ turn: 3 }, { turn: 5 }, { turn: 7 }]);
  });

  it('ends after the round in which the time is up', async () => {
    const turn = { ...measured('a', []).turn, run: () => Promise.resolve({ p50: 1 }) };
    const [only] = await inTurns([turn], { ...how, untilMs: 0 });
    expect(only?.samples).to.have.length(1);
  });
});

describe('inGroups', () => {
  it('measures the base in each group and keeps its figures once', async () => {
    const groups: string[] = [];
    const kinds: TargetKind[] = ['uws', 'ws', 'rollcall', 'socket.io'];
    const figures = await inGroups(kinds, 'uws', 5_000, (some) => {
      groups.push(some.join(' '));
      return Promise.resolve(some.map((server) => ({ ...figure('row'), server })));
    });
    expect(groups).to.deep.equal(['rollcall ws uws', 'socket.io uws']);
    expect(figures.map(({ server }) => server)).to.deep.equal([
      'rollcall',
      'ws',
      'uws',
      'socket.io'
    ]);
  });
});

describe('Target', () => {
  it('leaves no data of a server that ended before it served', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-target-spec-'));
    const cli = join(dir, 'cli.mjs');
    const data = join(dir, 'data');
    try {
      await mkdir(data);
      await writeFile(cli, 'process.exit(3);');
      const failure = await Target.start({ kind: 'rollcall', cli, core: null, dir: data }).catch(
        (error: unknown) => error
      );
      expect(String(failure)).to.contain('rollcall ended before it served');
      expect(await readdir(data)).to.have.length(1);
      await Target.stopAll();
      expect(await readdir(data)).to.deep.equal([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('quantile', () => {
  it('takes the value below which the share lies', () => {
    expect(quantile([3, 1, 2], 0.5)).to.equal(2);
    expect(quantile([3, 1, 2], 1)).to.equal(3);
    expect(quantile([], 0.5)).to.be.NaN;
  });
});

describe('spread', () => {
  it('is the largest over the smallest number, and 1 when there is one', () => {
    expect(spread([2, 6, 3])).to.equal(3);
    expect(spread([2])).to.equal(1);
  });
});

describe('parseCommand', () => {
  it('measures all rows and peers without ClickHouse unless asked', () => {
    const command = parseCommand([]);
    expect(command?.rows).to.deep.equal(ROW_NAMES);
    expect(command?.kinds).to.deep.equal([
      'rollcall',
      'uws',
      'json-uws',
      'ws',
      'json-ws',
      'socket.io',
      'socket.io-uws',
      'nats-server'
    ]);
  });

  it('adds ClickHouse and another build beside the first', () => {
    const command = parseCommand(['--clickhouse', '--before', 'old.js', '--peers', 'uws']);
    expect(command?.kinds).to.deep.equal(['rollcall', 'rollcall+clickhouse', 'before', 'uws']);
  });

  it('adds the engine ws beside the usual one', () => {
    const command = parseCommand(['--ws', '--peers', 'json-ws']);
    expect(command?.kinds).to.deep.equal(['rollcall', 'rollcall+ws', 'json-ws']);
  });

  it('refuses rows, peers and rounds that do not exist', () => {
    expect(() => parseCommand(['--only', 'rate,speed'])).to.throw('no such row: speed');
    expect(() => parseCommand(['--peers', 'mqtt'])).to.throw('no such peer: mqtt');
    expect(() => parseCommand(['--rounds', '0'])).to.throw('--rounds must be');
  });

  it('asks for help', () => {
    expect(parseCommand(['--help'])).to.equal(null);
    for (const row of ROW_NAMES) expect(HELP).to.contain(row);
  });
});

describe('withReports', () => {
  const page =
    '# Page\n\n<!-- bench: written by `npm run bench -- --write` -->\n\n<!-- /bench -->\n\nEnd\n';
  const note = { date: '2026-11-29', machine: 'a machine', command: 'npm run bench' };
  const order = ['rate', 'ack'];
  const report = (row: string, scenario: string) => ({
    row,
    figures: [figure(scenario)],
    failure: null
  });

  it('replaces rows that were measured and keeps the others, in order', () => {
    const once = withReports(page, [report('ack', 'one')], order, note);
    const twice = withReports(once, [report('rate', 'two')], order, note);
    const thrice = withReports(twice, [report('ack', 'three')], order, note);
    expect(thrice).to.match(
      /^# Page\n\n<!-- bench.*-->\n\n### `rate`\n\n2026-11-29, a machine: `npm run bench`\n\n\| scenario[^]*\| two [^]*### `ack`[^]*\| three [^]*\n\n<!-- \/bench -->\n\nEnd\n$/
    );
    expect(thrice).not.to.contain('| one ');
  });

  it('keeps what the page has of a row that failed', () => {
    const once = withReports(page, [report('ack', 'one')], order, note);
    const failed = { row: 'ack', figures: [], failure: 'not done' };
    expect(withReports(once, [failed], order, note)).to.equal(once);
  });

  it('refuses a page without a place for figures', () => {
    expect(() => withReports('# Page', [], order, note)).to.throw('no place');
  });
});

describe('scripts/bench.ts', () => {
  it('completes the rows of steady loads and storms when everything is tiny', async function () {
    this.timeout(240_000);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', BENCH, '--tiny', '--json', '--peers', 'uws,json-uws'],
      ...['--only', 'rate,ack,connect,resume,replay']
    ]);
    const { figures, failures } = JSON.parse(stdout) as {
      figures: Figure[];
      failures: unknown[];
    };
    expect(failures).to.deep.equal([]);
    const servers = new Map<string, string[]>();
    for (const { scenario, server, value, validity } of figures) {
      servers.set(scenario, [...(servers.get(scenario) ?? []), server]);
      expect(value, scenario).to.be.a('number');
      expect(validity, scenario).to.include(SOUND);
    }
    const of = (row: string, metrics: readonly string[], own: readonly string[]) =>
      metrics.map((name) => [`${row}: ${name}`, own] as const);
    const storm = [
      'ready',
      'ready p99',
      'event-loop delay p99',
      'event-loop delay, longest',
      "server's CPU each"
    ];
    const rate = ['delivery p50', 'delivery p99', "server's CPU", 'ack p50', 'ack p99'];
    const caughtUp = ['caught up, p50', 'caught up, p99', 'all caught up', "server's CPU each"];
    const replayed = [
      'replayed',
      'most memory above before',
      "others' p99 before",
      "others' p99 meanwhile",
      "others' p99, meanwhile over before",
      "server's CPU each"
    ];
    expect([...servers]).to.deep.equal([
      ...of('100 messages/s over 3 threads × 2', rate, ['rollcall', 'json-uws']),
      ...of(
        '100 messages/s over 3 threads × 2',
        ['durable write p50', 'durable write p99'],
        ['disk']
      ),
      ...of(
        'ack at 50 messages/s, one publisher',
        ['p50', 'p99'],
        ['rollcall', 'json-uws', 'disk']
      ),
      ...of('storm of 10 connects', storm, ['rollcall', 'uws', 'json-uws']),
      ...of('10 clients resume, 3 messages behind', caughtUp, ['rollcall']),
      ...of('replay of 50 messages', replayed, ['rollcall'])
    ]);
  });

  it('completes a start and the engine ws when everything is tiny', async function () {
    this.timeout(240_000);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', BENCH, '--tiny', '--json', '--ws', '--peers', 'json-ws'],
      ...['--only', 'ack,start']
    ]);
    const { figures, failures } = JSON.parse(stdout) as {
      figures: Figure[];
      failures: unknown[];
    };
    expect(failures).to.deep.equal([]);
    const started = figures.filter(({ scenario }) => scenario === 'process start: serving');
    expect(started.map(({ server }) => server)).to.deep.equal(['rollcall', 'rollcall+ws']);
    for (const { value } of started) expect(value).to.be.greaterThan(0);
    expect(started.map(({ target }) => target)).to.deep.equal(['≤ 300 ms', null]);
    const acks = figures.filter(({ scenario }) => scenario.endsWith('publisher: p50'));
    expect(acks.map(({ server }) => server)).to.deep.equal(['rollcall', 'rollcall+ws', 'disk']);
    for (const { scenario, validity } of figures) expect(validity, scenario).to.include(SOUND);
  });
});
