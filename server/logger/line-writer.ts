/**
 * A stream between winston and the real output that never lets lines pile up: beyond a limit it drops and counts them,
 * and reports the count once when the output accepts lines again.
 */
import { Writable } from 'node:stream';

/** Most bytes of log lines that wait for a slow output; newer lines are dropped. */
export const LINE_BUFFER_BYTES = 1_048_576; // about 5,000 lines, more than any start or incident writes at once

/** Passes whole lines to an output that may be slow, stuck or gone. Never throws, never waits. */
export class LineWriter extends Writable {
  /** Called with the number of lost lines, once, when the output accepts lines again. */
  onRecovered: (droppedLines: number) => void = () => undefined;
  #out: Writable;
  #droppedNow = 0;
  #dropped = 0;

  constructor(out: Writable) {
    super({ decodeStrings: false });
    this.#out = out;
    // A closed pipe (`rollcall start | head`) must not end the server; nobody reads the lines any more.
    out.on('error', () => undefined);
    out.on('drain', () => {
      this.#recovered();
    });
  }

  /** Number of lines lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Resolves once every line so far has been written to the output. There is no queue to wait for: winston hands a line
   * over before its `log` returns.
   */
  async written(): Promise<void> {
    if (!this.#isOpen()) return;
    // The callback of a write comes after everything written before it, or with an error when the output is gone.
    await new Promise<void>((resolve) => {
      this.#out.write('', () => {
        resolve();
      });
    });
  }

  override _write(line: string, _encoding: string, done: () => void): void {
    if (this.#isOpen() && this.#out.writableLength < LINE_BUFFER_BYTES) {
      this.#out.write(line);
    } else {
      this.#dropped += 1;
      this.#droppedNow += 1;
    }
    done();
  }

  #isOpen(): boolean {
    return !this.#out.destroyed && !this.#out.writableEnded;
  }

  #recovered(): void {
    if (this.#droppedNow === 0) return;
    const lost = this.#droppedNow;
    this.#droppedNow = 0;
    this.onRecovered(lost);
  }
}
