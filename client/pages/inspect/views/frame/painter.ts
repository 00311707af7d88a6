/** Decides when the page is painted: at once after the reader acts, and at most every {@link PAINT_MS} for messages. */
import { elapsedOf, type ClientClock } from '../../../../sdk/clock.js';

/** Shortest time between two paintings for messages, in milliseconds; more often nobody could read them. */
export const PAINT_MS = 100;

/** What a painter needs from outside. */
export interface PainterOptions {
  readonly clock: ClientClock;
  /** Runs work with the next frame. */
  readonly frame: (work: () => void) => void;
  /** Whether nobody can see the page. */
  readonly isHidden: () => boolean;
  readonly paint: () => void;
}

/** Paints once for all changes since the last painting. */
export class Painter {
  readonly #options: PainterOptions;
  #paintedAt = -Infinity;
  #isComing = false;
  #isLater = false;

  constructor(options: PainterOptions) {
    this.#options = options;
  }

  /** Paints with the next frame. */
  soon(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#options.frame(() => {
      this.#isComing = false;
      this.#paintedAt = elapsedOf(this.#options.clock);
      this.#options.paint();
    });
  }

  /** Paints when the last painting is old enough, and not at all while nobody sees it. */
  later(): void {
    const { clock, isHidden } = this.#options;
    if (this.#isLater || this.#isComing || isHidden()) return;
    this.#isLater = true;
    clock.after(Math.max(0, this.#paintedAt + PAINT_MS - elapsedOf(clock)), () => {
      this.#isLater = false;
      this.soon();
    });
  }
}
