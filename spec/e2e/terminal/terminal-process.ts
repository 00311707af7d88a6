/** The built command line on a pseudo-terminal of its own, and the screen that its user looks at. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../require.js';
import { Emulator } from '../../cli/terminal/emulator.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** Enter, as a keyboard sends it. */
export const ENTER = '\r';

/** Processes that run. They are killed when the specs end early. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** The program that makes pseudo-terminals, of util-linux; undefined where there is none. */
export function ptyProgram(): string | undefined {
  return process.platform === 'linux' ? findProgram('script') : undefined;
}

/** A terminal with `rollcall …args` in it. */
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
      // What came last is drawn by then.
      await this.screen.write('');
      return child.exitCode;
    });
  }

  /** Types a text, as a keyboard would. */
  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Kills the command. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
  }
}
