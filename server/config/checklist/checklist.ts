/**
 * The checklist of production: the rows of `rollcall check` and of the table in docs/security.md. For what makes a
 * start fail, it uses the rules of the start itself (`impossible-combinations.ts`).
 */
import { OUTSIDE_RULES } from '../impossible-combinations.js';
import type { ChecklistRow, Seen, Verdict } from './checklist-row.js';
import { MACHINE_ROWS } from './machine-rows.js';
import { SETTINGS_ROWS } from './settings-rows.js';

/** A row that was judged. */
export interface CheckedRow extends Verdict {
  readonly id: string;
  readonly title: string;
  /** Null when it is good. */
  readonly action: string | null;
  /** Whether a server would refuse to start. */
  readonly refused: boolean;
}

/** Every row, in the order in which they are shown. */
export const CHECKLIST: readonly ChecklistRow[] = [...SETTINGS_ROWS, ...MACHINE_ROWS];

/** Judges every row. */
export function judgeChecklist(seen: Seen): CheckedRow[] {
  return CHECKLIST.map((row) => {
    const { id, title, action, rule, faults } = row;
    const refusals = [
      ...(rule === undefined ? [] : OUTSIDE_RULES[rule](seen.config)),
      ...(faults?.(seen) ?? [])
    ];
    if (refusals.length > 0) {
      return { id, title, mark: 'bad', said: refusals.join('. '), action, refused: true };
    }
    const { mark, said } = row.judge(seen);
    return { id, title, mark, said, action: mark === 'good' ? null : action, refused: false };
  });
}
