import type { ClientClock } from '../clock.js';

/** Longest that one "is typing" holds whatever the server says, in milliseconds. */
export const TYPING_MAX_MS = 60_000;

/** Users told of as typing at the same time; more are not told of. */
export const TYPISTS_MAX = 100;

/** Who types now; one whose "is typing" is not repeated in time types no more. */
export class Typists {
  readonly #clock: ClientClock;
  readonly #changed: (user: string, on: boolean) => void;
  /** Who types, and how to stop the clock that ends it. */
  readonly #cancels = new Map<string, () => void>();

  /** @param changed told whenever somebody types, or does no longer */
  constructor(clock: ClientClock, changed: (user: string, on: boolean) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** All of them, sorted. */
  get all(): readonly string[] {
    return [...this.#cancels.keys()].sort();
  }

  /** Takes note that somebody types for so long, in milliseconds. */
  start(user: string, forMs: number): void {
    if (this.#cancels.size >= TYPISTS_MAX && !this.#cancels.has(user)) return;
    this.#cancels.get(user)?.();
    const cancel = this.#clock.after(Math.min(forMs, TYPING_MAX_MS), () => {
      this.stop(user);
    });
    this.#cancels.set(user, cancel);
    this.#changed(user, true);
  }

  /** Takes note that somebody types no more; does nothing when they did not. */
  stop(user: string): void {
    const cancel = this.#cancels.get(user);
    if (cancel === undefined) return;
    cancel();
    this.#cancels.delete(user);
    this.#changed(user, false);
  }

  /** Takes note that nobody is known to type any more. */
  stopAll(): void {
    for (const user of this.all) this.stop(user);
  }

  /** Forgets all, and tells nobody. */
  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
