/** The checklist of production as text: the output of `rollcall check`. */
import type { Mark } from './checklist-row.js';
import type { CheckedRow } from './checklist.js';

/** How each mark is shown. */
export const MARKS: Readonly<Record<Mark, string>> = { good: '✓', bad: '✗', open: '–' };

/** Colours that the marks are shown in. */
export type PaintMark = (mark: Mark, text: string) => string;

/** Returns the checklist as lines: mark, title, what was found, and below it what to do. */
export function checklistText(rows: readonly CheckedRow[], paint: PaintMark): string {
  const width = Math.max(...rows.map(({ title }) => bare(title).length));
  const indent = ' '.repeat(width + 4);
  const lines = rows.flatMap(({ mark, title, said, action, refused }) => [
    `${paint(mark, MARKS[mark])} ${bare(title).padEnd(width)}  ${said}`,
    // The text of a refusal already says what to do.
    ...(action === null || refused ? [] : [`${indent}→ ${action}`])
  ]);
  return [...lines, '', summary(rows)].join('\n');
}

function summary(rows: readonly CheckedRow[]): string {
  const count = (mark: Mark): string => String(rows.filter((row) => row.mark === mark).length);
  const refused = rows.filter((row) => row.refused).length;
  const start =
    refused === 0
      ? 'A server starts with this.'
      : `A server does not start with this (${String(refused)}).`;
  return `${count('good')} good, ${count('bad')} to mend, ${count('open')} for you to decide or to look at. ${start}`;
}

/** Removes the Markdown from a title, which the documentation needs. */
function bare(title: string): string {
  return title.replaceAll('`', '');
}
