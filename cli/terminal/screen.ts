/** Output of a chat: lines that stay and, on a terminal, passing lines above the prompt. */
import type { CliOutput } from '../cli-outside.js';
import type { Paint, Style } from '../../server/logger/paint.js';

/** A line above the prompt that is shown for a while. */
export interface PassingLine {
  readonly style: Style;
  /** One line without escape sequences; cut to the width of the screen. */
  readonly text: string;
}

/** Output of a chat. */
export interface Screen {
  readonly paint: Paint;
  /** Columns; Infinity when lines are not broken. */
  readonly columns: number;
  /** Whether passing lines are shown. */
  readonly isLive: boolean;
  /** Prints lines of the chat; they stay. */
  print(lines: readonly string[]): void;
  /** Prints a line of this program, not of the chat; it stays. */
  note(style: Style, text: string): void;
  /** Shows the thread that typed text goes to. */
  name(thread: string): void;
  /** Replaces the passing lines above the prompt. */
  show(lines: readonly PassingLine[]): void;
  /** Removes the prompt and the passing lines. */
  close(): void;
}

/** Events of a screen. */
export interface ScreenEvents {
  /** A message or command was entered; a message may have several lines. */
  entered(text: string): void;
  /** The typed text has changed. */
  edited(text: string): void;
  /** The user wants to end, or the screen is gone. */
  left(): void;
}

/** A screen that is no terminal: the chat goes to one output, everything else to the other. */
export class PlainScreen implements Screen {
  readonly paint: Paint = (_style, text) => text;
  readonly columns = Infinity;
  readonly isLive = false;
  readonly #stdout: CliOutput;
  readonly #stderr: CliOutput;
  readonly #left: () => void;

  constructor(stdout: CliOutput, stderr: CliOutput, left: () => void) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#left = left;
  }

  print(lines: readonly string[]): void {
    for (const line of lines) {
      this.#stdout.write(`${line}\n`, (error) => {
        if (error !== undefined && error !== null) this.#left();
      });
    }
  }

  note(_style: Style, text: string): void {
    this.#stderr.write(`${text}\n`, () => undefined);
  }

  name(): void {
    // The line that names the thread has been printed.
  }

  show(): void {
    // Printed lines cannot be removed.
  }

  close(): void {
    // Nothing was opened.
  }
}
