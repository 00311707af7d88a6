/** Time as the SDK sees it, from outside, so that specs can move it. */
export interface ClientClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `work` once, `delayMs` from now; the answer cancels it and may be called at any time. */
  after(delayMs: number, work: () => void): () => void;
}

/** The clock of the browser or of Node. */
export const systemClock: ClientClock = {
  now: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => {
      clearTimeout(timer);
    };
  }
};
