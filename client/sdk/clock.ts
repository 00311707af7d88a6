/** Source of time for the SDK; specs pass a virtual one. */
export interface ClientClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `work` once after `delayMs`; the returned function cancels it and may be called at any time. */
  after(delayMs: number, work: () => void): () => void;
}

/** Longest wait of a timer in milliseconds, 24.8 days; browsers and Node run a longer one at once. */
const TIMER_MAX_MS = 2_147_483_647;

/** The real clock, for everything but specs. */
export const systemClock: ClientClock = {
  now: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, Math.min(delayMs, TIMER_MAX_MS));
    return () => {
      clearTimeout(timer);
    };
  }
};
