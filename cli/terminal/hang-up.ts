/**
 * The terminal that a command runs in may be closed. Node cannot exit by itself after that (it aborts when it cannot
 * give back the terminal as it was), so a command that has cleaned up ends by the signal it was told by.
 */
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** Whether the terminal was closed while commands clean up by themselves. */
export class HangUp {
  #has = false;
  readonly #note = (): void => {
    this.#has = true;
  };
  readonly #failed = (error: Error): void => {
    // It may come before the signal does.
    if ('code' in error && error.code === 'EIO') this.#note();
  };

  /** From now on `SIGHUP` does not end the process at once. */
  watch(): void {
    process.off('SIGHUP', this.#note);
    process.on('SIGHUP', this.#note);
  }

  /** Takes errors of the terminal's input as what they are: one that has been closed cannot be read. */
  watchInput(input: Readable): void {
    input.off('error', this.#failed);
    input.on('error', this.#failed);
  }

  /** Ends the process by `SIGHUP` if it has come. */
  async pass(): Promise<void> {
    // One that has come and that nobody has been told of yet is told in this turn.
    await setImmediate();
    process.removeAllListeners('SIGHUP');
    if (this.#has) process.kill(process.pid, 'SIGHUP');
  }
}
