/**
 * Who is said to be there. People who reload a page or come back after a restart of the server have not left.
 */
import type { ClientClock } from '../../client/sdk/client.js';

/** How long somebody is away, in milliseconds, before it is said. */
export const LEFT_AFTER_MS = 1_500; // a page that is reloaded is back by then

/** The same after one's own reconnect. */
export const RETURN_MS = 8_000; // everybody comes back within the 5 s that a server spreads them over

/** What a roster tells; names come as the server has them. */
export interface RosterEvents {
  /** The people there, told once at the beginning. */
  here(users: readonly string[]): void;
  joined(user: string): void;
  left(user: string): void;
}

/** The people of one thread, as they have been told. */
export class Roster {
  readonly #clock: ClientClock;
  readonly #events: RosterEvents;
  readonly #told = new Set<string>();
  readonly #leaving = new Map<string, () => void>();
  #isBegun = false;
  #isBack = false;

  constructor(clock: ClientClock, events: RosterEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** These are there now. */
  present(users: readonly string[]): void {
    const now = new Set(users);
    if (!this.#isBegun) {
      this.#isBegun = true;
      for (const user of now) this.#told.add(user);
      this.#events.here(users);
      return;
    }
    for (const user of now) {
      this.#stay(user);
      if (this.#told.has(user)) continue;
      this.#told.add(user);
      this.#events.joined(user);
    }
    const waitMs = this.#isBack ? RETURN_MS : LEFT_AFTER_MS;
    this.#isBack = false;
    for (const user of this.#told) {
      if (!now.has(user) && !this.#leaving.has(user)) this.#leave(user, waitMs);
    }
  }

  /** Nobody knows who is there: the connection is gone. */
  unknown(): void {
    this.#isBack = true;
    this.end();
  }

  /** Says nothing more of those who are about to have left. */
  end(): void {
    for (const user of [...this.#leaving.keys()]) this.#stay(user);
  }

  #leave(user: string, waitMs: number): void {
    const cancel = this.#clock.after(waitMs, () => {
      this.#leaving.delete(user);
      this.#told.delete(user);
      this.#events.left(user);
    });
    this.#leaving.set(user, cancel);
  }

  #stay(user: string): void {
    this.#leaving.get(user)?.();
    this.#leaving.delete(user);
  }
}
