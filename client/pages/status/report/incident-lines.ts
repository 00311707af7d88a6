/** Reads the answer of `GET /api/incidents`. */
import { isRecord } from '../../../sdk/json.js';
import { Fields } from '../../shared/fields.js';

/** Most lines that the page shows, the newest; a number counts the rest. */
export const SHOWN_MAX = 50;

/** A warning or an error of the log. */
export interface ShownLine {
  /** Stays the same while the line is shown. */
  readonly key: string;
  /** Unix milliseconds; null when the server's time cannot be read. */
  readonly at: number | null;
  readonly level: string;
  readonly message: string;
  /** What its fields say, as `name value`; empty when it has none. */
  readonly details: string;
  /** Address of its entry in the runbook; empty when there is none. */
  readonly runbook: string;
}

/** The lines, newest first. */
export interface ShownLines {
  readonly lines: readonly ShownLine[];
  /** Number of lines that are not shown. */
  readonly more: number;
  /** Whether the server has dropped older ones. */
  readonly isCut: boolean;
}

/** Returns null when the answer is none of Rollcall. */
export function readIncidentLines(body: unknown): ShownLines | null {
  const found: unknown = isRecord(body) ? body['lines'] : null;
  if (!isRecord(body) || !Array.isArray(found)) return null;
  const seen = new Map<string, number>();
  const lines = found
    .slice(-SHOWN_MAX)
    .map((value) => lineOf(value, seen))
    .reverse();
  return { lines, more: found.length - lines.length, isCut: body['complete'] === false };
}

function lineOf(value: unknown, seen: Map<string, number>): ShownLine {
  const fields = new Fields(value);
  const at = Date.parse(fields.text('time'));
  const key = `${fields.text('time')} ${fields.text('message')}`;
  const before = seen.get(key) ?? 0;
  seen.set(key, before + 1);
  const runbook = fields.text('runbook');
  const details = isRecord(value) && isRecord(value['fields']) ? value['fields'] : {};
  return {
    key: `${key} ${String(before)}`,
    at: Number.isNaN(at) ? null : at,
    level: fields.text('level'),
    message: fields.text('message'),
    details: Object.entries(details)
      .map(
        ([name, field]) => `${name} ${typeof field === 'string' ? field : JSON.stringify(field)}`
      )
      .join(' · '),
    runbook: runbook === '' ? '' : `/runbook.html#${encodeURIComponent(runbook)}`
  };
}
