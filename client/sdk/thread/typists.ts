import type { ClientClock } from '../clock.js';

/** Longest time that one "is typing" lasts, in milliseconds, whatever the server says. */
export const TYPING_MAX_MS = 60_000;

/** Most users shown as typing at the same time; more are ignored. */
export const TYPISTS_MAX = 100;

/** The users who are typing; each expires unless it is repeated in time. */
export class Typists {
  readonly #clock: ClientClock;
  readonly #changed: (user: string, on: boolean) => void;
  /** Typing users, each with the function that cancels its timer. */
  readonly #cancels = new Map<string, () => void>();

  /** @param changed called when somebody starts or stops typing */
  constructor(clock: ClientClock, changed: (user: string, on: boolean) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Names of all typing users, sorted. */
  get all(): readonly string[] {
    return [...this.#cancels.keys()].sort();
  }

  /** Adds a user, or extends the time of one, for `forMs` milliseconds. */
  start(user: string, forMs: number): void {
    if (this.#cancels.size >= TYPISTS_MAX && !this.#cancels.has(user)) return;
    this.#cancels.get(user)?.();
    const cancel = this.#clock.after(Math.min(forMs, TYPING_MAX_MS), () => {
      this.stop(user);
    });
    this.#cancels.set(user, cancel);
    this.#changed(user, true);
  }

  /** Removes a user; does nothing when they were not typing. */
  stop(user: string): void {
    const cancel = this.#cancels.get(user);
    if (cancel === undefined) return;
    cancel();
    this.#cancels.delete(user);
    this.#changed(user, false);
  }

  /** Removes all users and reports each. */
  stopAll(): void {
    for (const user of this.all) this.stop(user);
  }

  /** Removes all users without reporting it. */
  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
