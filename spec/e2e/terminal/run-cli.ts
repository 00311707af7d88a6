/** Runs the built command line as its own process. */
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** Most output that is kept, in bytes. */
const OUTPUT_BYTES = 67_108_864;

/** How a command ended. */
export interface CliResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rollcall …args` outside the checkout. Of this process's environment it gets only PATH. */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<CliResult> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [CLI, ...args],
      {
        cwd: tmpdir(),
        env: { PATH: process.env['PATH'] ?? '', ...env },
        maxBuffer: OUTPUT_BYTES
      },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      }
    );
  });
}
