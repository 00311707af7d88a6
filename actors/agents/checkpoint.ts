/**
 * Keeps the text of a run in the log while it grows, so that a killed process loses at most the text of two seconds
 * (`npm run run-proof`). Each piece is written once: the cost is that of the text, not of its square.
 */
import type { Clock } from '../clock.js';
import type { ThreadRecords } from '../log/thread-records.js';
import { PIECE_CHARS, removePieces, storePiece } from './run-record.js';

/** Time after which new text is written, in milliseconds: with half a second for the commit, none is lost that is 2 s old. */
export const CHECKPOINT_MS = 1_500;

/** Characters of new text that are kept at once. */
export const CHECKPOINT_CHARS = 4_096;

/** The checkpoint of one run. */
export class Checkpoint {
  private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  private readonly log: Pick<ThreadRecords, 'setRecord'>;
  private readonly run: string;
  private text = '';
  private kept = 0;
  private timer: unknown = null;
  private writing: Promise<void> | null = null;
  private isStopped = false;
  /** Pieces that the log may have. */
  pieces = 0;

  constructor(
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    log: Pick<ThreadRecords, 'setRecord'>,
    run: string
  ) {
    this.clock = clock;
    this.log = log;
    this.run = run;
  }

  /** Notes pieces of an earlier process. */
  restore(pieces: number): void {
    this.pieces = pieces;
  }

  /** Notes the text as it is now: that of the last call, and more. */
  note(text: string): void {
    this.text = text;
    if (text.length - this.kept >= CHECKPOINT_CHARS) this.write();
    else if (this.timer === null && this.writing === null) {
      this.timer = this.clock.setTimeout(() => {
        this.timer = null;
        this.write();
      }, CHECKPOINT_MS);
    }
  }

  /** Removes what is kept, when another attempt begins. */
  async restart(): Promise<void> {
    this.clear();
    await this.writing;
    this.clear();
    const { pieces } = this;
    this.text = '';
    this.kept = 0;
    this.count = 0;
    await removePieces(this.log, this.run, pieces).catch(() => undefined);
    // Those that could not be removed are written over, or removed with the run.
  }

  /** Keeps nothing more. Resolves when no write is under way. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.clear();
    await this.writing;
  }

  private clear(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  private write(): void {
    this.clear();
    if (this.writing !== null || this.isStopped) return;
    let end = Math.min(this.text.length, this.kept + PIECE_CHARS);
    // The halves of a pair are kept together: alone they are no character.
    if (isHighHalf(this.text.charCodeAt(end - 1))) end--;
    if (end <= this.kept) return;
    const piece = this.text.slice(this.kept, end);
    const n = this.count;
    this.pieces = Math.max(this.pieces, n + 1);
    this.writing = storePiece(this.log, this.run, n, piece).then(
      () => {
        this.writing = null;
        this.kept = end;
        this.count = n + 1;
        if (!this.isStopped && this.text.length > end) this.note(this.text);
      },
      () => {
        // The log does not take it; its own incident says so. The next text tries again.
        this.writing = null;
      }
    );
  }

  /** Pieces of this attempt that are kept. */
  private count = 0;
}

function isHighHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
