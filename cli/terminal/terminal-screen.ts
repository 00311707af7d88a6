/**
 * A chat on a terminal: messages scroll by above a prompt that keeps the typed text. Node's line editor edits the line
 * and draws through {@link Canvas}, so that this file always knows what is on the screen and can write above it.
 * Passing lines are the upper lines of a prompt of several lines.
 */
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface
} from 'node:readline';
import { Writable } from 'node:stream';
import type { CliTerminal } from '../cli-outside.js';
import type { Paint, Style } from '../../server/logger/paint.js';
import { Keys, PASTE_MARKS } from './keys.js';
import { safeText } from './safe-text.js';
import type { PassingLine, Screen, ScreenEvents } from './screen.js';
import { cut, wrap } from './text-width.js';

/** Entered lines that the arrow keys bring back. */
const HISTORY = 100;

/** Lines shown of a pasted message. */
const DRAFT_SHOWN = 4;

/** Rows that passing lines leave free for the prompt and for messages. */
const ROWS_LEFT = 4;

/** Output of the line editor: it gathers writes into one per turn and has a width of its own. */
class Canvas extends Writable {
  columns: number;
  readonly #output: CliTerminal['output'];
  readonly #failed: () => void;
  #pending = '';

  constructor(output: CliTerminal['output'], failed: () => void) {
    super({ decodeStrings: false });
    this.#output = output;
    this.#failed = failed;
    this.columns = output.columns;
  }

  override _write(chunk: unknown, _encoding: unknown, done: () => void): void {
    // A redraw is many small writes; written one by one they flicker.
    if (this.#pending === '') queueMicrotask(() => this.flush());
    this.#pending += String(chunk);
    done();
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    this.#output.write(text, (error) => {
      if (error !== undefined && error !== null) this.#failed();
    });
  }
}

/** Options of {@link TerminalScreen}. */
export interface TerminalScreenOptions {
  readonly terminal: CliTerminal;
  readonly paint: Paint;
  /** Returns the words that begin like the line, for the Tab key. */
  readonly complete: (line: string) => readonly string[];
  readonly events: ScreenEvents;
}

