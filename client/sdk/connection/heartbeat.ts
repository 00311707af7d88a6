import type { ClientClock } from '../clock.js';

/** What a heartbeat does. */
export interface HeartbeatEvents {
  /** Nothing has come for one interval: ask. */
  ask(): void;
  /** Nothing has come for two intervals: the connection is dead. */
  dead(): void;
}

/** Shortest interval in milliseconds: a server that wants to be asked more often has mistyped a unit. */
export const INTERVAL_MIN_MS = 1_000;

/**
 * Watches for silence. Costs one timer, moved only when it runs out, not one per frame; a timer that runs late
 * (a laptop that slept) finds the silence it is.
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

  /** Starts watching with this interval, {@link INTERVAL_MIN_MS} at least; 0 or less watches nothing. */
  start(askedMs: number): void {
    this.stop();
    this.heard();
    const intervalMs = Math.max(askedMs, INTERVAL_MIN_MS);
    if (askedMs > 0) this.#watch(intervalMs, intervalMs);
  }

  /** Notes that something has come. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#isProbing = false;
  }

  /** Stops watching. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#cancelProbe?.();
    this.#cancelProbe = null;
  }

  /** Asks now, and calls the connection dead when nothing comes within this time: something may have happened to it. */
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
