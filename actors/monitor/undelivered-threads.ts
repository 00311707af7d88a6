/** The threads with undelivered messages: their number, and of the first ones also id and time. */

/** Most threads known by id, far more than anybody reads; the others are only counted. */
export const NAMED_THREADS_MAX = 1_000;

/** Counts threads with undelivered messages. Times are moments of `Clock.elapsed()`. */
export class UndeliveredThreads {
  private readonly since = new Map<string, number>();
  private all = 0;

  /** Number of threads. */
  get count(): number {
    return this.all;
  }

  /** Adds a thread; `since` is when its first undelivered message was stored. */
  add(thread: string, since: number): void {
    this.all++;
    if (this.since.size < NAMED_THREADS_MAX) this.since.set(thread, since);
  }

  /** Removes a thread whose messages somebody has got. */
  remove(thread: string): void {
    this.all--;
    this.since.delete(thread);
  }

  /** Returns the ids of the first threads. */
  named(most: number): string[] {
    const names: string[] = [];
    for (const name of this.since.keys()) {
      if (names.length === most) break;
      names.push(name);
    }
    return names;
  }

  /** Returns the earliest `since` among the threads known by id; null when there is none. It looks at all of them. */
  oldestSince(): number | null {
    let oldest: number | null = null;
    for (const since of this.since.values()) oldest = Math.min(oldest ?? since, since);
    return oldest;
  }
}
