/** Rows that are durable and not yet in the data file. They lie over its rows: what is here is newer. */
import type { LogKey } from '../log-keys.js';
import { compareLogKeys, type LogRange, type LogWrite } from '../log-store.js';
import { keyText } from './wal-record.js';

/** A changed row; `value` null when it was removed. */
export interface OverlayRow {
  readonly key: LogKey;
  /** The key as text, by which its group has the row. */
  readonly name: string;
  readonly group: Group;
  value: string | null;
  /** Number of the record that changed it last. */
  record: number;
}

/** Bytes that a row takes besides its value: key, objects, places in maps. */
const ROW_BYTES = 200;

/** Tags whose rows are walked within one second part (a thread or a user); the others are walked as a whole. */
const WALKED_WITHIN = new Set(['e', 'w', 'l', 'r']);

/** Rows that are walked together. */
interface Group {
  readonly tag: string;
  /** The second part of the keys, where it makes the group. */
  readonly part: string;
  readonly rows: Map<string, OverlayRow>;
  /** The rows in order; null when that is not known. */
  sorted: OverlayRow[] | null;
}

/** Ordered rows in memory. */
export class Overlay {
  /** Groups by tag and part. */
  readonly #groups = new Map<string, Map<string, Group>>();
  #size = 0;
  #bytes = 0;

  /** Rows. */
  get size(): number {
    return this.#size;
  }

  /** About the bytes that the rows hold in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The row of a key; null when it is not here. */
  get(key: LogKey): Readonly<OverlayRow> | null {
    return this.#groups.get(key[0])?.get(partOf(key))?.rows.get(keyText(key)) ?? null;
  }

  /** Adds the changes of a record; `names` are the texts of the keys. */
  put(
    record: number,
    writes: readonly LogWrite[],
    names = writes.map(({ key }) => keyText(key))
  ): void {
    for (const [index, { key, value }] of writes.entries()) {
      const group = this.#group(key);
      const name = names[index] ?? keyText(key);
      const row = group.rows.get(name);
      if (row === undefined) {
        group.rows.set(name, { key, name, group, value, record });
        group.sorted = null;
        this.#size += 1;
        this.#bytes += ROW_BYTES + (value?.length ?? 0);
      } else {
        this.#bytes += (value?.length ?? 0) - (row.value?.length ?? 0);
        row.value = value;
        row.record = record;
      }
    }
  }

  /** The rows of a range in its order, those that were removed included. Its limit is not looked at. */
  within({ from, to, reverse = false }: LogRange): LogWrite[] {
    const found: LogWrite[] = [];
    for (const group of this.#groupsOf(from, to)) {
      const rows = (group.sorted ??= this.#sorted(group));
      const end = this.#place(rows, to);
      for (let index = this.#place(rows, from); index < end; index += 1) {
        const row = rows[index];
        if (row !== undefined) found.push({ key: row.key, value: row.value });
      }
    }
    return reverse ? found.reverse() : found;
  }

  /** All rows as they are now, each with the number of its last record; what lies together comes together. */
  all(): { row: OverlayRow; value: string | null; record: number }[] {
    const all = [];
    for (const { rows } of [...this.#all()].sort(byPart)) {
      for (const row of rows.values()) all.push({ row, value: row.value, record: row.record });
    }
    return all;
  }

  *#all(): Iterable<Group> {
    for (const groups of this.#groups.values()) yield* groups.values();
  }

  /** Removes a row unless a later record has changed it. */
  settle(row: OverlayRow, record: number): void {
    if (row.record !== record) return;
    const { group, name } = row;
    if (!group.rows.delete(name)) return;
    group.sorted = null;
    if (group.rows.size === 0) this.#groups.get(group.tag)?.delete(group.part);
    this.#size -= 1;
    this.#bytes -= ROW_BYTES + (row.value?.length ?? 0);
  }

  #sorted({ rows }: Group): OverlayRow[] {
    return [...rows.values()].sort((a, b) => compareLogKeys(a.key, b.key));
  }

  /** Index of the first row that is not below a key. */
  #place(rows: readonly OverlayRow[], key: LogKey): number {
    let low = 0;
    for (let high = rows.length; low < high;) {
      const middle = (low + high) >> 1;
      const row = rows[middle];
      if (row !== undefined && compareLogKeys(row.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #group(key: LogKey): Group {
    const [tag] = key;
    const part = partOf(key);
    let groups = this.#groups.get(tag);
    if (groups === undefined) this.#groups.set(tag, (groups = new Map<string, Group>()));
    let group = groups.get(part);
    if (group === undefined) {
      group = { tag, part, rows: new Map(), sorted: null };
      groups.set(part, group);
    }
    return group;
  }

  /** The groups that a range may touch, in the order of their keys. */
  #groupsOf(from: LogKey, to: LogKey): Group[] {
    if (
      from[0] === to[0] &&
      (!WALKED_WITHIN.has(from[0]) || (from.length > 1 && from[1] === to[1]))
    ) {
      const group = this.#groups.get(from[0])?.get(partOf(from));
      return group === undefined ? [] : [group];
    }
    // Walks over several groups are rare: of a whole log, and of all entries when an old one is opened.
    const rows = new Map<string, OverlayRow>();
    for (const group of this.#all()) {
      if (group.tag >= from[0] && group.tag <= to[0]) {
        for (const [name, row] of group.rows) rows.set(name, row);
      }
    }
    return [{ tag: from[0], part: '', rows, sorted: null }];
  }
}

function partOf(key: LogKey): string {
  return WALKED_WITHIN.has(key[0]) ? String(key[1]) : '';
}

function byPart(one: Group, other: Group): number {
  if (one.tag !== other.tag) return one.tag < other.tag ? -1 : 1;
  if (one.part === other.part) return 0;
  return one.part < other.part ? -1 : 1;
}
