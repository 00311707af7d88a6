/**
 * Metrics in the text format of Prometheus.
 *
 * Own code instead of `prom-client`: other parts keep the numbers anyway, so a registry would be a second home for each,
 * and a histogram is an array of counts (`actors/metrics/histogram.ts`).
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Distribution } from '../../actors/metrics/histogram.js';

/** Media type of the format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One sample: its labels, which are few and known beforehand, and its value; that of a histogram is a distribution. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | Distribution;
}

/** One metric. The name of a counter ends in `_total`. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Returns the metrics as text. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${escaped(help)}`,
        `# TYPE ${name} ${type}`,
        ...samples.flatMap((sample) => lines(name, sample))
      ].join('\n')
    )
    .join('\n')
    .concat('\n');
}

function lines(name: string, { labels = {}, value }: Sample): string[] {
  if (typeof value === 'number') return [`${name}${labelText(labels)} ${number(value)}`];
  let count = 0;
  const buckets = Array.from(value.counts, (own, index) => {
    count += own;
    const le = number(value.bounds[index] ?? Infinity);
    return `${name}_bucket${labelText({ ...labels, le })} ${number(count)}`;
  });
  const own = labelText(labels);
  return [
    ...buckets,
    `${name}_sum${own} ${number(value.sum)}`,
    `${name}_count${own} ${number(count)}`
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** The format has its own words for what JavaScript calls Infinity. */
function number(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
