/** Limits the bytes that one part of the server holds at a time. What does not fit is refused, never queued. */

/** Counts held bytes against a limit. */
export class ByteBudget {
  readonly maxBytes: number;
  private bytes = 0;
  private refusals = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get heldBytes(): number {
    return this.bytes;
  }

  /** Number of refusals. */
  get refused(): number {
    return this.refusals;
  }

  /** Whether nothing more fits. */
  get isFull(): boolean {
    return this.bytes >= this.maxBytes;
  }

  /** Takes bytes; returns false, and counts a refusal, when they do not fit. */
  take(bytes: number): boolean {
    if (this.bytes + bytes > this.maxBytes) {
      this.refusals++;
      return false;
    }
    this.bytes += bytes;
    return true;
  }

  /** Takes bytes even when they do not fit, for data that exists already. Callers ask `isFull` before they make more. */
  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** Counts a refusal. */
  refuse(): void {
    this.refusals++;
  }

  /** Returns taken bytes to the budget. */
  give(bytes: number): void {
    this.bytes -= bytes;
  }
}
