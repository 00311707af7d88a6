/** Reports who is present. People who reload a page or come back after a restart of the server do not count as gone. */
import type { ClientClock } from '../../client/sdk/client.js';

/** How long somebody must be gone, in milliseconds, before it is reported. */
export const LEFT_AFTER_MS = 1_500; // a page that reloads is back sooner

/** The same time after the user's own reconnect. */
export const RETURN_MS = 8_000; // a server spreads reconnects over 5 s, so everybody is back by then

/** What a roster reports. Names are unchanged, as the server sends them. */
export interface RosterEvents {
  /** The people present; reported once at the beginning. */
  here(users: readonly string[]): void;
  joined(user: string): void;
  left(user: string): void;
}

/** The people of one thread who were reported as present. */
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

  /** Notes who is present now. */
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

  /** Notes that the connection is lost, so it is not known who is present. */
  unknown(): void {
    this.#isBack = true;
    this.end();
  }

  /** Drops the reports of people who are about to count as gone. */
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
