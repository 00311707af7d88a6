/** Changes within this time, in milliseconds, are drawn together: one frame of the screen. */
const DRAW_MS = 16;

/** Gathers changes of the log, so that many of them cost one drawing. */
export class DrawQueue {
  readonly #draw: (runs: readonly string[] | null) => void;
  /** Runs to redraw; null = redraw everything. */
  #runs: Set<string> | null = new Set();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;

  /** @param draw draws these runs, or with null everything */
  constructor(draw: (runs: readonly string[] | null) => void) {
    this.#draw = draw;
  }

  /** Everything is to be drawn. */
  all(): void {
    this.#runs = null;
    this.#soon();
  }

  /** This run is to be drawn. */
  run(id: string): void {
    this.#runs?.add(id);
    this.#soon();
  }

  /** Draws nothing more. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer ?? undefined);
  }

  #soon(): void {
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const runs = this.#runs;
      this.#runs = new Set();
      this.#draw(runs === null ? null : [...runs]);
    }, DRAW_MS);
  }
}
