/** The part of the process that the command line uses. */
import type { Readable, Writable } from 'node:stream';

/** Exit codes of the commands. */
export const EXIT = { good: 0, failed: 1, wrongUsage: 2, startupFailed: 3 } as const;

/** An output of the command line. */
export interface CliOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string, written: (error?: Error | null) => void): unknown;
}

/** The input of the command line. */
export type CliInput = Readable & { readonly isTTY?: boolean | undefined };

/** A terminal that keys are read from and a screen is drawn on. */
export interface CliTerminal {
  readonly input: Readable & { setRawMode?(isRaw: boolean): unknown };
  /** Emits `resize` when columns or rows have changed. */
  readonly output: Writable & { readonly columns: number; readonly rows: number };
}

/** Environment, working directory and outputs of the process. */
export interface CliOutside {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory whose `.env` file is read. */
  readonly cwd: string;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
}

/** The same with input and terminal, for commands that run until somebody ends them. */
export interface CliSeat extends CliOutside {
  readonly stdin: CliInput;
  /** Input and output when both are a terminal that can draw; else null. */
  readonly terminal: CliTerminal | null;
  /**
   * Calls the listener on a signal that would end the process.
   * @returns a function that removes the listener
   */
  onInterrupt(listener: () => void): () => void;
}

/**
 * Writes a line and waits until the output has accepted it.
 * @throws {Error} when the output is closed (`EPIPE`)
 */
export async function say(output: CliOutput, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(`${text}\n`, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
