/** Meaning of signals to stop: the first one drains, a second one ends the process at once. */

/** Signals that stop a server: from a process manager, from Ctrl-C, and from a closed terminal. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * The same signal again within this time, in milliseconds, is a copy of the same order: `npm` passes on a signal that
 * the whole process group has got already. A person who presses Ctrl-C twice waits longer to see what the first one
 * did.
 */
export const SAME_ORDER_MS = 500;

/** `drain`: stop in order. `copy`: do nothing, the order is known. `end`: end the process now. */
export type StopOrder = 'drain' | 'copy' | 'end';

/** Separates orders to stop from copies of the same order. */
export class StopSignals {
  private first: { readonly signal: string; readonly atMs: number } | null = null;
  private readonly nowMs: () => number;

  /** @param nowMs returns milliseconds of a clock that never goes back */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Returns what to do about a signal. */
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
