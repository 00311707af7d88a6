/** Runs the built command line on its own pseudo-terminal, and keeps the screen that its user sees. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../require.js';
import { Emulator } from '../../cli/terminal/emulator.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** What the Enter key sends. */
export const ENTER = '\r';

/** Running processes; they are killed when the specs end early. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Path of the program of util-linux that makes pseudo-terminals; undefined where there is none. */
export function ptyProgram(): string | undefined {
  return process.platform === 'linux' ? findProgram('script') : undefined;
}

/** A terminal that runs `rollcall …args`. */
export class TerminalProcess {
  readonly screen: Emulator;
  /** Exit code of the command; null when a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], columns = 70, rows = 20) {
    this.screen = new Emulator(columns, rows);
    const quoted = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${String(columns)} rows ${String(rows)}; exec ${quoted}`;
    const child = spawn(ptyProgram() ?? 'script', ['-qfec', command, '/dev/null'], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'] ?? '', SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit']
    });
    this.#child = child;
    children.add(child);
    child.stdout.on('data', (chunk: Buffer) => void this.screen.write(chunk));
    this.exit = once(child, 'close').then(async () => {
      children.delete(child);
      // The last output is drawn by then.
      await this.screen.write('');
      return child.exitCode;
    });
  }

  /** Types a text, as a user would. */
  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Kills the command. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
  }
}
