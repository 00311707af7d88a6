/**
 * Frames that have come and are not handled yet. A text message of many frames is handled frame by frame, for as long
 * as the turn has points; the rest waits for the next turns, in which the connections with waiting frames take turns.
 * The frames of one connection stay in order.
 */
import type { TurnBudget } from './turn-budget.js';

/** Frames that wait, in order: first those that are decoded already, then those that stand in texts. */
export interface Backlog<F> {
  readonly decoded: F[];
  readonly texts: string[];
  /** Where the next frame begins in the first text. */
  at: number;
  /** Characters of all texts. */
  chars: number;
}

/** A connection, as far as the inbox is concerned. */
export interface Backlogged<F> {
  /** Null while no frame waits. */
  backlog: Backlog<F> | null;
}

/** Options of {@link Inbox}. */
export interface InboxOptions<F, C extends Backlogged<F>> {
  readonly turn: TurnBudget;
  /** Most characters that wait for one connection; beyond it, `overflow` is called and the frames are dropped. */
  readonly charsMax: number;
  /** Handles the text of one frame, and notes what that cost. */
  readonly text: (connection: C, text: string) => void;
  /** Handles a decoded frame, and notes what that cost. */
  readonly frame: (connection: C, frame: F) => void;
  /** Whether a connection's frames are handled at all; when not, those that wait are dropped. */
  readonly isOver: (connection: C) => boolean;
  /** Called when too much waits for a connection. */
  readonly overflow: (connection: C) => void;
}

/** The waiting frames of all connections. */
export class Inbox<F, C extends Backlogged<F>> {
  private readonly options: InboxOptions<F, C>;
  /** Connections with waiting frames; the first one is next. */
  private readonly waiting = new Set<C>();
  private isScheduled = false;
  private readonly go = (): void => {
    this.isScheduled = false;
    const { turn } = this.options;
    for (const connection of this.waiting) {
      if (turn.isSpent) break;
      // One frame, then the others: added again, it is the last one.
      this.waiting.delete(connection);
      this.one(connection);
      if (hasMore(connection)) this.waiting.add(connection);
    }
    if (this.waiting.size > 0) this.schedule();
  };

  constructor(options: InboxOptions<F, C>) {
    this.options = options;
  }

  /** Takes a text message: one frame, or several separated by line feeds; blank lines are skipped. */
  take(connection: C, text: string): void {
    const { turn, charsMax, overflow } = this.options;
    if (connection.backlog === null && !turn.isSpent) {
      // A message of blank lines only is handed on as one frame, so that it is not free.
      if (!text.includes('\n') || text.trim() === '') {
        this.options.text(connection, text);
        return;
      }
    }
    const backlog = (connection.backlog ??= { decoded: [], texts: [], at: 0, chars: 0 });
    backlog.texts.push(text);
    backlog.chars += text.length;
    while (!this.waiting.has(connection) && hasMore(connection) && !turn.isSpent) {
      this.one(connection);
    }
    if (!hasMore(connection)) return;
    if (backlog.chars > charsMax) {
      this.drop(connection);
      overflow(connection);
      return;
    }
    this.wait(connection);
  }

  /** Takes frames that were decoded before; they come before all that wait. */
  takeDecoded(connection: C, frames: readonly F[]): void {
    if (frames.length === 0) return;
    const backlog = (connection.backlog ??= { decoded: [], texts: [], at: 0, chars: 0 });
    backlog.decoded.unshift(...frames);
    while (backlog.decoded.length > 0 && !this.options.turn.isSpent) this.one(connection);
    if (hasMore(connection)) this.wait(connection);
  }

  /** Drops what waits for a connection. */
  drop(connection: C): void {
    connection.backlog = null;
    this.waiting.delete(connection);
  }

  /** Handles the next frame of a connection that has a backlog. */
  private one(connection: C): void {
    const { backlog } = connection;
    if (backlog === null) return;
    if (this.options.isOver(connection)) {
      this.drop(connection);
      return;
    }
    const decoded = backlog.decoded.shift();
    if (decoded !== undefined) {
      if (backlog.decoded.length === 0 && backlog.texts.length === 0) connection.backlog = null;
      this.options.frame(connection, decoded);
      return;
    }
    const text = nextText(backlog);
    if (backlog.texts.length === 0) connection.backlog = null;
    if (text !== null) this.options.text(connection, text);
  }

  private wait(connection: C): void {
    this.waiting.add(connection);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.options.turn.next(this.go);
  }
}

function hasMore({ backlog }: Backlogged<unknown>): boolean {
  return backlog !== null;
}

/** Takes the next frame that is not blank out of the texts; null when there was none. */
function nextText(backlog: Backlog<unknown>): string | null {
  const [text] = backlog.texts;
  if (text === undefined) return null;
  const isBlank = backlog.at === 0 && text.trim() === '';
  while (!isBlank && backlog.at < text.length) {
    const end = text.indexOf('\n', backlog.at);
    const line = text.slice(backlog.at, end === -1 ? text.length : end);
    backlog.at = end === -1 ? text.length : end + 1;
    if (line.trim() === '') continue;
    if (text.slice(backlog.at).trim() === '') next(backlog, text);
    return line;
  }
  next(backlog, text);
  return isBlank ? text : null;
}

function next(backlog: Backlog<unknown>, text: string): void {
  backlog.texts.shift();
  backlog.at = 0;
  backlog.chars -= text.length;
}
