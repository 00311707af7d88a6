/**
 * Handles a terminal that is closed while a command runs. Node cannot exit normally after that (it aborts when it
 * cannot restore the terminal), so a command cleans up and then ends by the signal.
 */
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { codeOf } from '../../machines/error-code.js';

/** Whether the terminal was closed while a command cleans up. */
export class HangUp {
  #has = false;
  readonly #note = (): void => {
    this.#has = true;
  };
  readonly #failed = (error: Error): void => {
    // The error may come before the signal.
    if (codeOf(error) === 'EIO') this.#note();
  };

  /** From now on `SIGHUP` does not end the process at once. */
  watch(): void {
    process.off('SIGHUP', this.#note);
    process.on('SIGHUP', this.#note);
  }

  /** Handles read errors of the terminal's input: a closed terminal cannot be read. */
  watchInput(input: Readable): void {
    input.off('error', this.#failed);
    input.on('error', this.#failed);
  }

  /** Ends the process by `SIGHUP` when that signal has come. */
  async pass(): Promise<void> {
    // A signal that came but was not delivered yet is delivered in this turn.
    await setImmediate();
    process.removeAllListeners('SIGHUP');
    if (this.#has) process.kill(process.pid, 'SIGHUP');
  }
}
