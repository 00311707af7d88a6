/** Counts the errors that clients were answered with, by code, over WebSocket and HTTP. */
import { ERRORS } from '../../protocol/errors.js';

/** The errors of each code since the start. */
export class ErrorCounts {
  private readonly counts = new Map<string, number>(Object.keys(ERRORS).map((code) => [code, 0]));

  /** Counts an error. A code that the table does not have is not counted. */
  note(code: string): void {
    const count = this.counts.get(code);
    if (count !== undefined) this.counts.set(code, count + 1);
  }

  /** Returns the number of every code. */
  totals(): ReadonlyMap<string, number> {
    return this.counts;
  }
}
