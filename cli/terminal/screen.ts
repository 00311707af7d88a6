/**
 * What a chat is shown on: lines that stay, and, on a terminal, lines above the prompt that come and go.
 */
import type { CliOutput } from '../cli-outside.js';
import type { Paint, Style } from '../../server/logger/paint.js';

/** A line that is shown for now. */
export interface PassingLine {
  readonly style: Style;
  /** One line without escape sequences; cut to the width of the screen. */
  readonly text: string;
}

/** A place to show a chat on. */
export interface Screen {
  readonly paint: Paint;
  /** Columns; Infinity where lines are not broken. */
  readonly columns: number;
  /** Whether passing lines are seen. */
  readonly isLive: boolean;
  /** Lines that stay: what is said in the chat. */
  print(lines: readonly string[]): void;
  /** A line that stays and is not part of the chat: words of this program. */
  note(style: Style, text: string): void;
  /** Says which thread what is typed goes to. */
  name(thread: string): void;
  /** Shows these lines above the prompt instead of the ones before. */
  show(lines: readonly PassingLine[]): void;
  /** Takes prompt and passing lines away. */
  close(): void;
}

/** What a screen tells. */
export interface ScreenEvents {
  /** A message or a command was entered; a message may have several lines. */
  entered(text: string): void;
  /** What is being typed has changed. */
  edited(text: string): void;
  /** The user asks to end, or the screen is gone. */
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
    // The line that says where one is has been printed.
  }

  show(): void {
    // Nothing here can be taken back.
  }

  close(): void {
    // Nothing was opened.
  }
}
