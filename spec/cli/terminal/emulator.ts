/** A terminal without a window: specs write to it and read what a person would see. */
import { Terminal } from '@xterm/headless';

/** Longest wait for something to appear on the screen. */
const PATIENCE_MS = 25_000;

/** A screen of the given size, with a scrollback of 5,000 lines. */
export class Emulator {
  readonly #terminal: Terminal;
  readonly #waiting = new Set<() => void>();

  constructor(columns = 80, rows = 24) {
    this.#terminal = new Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      // Turns LF into CR LF, as the terminal driver of Unix does.
      convertEol: true,
      scrollback: 5_000
    });
  }

  /** Writes to the terminal; resolves once it has drawn the data. */
  async write(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write(data, resolve));
    for (const look of [...this.#waiting]) look();
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** Every line from the top of the scrollback to the last line that is not empty. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd()
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Lines that the terminal began itself because the line before was too long. */
  get broken(): string[] {
    const { active } = this.#terminal.buffer;
    return this.lines.filter((_, row) => active.getLine(row)?.isWrapped === true);
  }

  /** Text of the cursor's line, up to the cursor. */
  get typed(): string {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(active.baseY + active.cursorY);
    return line?.translateToString(false, 0, active.cursorX) ?? '';
  }

  /** Lines that contain the text. */
  with(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  /** Resolves once `isSo` holds for the lines. @throws with the lines, after {@link PATIENCE_MS} */
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

  /** Resolves once a line contains the text. */
  async shows(text: string): Promise<void> {
    await this.until((lines) => lines.some((line) => line.includes(text)));
  }
}
