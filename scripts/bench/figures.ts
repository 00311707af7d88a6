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

/** Returns the value below which this share of the numbers lies; NaN when there are none. Sorts the numbers. */
export function quantile(numbers: number[], share: number): number {
  numbers.sort((a, b) => a - b);
  return numbers[Math.floor((numbers.length - 1) * share)] ?? NaN;
}

/** Returns how many times the smallest number goes into the largest; 1 when there is only one. */
export function spread(numbers: readonly number[]): number {
  return numbers.length < 2 ? 1 : Math.max(...numbers) / Math.min(...numbers);
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
  /** The same of the base: it could have done more, and the ratio flatters. */
  readonly isBaseSaturated: boolean;
  /** The generator sent later than it was meant to, so the load was less even than the row says. */
  readonly isGeneratorBehind: boolean;
  /** The rounds of the server that is compared with, or the server's own where there is none, differ too much. */
  readonly isNoisy: boolean;
}

/** One line of the report. */
export interface Figure {
  readonly scenario: string;
  readonly server: string;
  readonly value: number;
  readonly unit: string;
  /** CPU time of the server for each unit counted, in microseconds; null for memory. */
  readonly cpuUs: number | null;
  /** Server that the ratios compare with; null where there is none. */
  readonly base: string | null;
  /** Median of the ratios of this server to the base, each of the same round; null where there are none. */
  readonly ratio: number | null;
  /**
   * Median of the pairwise ratios of CPU time, the base over this server. Other work on the machine hardly
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
    validity.isGeneratorSaturated ? 'generator saturated' : '',
    validity.isBaseSaturated ? 'base saturated the generator' : '',
    validity.isGeneratorBehind ? 'generator behind' : '',
    validity.isNoisy ? 'noisy' : ''
  ].filter((part) => part !== '');
  return wrong.length === 0 ? 'ok' : wrong.join(', ');
}

function short(value: number): string {
  if (Number.isNaN(value)) return '?';
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function ratioText({ ratio, base }: Figure): string {
  return ratio === null ? '' : `${ratio.toFixed(2)} of ${base ?? '?'}`;
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
    ratioText(figure),
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
