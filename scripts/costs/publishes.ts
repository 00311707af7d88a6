/** Frames that publish, for measuring what requests cost. */

/** Returns what `of` makes of each index below `count`. */
export function times<T>(count: number, of: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

let mids = 0;

/** Returns a `mid` that this process has not used yet. */
export function newMid(): string {
  mids += 1;
  return `m${String(mids)}`;
}

/** Returns a `publish` frame with a new `mid`, which needs no subscriber. */
export function publish(thread: string, body: unknown): object {
  return { type: 'publish', thread, mid: newMid(), body, expect: 'stored' };
}
