/**
 * Joins the pieces of an answer into few frames: the first is sent at once, then one each {@link CHUNK_MS}. The buffer
 * needs no bound of its own, since the length of the answer is bounded.
 */
import type { Clock } from '../clock.js';

/** Time between two frames of one run, in milliseconds. */
export const CHUNK_MS = 40;

/** Joins the pieces of one answer. */
export class Chunks {
  private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout' | 'elapsed'>;
  private readonly tell: (at: number, text: string) => void;
  private at = 0;
  private text = '';
  private timer: unknown = null;
  private toldMs = -Infinity;

  /** `tell` gets the position of a piece in the answer, in UTF-16 units, and the text of the piece. */
  constructor(
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout' | 'elapsed'>,
    tell: (at: number, text: string) => void
  ) {
    this.clock = clock;
    this.tell = tell;
  }

  add(text: string): void {
    this.text += text;
    if (this.timer !== null) return;
    const waitMs = this.toldMs + CHUNK_MS - this.clock.elapsed();
    if (waitMs <= 0) this.flush();
    else {
      this.timer = this.clock.setTimeout(() => {
        this.flush();
      }, waitMs);
    }
  }

  /** Sends the gathered text now. */
  flush(): void {
    this.stop();
    if (this.text === '') return;
    const { at, text } = this;
    this.at += text.length;
    this.text = '';
    this.toldMs = this.clock.elapsed();
    this.tell(at, text);
  }

  /** Starts again with an empty answer. */
  restart(): void {
    this.stop();
    this.at = 0;
    this.text = '';
  }

  /** Sends nothing more. */
  stop(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer);
    this.timer = null;
  }
}
