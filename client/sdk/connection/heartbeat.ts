import type { ClientClock } from '../clock.js';

/** Callbacks of a {@link Heartbeat}. */
export interface HeartbeatEvents {
  /** Nothing was received for one interval: send a ping. */
  ask(): void;
  /** Nothing was received for two intervals: the connection is dead. */
  dead(): void;
}

/** Shortest interval in milliseconds: a server that sends less has mistaken the unit. */
export const INTERVAL_MIN_MS = 1_000;

/**
 * Detects a silent connection with one timer, which is set again only when it fires, not on every frame. A timer that
 * fires late, as after a laptop's sleep, measures the real silence.
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
    this.#heardAt = this.#clock.now();
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
    this.#cancel = this.#clock.after(waitMs, () => {
      const silentMs = this.#clock.now() - this.#heardAt;
      if (silentMs >= 2 * intervalMs) {
        this.stop();
        this.#events.dead();
        return;
      }
      const asking = silentMs >= intervalMs;
      this.#watch(intervalMs, (asking ? 2 : 1) * intervalMs - silentMs);
      if (asking) this.#events.ask();
    });
  }
}
