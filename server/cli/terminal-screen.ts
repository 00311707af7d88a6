/**
 * A chat on a terminal: what is said scrolls by above a prompt that keeps what is being typed. The line editor is
 * Node's own; it draws through {@link Canvas}, so that this file knows what is on the screen at any time and may write
 * above it. Passing lines are the upper lines of a prompt of several lines.
 */
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface
} from 'node:readline';
import { Writable } from 'node:stream';
import type { CliTerminal } from './cli-outside.js';
import type { Paint, Style } from './paint.js';
import { safeText } from './safe-text.js';
import type { PassingLine, Screen, ScreenEvents } from './screen.js';
import { cut } from './text-width.js';

/** Entered lines that the arrow keys bring back. */
const HISTORY = 100;

/** Most characters of a message that is being pasted; what is beyond is dropped and said. */
export const DRAFT_MAX = 100_000; // more than any server takes in one message

/** Lines of a pasted message that are shown. */
const DRAFT_SHOWN = 4;

/** Rows that passing lines leave free for the prompt and for what is said. */
const ROWS_LEFT = 4;

// The terminal brackets what is pasted with marks, which the line editor reads as two keys.
const PASTE_MARKS_ON = '\u001b[?2004h';
const PASTE_MARKS_OFF = '\u001b[?2004l';

/** What the line editor draws on: passes on what it is given, one write a turn, in a width of its own. */
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
    // A redraw is many small writes; seen one by one, it flickers.
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

/** What a terminal screen is made of. */
export interface TerminalScreenOptions {
  readonly terminal: CliTerminal;
  readonly paint: Paint;
  /** What stands before what is typed. */
  readonly prompt: string;
  /** Answers the words that a beginning may become, for the Tab key. */
  readonly complete: (line: string) => readonly string[];
  readonly events: ScreenEvents;
}

/** A chat's terminal. */
export class TerminalScreen implements Screen {
  readonly paint: Paint;
  readonly isLive = true;
  readonly #options: TerminalScreenOptions;
  readonly #canvas: Canvas;
  readonly #editor: Interface;
  /** Lines of a message that are pasted, above the one that is edited. */
  readonly #draft: string[] = [];
  #passing: readonly PassingLine[] = [];
  #isPasting = false;
  #isDrawn = false;
  /** Rows that the line editor will go up before it draws. */
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
    this.#pressed(keyName(key));
  };

  constructor(options: TerminalScreenOptions) {
    const { terminal, events } = options;
    this.#options = options;
    this.paint = options.paint;
    this.#canvas = new Canvas(terminal.output, () => events.left());
    this.#canvas.write(PASTE_MARKS_ON);
    this.#editor = createInterface({
      input: terminal.input,
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
    // Back from the background (Ctrl-Z, fg): what stands above the cursor now is the shell's.
    this.#editor.on('SIGCONT', () => {
      this.#rowsUp = this.#editor.getCursorPos().rows;
      this.#draw();
    });
    terminal.input.prependListener('keypress', this.#keyBefore);
    terminal.input.on('keypress', this.#keyAfter);
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
    this.print([this.paint(style, text)]);
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
    const { input, output } = this.#options.terminal;
    input.off('keypress', this.#keyBefore);
    input.off('keypress', this.#keyAfter);
    output.off('resize', this.#resized);
    if (this.#isDrawn) this.#wipe();
    this.#canvas.write(PASTE_MARKS_OFF);
    this.#editor.close();
    this.#canvas.flush();
  }

  #entered(line: string): void {
    // The editor has gone to the row below what it had drawn, and will not go up again.
    this.#isDrawn = false;
    this.#editor.setPrompt(`${this.#prompt()}${line}`);
    this.#up(this.#editor.getCursorPos().rows + 1);
    this.#rowsUp = 0;
    if (this.#isPasting) {
      this.#keep(line);
    } else {
      const text = [...this.#draft.splice(0), line].join('\n');
      this.#options.events.entered(text);
    }
    this.#draw();
  }

  #keep(line: string): void {
    const length = this.#draft.reduce((sum, one) => sum + one.length + 1, line.length);
    if (length <= DRAFT_MAX) this.#draft.push(line);
    else this.note('red', 'what is pasted is too long for a message: the rest was dropped');
  }

  #pressed(name: string): void {
    if (name === 'paste-start') this.#isPasting = true;
    else if (name === 'paste-end') this.#isPasting = false;
    else if (name === 'backspace' && this.#lineBefore === '' && this.#draft.length > 0) {
      // Back over a line break, as in any editor.
      const last = this.#draft.pop() ?? '';
      if (this.#isDrawn) this.#wipe();
      this.#draw();
      this.#editor.write(last);
    }
    if (!this.#isPasting)
      this.#options.events.edited([...this.#draft, this.#editor.line].join('\n'));
  }

  #prompt(): string {
    const { paint, prompt } = this.#options;
    const width = Math.max(1, this.columns - 1);
    const rows = Math.max(1, this.#options.terminal.output.rows - ROWS_LEFT);
    const unseen = this.#draft.length - DRAFT_SHOWN;
    const draft: PassingLine[] = this.#draft
      .slice(-DRAFT_SHOWN)
      .map((line) => ({ style: 'cyan', text: `│ ${safeText(line)}` }));
    if (unseen > 0) draft.unshift({ style: 'dim', text: `│ … ${String(unseen)} lines above` });
    const above = [...this.#passing, ...draft]
      .slice(-rows)
      .map(({ style, text }) => paint(style, cut(text, width)));
    return [...above, `${paint('bold', prompt)} `].join('\n');
  }

  #draw(): void {
    if (this.#isClosed) return;
    this.#canvas.write('\r\n'.repeat(this.#rowsUp));
    this.#editor.setPrompt(this.#prompt());
    this.#editor.prompt(true);
    this.#rowsUp = 0;
    this.#isDrawn = true;
  }

  /** Takes prompt and passing lines off; the cursor is where they began. */
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
    // The editor remembers rows of the old width; on the screen the terminal has broken the same text anew.
    const rowsUp = this.#editor.getCursorPos().rows;
    this.#canvas.columns = this.#options.terminal.output.columns;
    if (!this.#isDrawn) return;
    this.#wipe();
    this.#rowsUp = rowsUp;
    this.#draw();
  }
}

function keyName(key: unknown): string {
  const name: unknown = typeof key === 'object' && key !== null ? Reflect.get(key, 'name') : null;
  return typeof name === 'string' ? name : '';
}
