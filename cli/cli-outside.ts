/**
 * What the command line sees of the process it runs in, and what it hands back to it.
 */
import type { Readable, Writable } from 'node:stream';

/** What a command ends with, as the exit code of the process. */
export const EXIT = { good: 0, failed: 1, wrongUsage: 2, startupFailed: 3 } as const;

/** An output of the command line. */
export interface CliOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string, written: (error?: Error | null) => void): unknown;
}

/** The input of the command line. */
export type CliInput = Readable & { readonly isTTY?: boolean | undefined };

/** A terminal to talk with: keys come in, a screen is drawn on. */
export interface CliTerminal {
  readonly input: Readable & { setRawMode?(isRaw: boolean): unknown };
  /** Tells `resize` when columns or rows have changed. */
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

/** The same of a process that somebody sits in front of, for commands that go on until they are ended. */
export interface CliSeat extends CliOutside {
  readonly stdin: CliInput;
  /** Input and output where both are a terminal that can be drawn on; else null. */
  readonly terminal: CliTerminal | null;
  /** Calls the listener instead of ending the process when it is told to end; the answer takes the listener off. */
  onInterrupt(listener: () => void): () => void;
}

/** Writes a line and waits until the output has taken it. @throws when the output is closed (`EPIPE`) */
export async function say(output: CliOutput, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(`${text}\n`, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
