/** Reads lists of rows in the answers of the server. */
import { Fields } from '../../shared/fields.js';

/** A page of a list. */
export interface ListPage {
  readonly rows: readonly Fields[];
  /** Number of rows on all pages; null when the server does not say. */
  readonly total: number | null;
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

/** Reads `{"rows","total","next"}`. */
export function readRows(body: unknown): ListPage {
  const fields = new Fields(body);
  return {
    rows: fields.rows('rows'),
    total: fields.numberOrNull('total'),
    next: fields.textOrNull('next')
  };
}

/** Reads a list without pages, which is a member of the body. */
export function readList(body: unknown, name: string): ListPage {
  const rows = new Fields(body).rows(name);
  return { rows, total: rows.length, next: null };
}

/** Reads a page of the audit log. */
export function readAudit(body: unknown): ListPage {
  const fields = new Fields(body);
  const rows = fields.rows('entries');
  const last = rows.at(-1)?.numberOrNull('seq') ?? null;
  return { rows, total: null, next: fields.flag('more') && last !== null ? String(last) : null };
}

/** Reads the limits that have refused something, out of `/status`. */
export function readLimits(body: unknown): ListPage {
  const counts = new Fields(body).of('limited').counts;
  const rows = [...counts].map(([limit, times]) => new Fields({ limit, times }));
  return { rows, total: rows.length, next: null };
}
