/**
 * The threads that hold undelivered messages: how many, and of some of them, the first to come, which and since when.
 */

/** Threads that are known by name at most; the others are counted. Far more than anybody reads. */
export const NAMED_THREADS_MAX = 1_000;

/** Books of them. Times are milliseconds since the Unix epoch. */
export class UndeliveredThreads {
  private readonly since = new Map<string, number>();
  private all = 0;

  /** How many there are. */
  get count(): number {
    return this.all;
  }

  /** Takes one in, with when its first message was stored. */
  add(thread: string, since: number): void {
    this.all++;
    if (this.since.size < NAMED_THREADS_MAX) this.since.set(thread, since);
  }

  /** Somebody has taken what a thread held. */
  remove(thread: string): void {
    this.all--;
    this.since.delete(thread);
  }

  /** The names of the first of them. */
  named(most: number): string[] {
    const names: string[] = [];
    for (const name of this.since.keys()) {
      if (names.length === most) break;
      names.push(name);
    }
    return names;
  }

  /** Since when the oldest of those known by name is; null when there is none. Looks at all of them. */
  oldestSince(): number | null {
    let oldest: number | null = null;
    for (const since of this.since.values()) oldest = Math.min(oldest ?? since, since);
    return oldest;
  }
}
