/** Rows of the data file with an overlay over them. */
import type { LogKey, LogRow } from '../log-keys.js';
import { compareLogKeys, type LogRange, type LogStore, type LogWrite } from '../log-store.js';
import type { Overlay } from './overlay.js';

/** Reads find the overlay's rows where it has them; everything else is the store's. */
export class OverlaidStore implements LogStore {
  protected readonly store: LogStore;
  protected readonly overlay: Overlay;

  constructor(store: LogStore, overlay: Overlay) {
    this.store = store;
    this.overlay = overlay;
  }

  get(key: LogKey): string | undefined {
    const row = this.overlay.size === 0 ? null : this.overlay.get(key);
    return row === null ? this.store.get(key) : (row.value ?? undefined);
  }

  range(range: LogRange): Iterable<LogRow> {
    const over = this.overlay.within(range);
    if (over.length === 0) return this.store.range(range);
    const below = this.store.range(wider(range, over.length));
    return merged(below, over, range, ({ key }) => key, keptRow);
  }

  keys(range: LogRange): Iterable<LogKey> {
    const over = this.overlay.within(range);
    if (over.length === 0) return this.store.keys(range);
    const below = this.store.keys(wider(range, over.length));
    return merged(below, over, range, (key) => key, keptKey);
  }

  count(range: LogRange): number {
    if (this.overlay.within(range).length === 0) return this.store.count(range);
    let count = 0;
    for (const _ of this.keys(range)) count += 1;
    return count;
  }

  commit(writes: readonly LogWrite[]): Promise<void> {
    return this.store.commit(writes);
  }

  guard(fence: LogKey | null): void {
    this.store.guard(fence);
  }

  requireSeals(): void {
    this.store.requireSeals();
  }

  sync(): Promise<void> {
    return this.store.sync();
  }

  reopen(): Promise<void> {
    return this.store.reopen();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

function wider(range: LogRange, by: number): LogRange {
  return range.limit === undefined ? range : { ...range, limit: range.limit + by };
}

function keptRow({ key, value }: LogWrite): LogRow | null {
  return value === null ? null : { key, value };
}

function keptKey({ key, value }: LogWrite): LogKey | null {
  return value === null ? null : key;
}

/** Walks two ordered ranges as one, up to a limit; where both have a key, the one above counts. */
function* merged<T>(
  below: Iterable<T>,
  over: readonly LogWrite[],
  { reverse = false, limit = Infinity }: LogRange,
  keyOf: (item: T) => LogKey,
  kept: (write: LogWrite) => T | null
): Generator<T, void> {
  let left = limit;
  for (const item of all(below, over, reverse, keyOf, kept)) {
    if (left <= 0) return;
    left -= 1;
    yield item;
  }
}

function* all<T>(
  below: Iterable<T>,
  over: readonly LogWrite[],
  isReverse: boolean,
  keyOf: (item: T) => LogKey,
  kept: (write: LogWrite) => T | null
): Generator<T, void> {
  let index = 0;
  for (const item of below) {
    const key = keyOf(item);
    let isCovered = false;
    for (let write = over[index]; write !== undefined; write = over[index]) {
      const order = compareLogKeys(write.key, key);
      if (isReverse ? order < 0 : order > 0) break;
      index += 1;
      isCovered = order === 0;
      const row = kept(write);
      if (row !== null) yield row;
    }
    if (!isCovered) yield item;
  }
  for (const write of over.slice(index)) {
    const row = kept(write);
    if (row !== null) yield row;
  }
}
