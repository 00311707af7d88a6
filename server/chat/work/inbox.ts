/**
 * Received frames that are not handled yet. A text message of many frames is handled frame by frame while the turn of
 * the event loop has points. The rest waits for later turns, in which connections alternate. The frames of one connection
 * stay in order.
 */
import type { TurnBudget } from './turn-budget.js';

/** Waiting frames, in order: first the decoded ones, then those in texts. */
export interface Backlog<F> {
  readonly decoded: F[];
  readonly texts: string[];
  /** Index in the first text at which the next frame begins. */
  at: number;
  /** Characters of all texts. */
  chars: number;
}

/** The part of a connection that the inbox uses. */
export interface Backlogged<F> {
  /** Null while no frame waits. */
  backlog: Backlog<F> | null;
}

/** How many times `charsMax` one connection may have waiting while all together have less than {@link SHARED}. */
export const BURST = 8;

/** How many times `charsMax` all connections together may have waiting before none may have more than `charsMax`. */
export const SHARED = 16;

/** Options of {@link Inbox}. */
export interface InboxOptions<F, C extends Backlogged<F>> {
  readonly turn: TurnBudget;
  /**
   * Most characters that wait for one connection while others wait too; beyond it, `overflow` is called and the frames
   * are dropped. See {@link BURST} and {@link SHARED}.
   */
  readonly charsMax: number;
  /** Handles the text of one frame and charges its cost. */
  readonly text: (connection: C, text: string) => void;
  /** Handles a decoded frame and charges its cost. */
  readonly frame: (connection: C, frame: F) => void;
  /** Whether a connection's frames are still handled; otherwise the waiting ones are dropped. */
  readonly isOver: (connection: C) => boolean;
  /** Called when too much waits for a connection. */
  readonly overflow: (connection: C) => void;
}

/** The waiting frames of all connections. */
export class Inbox<F, C extends Backlogged<F>> {
  private readonly options: InboxOptions<F, C>;
  /** Connections with waiting frames; the first one is next. */
  private readonly waiting = new Set<C>();
  /** Connections whose frames wait for an answer from elsewhere. */
  private readonly held = new Set<C>();
  private isScheduled = false;
  private readonly go = (): void => {
    this.isScheduled = false;
    const { turn } = this.options;
    for (const connection of this.waiting) {
      if (turn.isSpent) break;
      // After one frame the connection moves to the end of the queue, so that the others get a turn.
      this.waiting.delete(connection);
      this.one(connection);
      if (this.isNext(connection)) this.waiting.add(connection);
    }
    if (this.waiting.size > 0) this.schedule();
  };

  constructor(options: InboxOptions<F, C>) {
    this.options = options;
  }

  /** Takes a text message: one frame, or several separated by line feeds; blank lines are skipped. */
  take(connection: C, text: string): void {
    const { turn, charsMax, overflow } = this.options;
    if (connection.backlog === null && !turn.isSpent && !this.held.has(connection)) {
      // A message of blank lines only counts as one frame, so that it is charged.
      if (!text.includes('\n') || text.trim() === '') {
        this.options.text(connection, text);
        return;
      }
    }
    const backlog = (connection.backlog ??= { decoded: [], texts: [], at: 0, chars: 0 });
    backlog.texts.push(text);
    backlog.chars += text.length;
    while (!this.waiting.has(connection) && this.isNext(connection) && !turn.isSpent) {
      this.one(connection);
    }
    if (!hasMore(connection)) return;
    if (backlog.chars > charsMax && this.isTooMuch(backlog.chars)) {
      this.drop(connection);
      overflow(connection);
      return;
    }
    this.wait(connection);
  }

  /** Takes decoded frames; they are handled before all waiting ones. */
  takeDecoded(connection: C, frames: readonly F[]): void {
    if (frames.length === 0) return;
    const backlog = (connection.backlog ??= { decoded: [], texts: [], at: 0, chars: 0 });
    backlog.decoded.unshift(...frames);
    // The first frames may end the connection, which drops the others.
    const isKept = (): boolean => connection.backlog === backlog && !this.held.has(connection);
    while (isKept() && backlog.decoded.length > 0 && !this.options.turn.isSpent) {
      this.one(connection);
    }
    if (hasMore(connection)) this.wait(connection);
  }

  /**
   * Handles no further frame of a connection until a promise, which must not reject, resolves; then calls `go` first. At
   * most one at a time.
   */
  hold(connection: C, until: Promise<void>, go: () => void): void {
    this.held.add(connection);
    this.waiting.delete(connection);
    void until.then(() => {
      this.held.delete(connection);
      go();
      if (hasMore(connection)) this.wait(connection);
    });
  }

  /** Drops a connection's waiting frames. */
  drop(connection: C): void {
    connection.backlog = null;
    this.waiting.delete(connection);
  }

  /** Handles the next waiting frame of a connection. */
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

  private isTooMuch(chars: number): boolean {
    const { charsMax } = this.options;
    let all = chars;
    for (const { backlog } of this.waiting) all += backlog?.chars ?? 0;
    for (const { backlog } of this.held) all += backlog?.chars ?? 0;
    return chars > charsMax * BURST || all > charsMax * SHARED;
  }

  /** Whether a frame of a connection may be handled. */
  private isNext(connection: C): boolean {
    return hasMore(connection) && !this.held.has(connection);
  }

  private wait(connection: C): void {
    if (this.held.has(connection)) return;
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

/** Removes and returns the next frame of the texts that is not blank; null when there is none. */
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