/** A chat's terminal. */
export class TerminalScreen implements Screen {
  readonly paint: Paint;
  readonly isLive = true;
  readonly #options: TerminalScreenOptions;
  readonly #canvas: Canvas;
  readonly #keys: Keys;
  readonly #editor: Interface;
  /** Pasted lines above the line that is edited. */
  readonly #draft: string[] = [];
  /** Text before the typed text. */
  #name = '';
  #passing: readonly PassingLine[] = [];
  #isDrawn = false;
  /** Rows that the line editor will move up before it draws. */
  #rowsUp = 0;
  #lineBefore = '';
  #isClosed = false;
  readonly #resized = (): void => {
    this.#resize();
  };
  readonly #keyBefore = (): void => {
    this.#lineBefore = this.#editor.line;
  };
  readonly #keyAfter = (_text: unknown, key: unknown): void => {
    if (!this.#isClosed) this.#pressed(keyName(key));
  };

  constructor(options: TerminalScreenOptions) {
    const { terminal, events } = options;
    this.#options = options;
    this.paint = options.paint;
    this.#canvas = new Canvas(terminal.output, () => events.left());
    this.#canvas.write(PASTE_MARKS.on);
    this.#keys = new Keys(terminal.input, (text, isCut) => {
      this.#pasted(text, isCut);
    });
    this.#editor = createInterface({
      input: this.#keys,
      output: this.#canvas,
      terminal: true,
      historySize: HISTORY,
      removeHistoryDuplicates: true,
      completer: (line: string) => [[...options.complete(line)], line]
    });
    this.#editor.on('line', (line) => {
      this.#entered(line);
    });
    this.#editor.on('SIGINT', () => {
      events.left();
    });
    this.#editor.on('close', () => {
      events.left();
    });
    // Back from the background (Ctrl-Z, fg): the lines above the cursor are the shell's now.
    this.#editor.on('SIGCONT', () => {
      this.#rowsUp = this.#editor.getCursorPos().rows;
      this.#draw();
    });
    this.#keys.prependListener('keypress', this.#keyBefore);
    this.#keys.on('keypress', this.#keyAfter);
    terminal.output.on('resize', this.#resized);
    this.#draw();
  }

  get columns(): number {
    return this.#canvas.columns;
  }

  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const wasDrawn = this.#isDrawn;
    if (wasDrawn) this.#wipe();
    this.#canvas.write(lines.map((line) => `${line}\r\n`).join(''));
    if (wasDrawn) this.#draw();
  }

  note(style: Style, text: string): void {
    this.print(wrap(text, this.columns).map((line) => this.paint(style, line)));
  }

  name(thread: string): void {
    if (this.#isDrawn) this.#wipe();
    this.#name = thread;
    this.#draw();
  }

  show(lines: readonly PassingLine[]): void {
    const isSame =
      lines.length === this.#passing.length &&
      lines.every((line, index) => line.text === this.#passing[index]?.text);
    this.#passing = lines;
    if (isSame || !this.#isDrawn) return;
    this.#wipe();
    this.#draw();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.terminal.output.off('resize', this.#resized);
    if (this.#isDrawn) this.#wipe();
    this.#canvas.write(PASTE_MARKS.off);
    this.#editor.close();
    this.#keys.close();
    this.#canvas.flush();
  }

  #entered(line: string): void {
    // The editor has moved to the row below its last drawing and will not move up again.
    this.#isDrawn = false;
    this.#editor.setPrompt(`${this.#prompt()}${line}`);
    this.#up(this.#editor.getCursorPos().rows + 1);
    this.#rowsUp = 0;
    this.#options.events.entered([...this.#draft.splice(0), line].join('\n'));
    this.#draw();
  }

  #pasted(text: string, isCut: boolean): void {
    if (this.#isClosed) return;
    if (isCut) this.note('red', 'what was pasted is too long for a message: the end was dropped');
    const [first = '', ...more] = safeText(text).split('\n');
    const last = more.pop();
    if (last === undefined) {
      this.#editor.write(first);
    } else {
      const before = this.#editor.line.slice(0, this.#editor.cursor);
      this.#wipe();
      this.#draft.push(`${before}${first}`, ...more);
      this.#draw();
      if (before !== '') this.#editor.write(null, { ctrl: true, name: 'u' });
      if (last !== '') this.#editor.write(last);
    }
    this.#tellEdited();
  }

  #pressed(name: string): void {
    if (name === 'backspace' && this.#lineBefore === '') {
      // Backspace over a line break, as in any editor.
      const last = this.#draft.pop();
      if (last !== undefined) {
        this.#wipe();
        this.#draw();
        if (last !== '') this.#editor.write(last);
      }
    }
    this.#tellEdited();
  }

  #tellEdited(): void {
    this.#options.events.edited([...this.#draft, this.#editor.line].join('\n'));
  }

  #prompt(): string {
    const { paint } = this.#options;
    const width = Math.max(1, this.columns - 1);
    const rows = Math.max(1, this.#options.terminal.output.rows - ROWS_LEFT);
    const unseen = this.#draft.length - DRAFT_SHOWN;
    const draft: PassingLine[] = this.#draft
      .slice(-DRAFT_SHOWN)
      .map((line) => ({ style: 'cyan', text: `│ ${line}` }));
    if (unseen > 0) draft.unshift({ style: 'dim', text: `│ … ${String(unseen)} lines above` });
    const above = [...this.#passing, ...draft]
      .slice(-rows)
      .map(({ style, text }) => paint(style, cut(text, width)));
    return [...above, `${paint('bold', `${this.#name}>`)} `].join('\n');
  }

  #draw(): void {
    if (this.#isClosed) return;
    this.#canvas.write('\r\n'.repeat(this.#rowsUp));
    this.#editor.setPrompt(this.#prompt());
    this.#editor.prompt(true);
    this.#rowsUp = 0;
    this.#isDrawn = true;
  }

  /** Removes the prompt and passing lines; the cursor is where they began. */
  #wipe(): void {
    this.#rowsUp = this.#editor.getCursorPos().rows;
    this.#up(this.#rowsUp);
    this.#isDrawn = false;
  }

  #up(rows: number): void {
    moveCursor(this.#canvas, 0, -rows);
    cursorTo(this.#canvas, 0);
    clearScreenDown(this.#canvas);
  }

  #resize(): void {
    if (this.#isClosed) return;
    // The editor counts the rows to move up in the old width. The terminal has broken the lines above the prompt again
    // for the new width; the line with the cursor is broken again by some terminals and not by others. When two results
    // are possible, wipe fewer rows: a stray piece of a prompt is better than a lost line of the chat.
    const prompt = this.#editor.getPrompt();
    const own = prompt.slice(prompt.lastIndexOf('\n') + 1);
    const rowsUp = this.#editor.getCursorPos().rows;
    const ownBefore = rowsUp - (prompt.split('\n').length - 1);
    this.#canvas.columns = this.#options.terminal.output.columns;
    const all = this.#editor.getCursorPos().rows;
    this.#editor.setPrompt(own);
    const ownNow = this.#editor.getCursorPos().rows;
    this.#editor.setPrompt(prompt);
    if (!this.#isDrawn) return;
    this.#up(all - ownNow + Math.min(ownBefore, ownNow));
    this.#isDrawn = false;
    this.#rowsUp = rowsUp;
    this.#draw();
  }
}

function keyName(key: unknown): string {
  const name: unknown = typeof key === 'object' && key !== null ? Reflect.get(key, 'name') : null;
  return typeof name === 'string' ? name : '';
}
