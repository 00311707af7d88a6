import { elapsedOf, type ClientClock } from '../clock.js';

/** Callbacks of a {@link Heartbeat}. */
export interface HeartbeatEvents {
  /** Nothing was received for one interval: send a ping. */
  ask(): void;
  /** Nothing was received for two intervals: the connection is dead. */
  dead(): void;
}

/** Shortest interval in milliseconds: a server that sends less has mistaken the unit. */
export const INTERVAL_MIN_MS = 1_000;

/** Time in milliseconds for the server to answer a ping that tests the connection. */
export const PROBE_MS = 5_000;

/** A timer that fires this much too late, in milliseconds, shows that the client itself was suspended. */
export const AWAY_MS = 2_000; // browsers delay the timers of a hidden page by a second

/**
 * Detects a silent connection with one timer, which is set again only when it fires, not on every frame. A timer that
 * fires late shows that the client itself was suspended, as in a laptop's sleep. Data that arrived meanwhile is still
 * unread, so silence proves nothing, and a ping tests the connection. Some monotonic clocks stand still during a sleep;
 * the wall clock shows it then.
 */
export class Heartbeat {
  readonly #clock: ClientClock;
  readonly #events: HeartbeatEvents;
  #heardAt = 0;
  #isProbing = false;
  #cancel: (() => void) | null = null;
  #cancelProbe: (() => void) | null = null;

  constructor(clock: ClientClock, events: HeartbeatEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Starts with this interval, at least {@link INTERVAL_MIN_MS}; 0 or less disables the heartbeat. */
  start(askedMs: number): void {
    this.stop();
    this.heard();
    const intervalMs = Math.max(askedMs, INTERVAL_MIN_MS);
    if (askedMs > 0) this.#watch(intervalMs, intervalMs);
  }

  /** Notes that something was received. */
  heard(): void {
    this.#heardAt = elapsedOf(this.#clock);
    this.#isProbing = false;
  }

  /** Stops the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#cancelProbe?.();
    this.#cancelProbe = null;
  }

  /** Sends a ping now and declares the connection dead when nothing is received within this time. */
  probe(withinMs: number): void {
    this.#isProbing = true;
    this.#cancelProbe?.();
    this.#cancelProbe = this.#clock.after(withinMs, () => {
      if (!this.#isProbing) return;
      this.stop();
      this.#events.dead();
    });
    this.#events.ask();
  }

  #watch(intervalMs: number, waitMs: number): void {
    const [dueAt, dueAtWall] = [elapsedOf(this.#clock) + waitMs, this.#clock.now() + waitMs];
    this.#cancel = this.#clock.after(waitMs, () => {
      const lateMs = Math.max(elapsedOf(this.#clock) - dueAt, this.#clock.now() - dueAtWall);
      if (lateMs > AWAY_MS) {
        this.heard();
        this.#watch(intervalMs, intervalMs);
        this.probe(PROBE_MS);
        return;
      }
      const silentMs = elapsedOf(this.#clock) - this.#heardAt;
      if (silentMs >= 2 * intervalMs) {
        this.stop();
        this.#events.dead();
        return;
      }
      const asking = silentMs >= intervalMs;
      // Whole milliseconds: by a rounding error so little may be left that adding it to the time changes nothing.
      this.#watch(intervalMs, Math.ceil((asking ? 2 : 1) * intervalMs - silentMs));
      if (asking) this.#events.ask();
    });
  }
}
