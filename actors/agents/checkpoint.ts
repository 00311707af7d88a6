/**
 * Stores the growing text of a run in the log, so that a killed process loses at most two seconds of text (`npm run
 * run-proof`). Each piece is written once, so the cost grows with the length of the text and not with its square.
 */
import type { Clock } from '../clock.js';
import type { ThreadRecords } from '../log/thread-records.js';
import { PIECE_CHARS, removePieces, storePiece, type TextOf } from './run-record.js';

/** Time until new text is written, in milliseconds. The commit takes up to 0.5 s, so text that is 2 s old is stored. */
export const CHECKPOINT_MS = 1_500;

/** Characters of new text that are written at once, without the wait. */
export const CHECKPOINT_CHARS = 4_096;

/** The checkpoint of one run. */
export class Checkpoint {
  private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  private readonly log: Pick<ThreadRecords, 'setRecord'>;
  private readonly run: TextOf;
  private text = '';
  private kept = 0;
  private timer: unknown = null;
  private writing: Promise<void> | null = null;
  private isStopped = false;
  /** Length of the text up to which nothing waits for {@link CHECKPOINT_MS}. */
  private urgent = 0;
  /** Number of pieces that may be in the log. */
  pieces = 0;

  constructor(
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    log: Pick<ThreadRecords, 'setRecord'>,
    run: TextOf
  ) {
    this.clock = clock;
    this.log = log;
    this.run = run;
  }

  /** Sets the number of pieces that an earlier process has written. */
  restore(pieces: number): void {
    this.pieces = pieces;
  }

  /** Notes the whole text so far. It must begin with the text of the last call. */
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

  /** Writes all text so far without the wait. */
  flush(): void {
    this.urgent = this.text.length;
    this.write();
  }

  /** Removes the stored text, when another attempt begins. */
  async restart(): Promise<void> {
    this.clear();
    await this.writing;
    this.clear();
    const { pieces } = this;
    this.text = '';
    this.kept = 0;
    this.urgent = 0;
    this.count = 0;
    await removePieces(this.log, this.run, pieces).catch(() => undefined);
    // Pieces that could not be removed are overwritten later, or removed with the run.
  }

  /** Ends the checkpoint. Resolves when no write is under way. */
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
    // Keep both halves of a surrogate pair together: one alone is not a character.
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
        if (this.isStopped || this.text.length <= end) return;
        if (end < this.urgent) this.write();
        else this.note(this.text);
      },
      () => {
        // The log refused the write and reports that as its own incident. The next text tries again.
        this.writing = null;
      }
    );
  }

  /** Number of stored pieces of this attempt. */
  private count = 0;
}

function isHighHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
