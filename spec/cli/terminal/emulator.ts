/** A terminal without a window: it is written to, and what a person would see can be looked at. */
import { Terminal } from '@xterm/headless';

/** Time after which a wait for something on the screen is given up. */
const PATIENCE_MS = 8_000;

/** A screen of so many columns and rows with a scrollback. */
export class Emulator {
  readonly #terminal: Terminal;
  readonly #waiting = new Set<() => void>();

  constructor(columns = 80, rows = 24) {
    this.#terminal = new Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      // As the terminal driver of a Unix does.
      convertEol: true,
      scrollback: 5_000
    });
  }

  /** Draws; resolves once it is drawn. */
  async write(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write(data, resolve));
    for (const look of [...this.#waiting]) look();
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** Every line from the top of the scrollback to the last that is not empty. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd()
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Lines that the terminal itself has broken because they were too long. */
  get broken(): string[] {
    const { active } = this.#terminal.buffer;
    return this.lines.filter((_, row) => active.getLine(row)?.isWrapped === true);
  }

  /** The line that the cursor is in, up to the cursor. */
  get typed(): string {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(active.baseY + active.cursorY);
    return line?.translateToString(false, 0, active.cursorX) ?? '';
  }

  /** Lines that hold the text. */
  with(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  /** Resolves once the screen is so. @throws with what is on it after a while */
  async until(isSo: (lines: readonly string[]) => boolean): Promise<void> {
    if (isSo(this.lines)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`the screen did not come to it:\n${this.lines.join('\n')}`));
      }, PATIENCE_MS);
      const look = (): void => {
        if (!isSo(this.lines)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  /** Resolves once a line holds the text. */
  async shows(text: string): Promise<void> {
    await this.until((lines) => lines.some((line) => line.includes(text)));
  }
}
