/** The output of `rollcall verify`: lines for people while it runs, and one JSON document. */
import type { Paint } from '../../server/logger/paint.js';
import { safeLine } from '../terminal/safe-text.js';
import { CHECK_WORDS } from './bench/check-words.js';
import type { Report } from './bench/report.js';
import type { Checked, Outcome } from './run-checks.js';

const NAME_WIDTH = Math.max(...Object.values(CHECK_WORDS).map(([name]) => name.length));
const BAR_WIDTH = 30;
const INDENT = ' '.repeat(5);

/** First line: which server it is. */
export function headLine(
  url: string,
  { version, environment, node, since }: Report,
  paint: Paint
): string {
  const server = safeLine(`Rollcall ${version} at ${url}`);
  return `${paint('bold', server)} ${paint('dim', safeLine(`${environment}, node ${node}, since ${since}`))}`;
}

/** The line of a check that is being made. */
export function beginLine(
  { number, name }: Pick<Checked, 'number' | 'name'>,
  paint: Paint
): string {
  return paint('dim', `… ${label(number, name)}  ${CHECK_WORDS[number]?.[1] ?? ''}`);
}

/** The lines of a check that was made: its figure, then what is wrong, then what to know. */
export function checkedLines(checked: Checked, paint: Paint): string {
  const { holds, number, name, figure, faults, notes } = checked;
  const mark = holds ? paint('green', '✔') : paint('red', '✖');
  return [
    `${mark} ${label(number, name)}  ${safeLine(figure)}`,
    ...faults.map((fault) => `${INDENT}${paint('red', safeLine(fault))}`),
    ...notes.map((note) => `${INDENT}${paint('dim', `note: ${safeLine(note)}`)}`)
  ].join('\n');
}

/** A bar for the time that is watched. */
export function progressLine(
  watchedMs: number,
  watchMs: number,
  lines: number,
  paint: Paint
): string {
  const full = Math.round((watchedMs / watchMs) * BAR_WIDTH);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
  const said =
    lines === 0 ? 'no warning and no error so far' : `${String(lines)} warnings or errors so far`;
  return `… ${label(1, 'logs')}  ${paint('cyan', bar)} ${clock(watchedMs)} of ${clock(watchMs)}, ${said}`;
}

/** Last line. */
export function verdictLine({ checks, error, isInterrupted }: Outcome, paint: Paint): string {
  if (error !== null) return paint('red', safeLine(error));
  const bad = checks.filter(({ holds }) => !holds);
  const holding = `${String(checks.length - bad.length)} of ${String(checks.length)} hold`;
  if (isInterrupted) return paint('yellow', `interrupted: ${holding} so far`);
  if (bad.length === 0)
    return paint('green', checks.length === 1 ? 'It holds.' : `All ${String(checks.length)} hold.`);
  const names = bad.map(({ number, name }) => `${String(number)} ${name}`).join(', ');
  return paint('red', `${holding}. Not: ${names}.`);
}

/** Whether all hold. */
export function isGood({ checks, error, isInterrupted }: Outcome): boolean {
  return error === null && !isInterrupted && checks.every(({ holds }) => holds);
}

/** The JSON document. */
export function jsonText(url: string, startedAt: number, outcome: Outcome): string {
  const { report, error, checks, isInterrupted } = outcome;
  const document = {
    ok: isGood(outcome),
    url,
    startedAt: new Date(startedAt).toISOString(),
    version: report?.version ?? null,
    environment: report?.environment ?? null,
    node: report?.node ?? null,
    error,
    interrupted: isInterrupted,
    checks: [...checks]
      .sort((one, other) => one.number - other.number)
      .map(({ number, name, holds, figure, faults, notes, tookMs }) => ({
        check: number,
        name,
        ok: holds,
        figure,
        faults,
        notes,
        tookMs
      }))
  };
  return JSON.stringify(document, null, 2);
}

function label(number: number, name: string): string {
  return `${String(number).padStart(2)} ${name.padEnd(NAME_WIDTH)}`;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor((seconds % 3_600) / 60))}:${two(seconds % 60)}`;
  return hours === 0 ? rest : `${String(hours)}:${rest}`;
}
