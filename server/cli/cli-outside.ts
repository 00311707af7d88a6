/**
 * What the command line sees of the process it runs in, and what it hands back to it.
 */

/** What a command ends with, as the exit code of the process. */
export const EXIT = { good: 0, failed: 1, wrongUsage: 2, startupFailed: 3 } as const;

/** An output of the command line. */
export interface CliOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string, written: (error?: Error | null) => void): unknown;
}

/** Environment, working directory and outputs of the process. */
export interface CliOutside {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory whose `.env` file is read. */
  readonly cwd: string;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
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
