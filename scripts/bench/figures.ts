/**
 * Medians, and the one table that is printed.
 */

/** Returns the median: the middle number, or the mean of the two middle ones. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (upper + lower) / 2;
}

/** What could make a figure invalid. In a valid one every number is 0 and every flag false. */
export interface Validity {
  /** Messages that never came, and those that came twice or out of order. */
  readonly lost: number;
  readonly duplicated: number;
  /** Frames that do not parse, error frames, broken connections. */
  readonly faults: number;
  /** The generator used its whole core: the figure is then a lower bound, and a ratio is too close to 1. */
  readonly isGeneratorSaturated: boolean;
}

/** One line of the report. */
export interface Figure {
  readonly scenario: string;
  readonly server: string;
  readonly value: number;
  readonly unit: string;
  /** CPU time of the server for each unit counted, in microseconds; null for memory. */
  readonly cpuUs: number | null;
  /** Median of the pairwise ratios to bare uWebSockets.js; null where there are none. */
  readonly ratio: number | null;
  /**
   * Median of the pairwise ratios of CPU time, bare uWebSockets.js over this server. Other work on the machine hardly
   * affects it.
   */
  readonly cpuRatio: number | null;
  /** What the value or the ratio should reach; null when there is no target. */
  readonly target: string | null;
  readonly isMet: boolean | null;
  readonly validity: Validity | null;
}

/** Returns `ok`, or what is wrong, in a few words. */
export function verdict(validity: Validity | null): string {
  if (validity === null) return 'ok';
  const wrong = [
    validity.lost > 0 ? `${String(validity.lost)} lost` : '',
    validity.duplicated > 0 ? `${String(validity.duplicated)} duplicated` : '',
    validity.faults > 0 ? `${String(validity.faults)} faults` : '',
    validity.isGeneratorSaturated ? 'generator saturated' : ''
  ].filter((part) => part !== '');
  return wrong.length === 0 ? 'ok' : wrong.join(', ');
}

function short(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const head = [
    'scenario',
    'server',
    'value',
    'CPU µs each',
    'ratio',
    'CPU ratio',
    'target',
    'met',
    'validity'
  ];
  const rows = figures.map((figure) => [
    figure.scenario,
    figure.server,
    `${short(figure.value)} ${figure.unit}`,
    figure.cpuUs === null ? '' : short(figure.cpuUs),
    figure.ratio === null ? '' : figure.ratio.toFixed(2),
    figure.cpuRatio === null ? '' : figure.cpuRatio.toFixed(2),
    figure.target ?? '',
    figure.isMet === null ? '' : figure.isMet ? 'yes' : 'NO',
    verdict(figure.validity)
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
