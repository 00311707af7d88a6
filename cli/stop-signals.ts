/**
 * What a signal to stop asks for: the first one drains, a second one ends at once.
 */

/** Signals that stop a server: a process manager's, Ctrl-C, and a terminal that was closed. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * The same signal again within this time is the same order: `npm` passes on what the whole process group has been
 * sent already. A person who presses Ctrl-C twice waits longer to see what the first one did.
 */
export const SAME_ORDER_MS = 500;

/** `drain`: stop in order. `copy`: nothing, the order is known. `end`: end the process now. */
export type StopOrder = 'drain' | 'copy' | 'end';

/** Tells orders to stop from copies of the same order. */
export class StopSignals {
  private first: { readonly signal: string; readonly atMs: number } | null = null;
  private readonly nowMs: () => number;

  /** @param nowMs milliseconds of a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Takes a signal and answers what to do. */
  take(signal: string): StopOrder {
    const atMs = this.nowMs();
    if (this.first === null) {
      this.first = { signal, atMs };
      return 'drain';
    }
    const isCopy = signal === this.first.signal && atMs - this.first.atMs < SAME_ORDER_MS;
    return isCopy ? 'copy' : 'end';
  }
}
