/**
 * Puts figures into docs/benchmarks.md, between two markers: a section for each row, with the machine, the day and the
 * command. A run replaces the sections of the rows that it has measured and keeps the others.
 */
import { cpus, release, totalmem } from 'node:os';
import { table, type Figure } from './figures.js';

const START = '<!-- bench: written by `npm run bench -- --write` -->';
const END = '<!-- /bench -->';
const BYTES_PER_GB = 1_073_741_824;

/** What one row has brought. */
export interface RowReport {
  readonly row: string;
  readonly figures: readonly Figure[];
  /** Why it has no figures; null when it has. */
  readonly failure: string | null;
}

/** Where and how a run was made. */
export interface RunNote {
  readonly date: string;
  readonly machine: string;
  readonly command: string;
}

/** Describes this machine in one line. */
export function machineText(): string {
  const all = cpus();
  const model = all[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / BYTES_PER_GB);
  return `${String(all.length)} cores (${model}), ${String(memory)} GB, Linux ${release()}, Node ${process.versions.node}`;
}

/**
 * Returns the page with the sections of these rows; rows that failed keep what the page has.
 * @throws {Error} the page has no markers.
 */
export function withReports(
  page: string,
  reports: readonly RowReport[],
  order: readonly string[],
  note: RunNote
): string {
  const from = page.indexOf(START);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error('docs/benchmarks.md has no place for figures');
  const old = page.slice(from + START.length, to);
  const sections = new Map(
    old
      .split(/^(?=### `)/m)
      .map((text) => ({ row: /^### `([^`]+)`/.exec(text)?.[1] ?? '', text: text.trim() }))
      .filter(({ row }) => row !== '')
      .map(({ row, text }) => [row, text] as const)
  );
  for (const { row, figures, failure } of reports) {
    if (failure === null) sections.set(row, section(row, figures, note));
  }
  const all = order.flatMap((row) => sections.get(row) ?? []);
  return `${page.slice(0, from)}${[START, ...all, END].join('\n\n')}${page.slice(to + END.length)}`;
}

function section(row: string, figures: readonly Figure[], note: RunNote): string {
  return `### \`${row}\`\n\n${note.date}, ${note.machine}: \`${note.command}\`\n\n${table(figures)}`;
}
