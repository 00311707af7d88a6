/** Shortest time between two read marks, in milliseconds: at most one frame a second. */
const MARK_MS = 1_000;

/** Tells the server up to which message a reader has read, not more often than it should hear it. */
export class ReadMarker {
  readonly #mark: (offset: number) => void;
  /** Offset of the newest message that the reader saw. */
  #seen = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;

  constructor(mark: (offset: number) => void) {
    this.#mark = mark;
  }

  /** The reader has seen the messages up to this offset. */
  seen(offset: number): void {
    if (this.#isOver) return;
    this.#seen = Math.max(this.#seen, offset);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, MARK_MS);
  }

  /** The thread has started over: offsets begin anew. */
  clear(): void {
    this.#seen = 0;
  }

  /** Sends the mark that is still waiting for its second to pass, and no other. */
  end(): void {
    if (this.#timer !== null) this.#tell();
    this.#isOver = true;
    clearTimeout(this.#timer ?? undefined);
  }

  #tell(): void {
    if (this.#seen > 0) this.#mark(this.#seen);
  }
}
