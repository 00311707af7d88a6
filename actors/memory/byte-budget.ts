/** A number of bytes that a part of the server may hold at once. What does not fit is refused, never queued. */

/** Bytes held of those that may be held. */
export class ByteBudget {
  readonly maxBytes: number;
  private bytes = 0;
  private refusals = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that are held now. */
  get heldBytes(): number {
    return this.bytes;
  }

  /** How often something did not fit. */
  get refused(): number {
    return this.refusals;
  }

  /** Whether nothing more fits. */
  get isFull(): boolean {
    return this.bytes >= this.maxBytes;
  }

  /** Holds so many bytes more; false when they do not fit, which is counted. */
  take(bytes: number): boolean {
    if (this.bytes + bytes > this.maxBytes) {
      this.refusals++;
      return false;
    }
    this.bytes += bytes;
    return true;
  }

  /** Holds so many bytes more, whether they fit or not: somebody who found it full has to do without. */
  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** Counts that somebody found it full. */
  refuse(): void {
    this.refusals++;
  }

  /** Gives bytes back that were taken. */
  give(bytes: number): void {
    this.bytes -= bytes;
  }
}
