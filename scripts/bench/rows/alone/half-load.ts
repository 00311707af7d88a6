/**
 * Row `half-load`: half of the rate that the row `rate` asks for, for long. Memory must stay what it is, and nothing may be
 * logged or found that is no fault. Rollcall is compared with itself.
 */
import { resident } from '../../cores.js';
import { median, type Figure } from '../../figures.js';
import { isOurs, Target, type TargetKind } from '../../target.js';
import { Tally } from '../../wire.js';
import type { RowContext } from '../row.js';
import { Steady } from '../steady.js';
import { atMost, figuresOf, type Metric, type MetricBar, type Sample } from '../turns.js';

/** Looks at the memory, at the end of as many equal parts of the time. */
const LOOKS = 60;

/** The first looks do not count, since caches fill and code is compiled; the next ones are compared with the last ones. */
const SKIPPED = 12;
const COMPARED = 12;

const BYTES_PER_MB = 1_048_576;

const FLAT: MetricBar = { text: '≤ 1.02 × begin', isMet: ({ value }) => value <= 1.02 };

const METRICS: readonly Metric[] = [
  { name: 'own memory, end over begin', key: 'grown', unit: '×', bar: FLAT },
  { name: 'own memory at the end', key: 'ownMb', unit: 'MB', bar: null },
  { name: 'memory with mapped pages of the log', key: 'allMb', unit: 'MB', bar: null },
  { name: 'warnings and findings', key: 'warnings', unit: '', bar: atMost(0, '') },
  { name: 'delivery p99', key: 'p99', unit: 'ms', bar: null },
  { name: "server's CPU", key: 'cores', unit: 'cores', bar: null }
];

/** Measures each build of Rollcall, one after the other. */
export async function halfLoad(context: RowContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kind of context.kinds.filter((one) => isOurs(one))) {
    figures.push(...(await measure(context, kind)));
  }
  return figures;
}

async function measure(context: RowContext, kind: TargetKind): Promise<Figure[]> {
  const { size, tell } = context;
  const perSecond = (size.rates[0] ?? 0) / 2;
  const scenario = `${perSecond.toLocaleString('en')} messages/s for ${String(size.halfLoadMs / 1_000)} s`;
  const warnings: string[] = [];
  const target = await Target.start({
    ...context.options(kind),
    onLine: (line) => {
      if (/"level":"(error|warn)"/.test(line)) warnings.push(line);
    }
  });
  const tally = new Tally();
  try {
    const steady = await Steady.gather(target, tally, size.threads, size.members);
    const looks: Sample[] = [];
    for (let look = 1; look <= LOOKS; look++) {
      const { p99, cores, generator, lagMs } = await steady.run(perSecond, size.halfLoadMs / LOOKS);
      const { own, all } = resident(target.pid);
      const found = await findings(target.port);
      warnings.push(...found);
      looks.push({ own, all, p99, cores, generator, lagMs });
      tell(
        `${scenario} ${String(look)}/${String(LOOKS)} ${kind}: ${mb(own).toFixed(1)} MB own, ` +
          `${mb(all).toFixed(1)} with the log, p99 ${p99.toFixed(2)} ms, ${found.join(' ')}`
      );
    }
    const sample = summary(looks, warnings.length);
    const turn = { server: kind, tally, isOurs: true, run: () => Promise.resolve(sample) };
    return METRICS.flatMap((metric) =>
      figuresOf(scenario, metric, [{ turn, samples: [sample] }], null)
    );
  } finally {
    await target.stop();
  }
}

/** What the looks say all together. */
export function summary(looks: readonly Sample[], warnings: number): Sample {
  const middle = (some: readonly Sample[], key: string): number =>
    median(some.map((look) => look[key] ?? NaN));
  const begin = looks.slice(SKIPPED, SKIPPED + COMPARED);
  const end = looks.slice(-COMPARED);
  return {
    grown: middle(end, 'own') / middle(begin, 'own'),
    ownMb: mb(middle(end, 'own')),
    allMb: mb(middle(end, 'all')),
    warnings,
    p99: middle(looks, 'p99'),
    cores: middle(looks, 'cores'),
    generator: middle(looks, 'generator'),
    lagMs: middle(looks, 'lagMs')
  };
}

/** Codes of what the server's monitor has found. */
async function findings(port: number): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/status`);
  const status: unknown = await response.json();
  const monitor = field(status, 'monitor');
  const issues = field(monitor, 'issues');
  if (!Array.isArray(issues)) throw new Error('/status has no findings of the monitor');
  return issues.map((issue) => JSON.stringify(issue));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map(Object.entries(value)).get(name)
    : null;
}

function mb(bytes: number): number {
  return bytes / BYTES_PER_MB;
}
