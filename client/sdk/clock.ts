/** Time as the SDK sees it, from outside, so that specs can move it. */
export interface ClientClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `work` once, `delayMs` from now; the answer cancels it and may be called at any time. */
  after(delayMs: number, work: () => void): () => void;
}

/** Longest wait of a timer in milliseconds, 24.8 days; browsers and Node take a longer one for none at all. */
const TIMER_MAX_MS = 2_147_483_647;

/** The clock of the browser or of Node. */
export const systemClock: ClientClock = {
  now: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, Math.min(delayMs, TIMER_MAX_MS));
    return () => {
      clearTimeout(timer);
    };
  }
};
