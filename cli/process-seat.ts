/** Gives a command the streams, signals and environment of this process. */
import type { CliSeat } from './cli-outside.js';
import type { HangUp } from './terminal/hang-up.js';

/** Signals that end a command. */
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns what a command uses of this process. */
export function processSeat(hangUp: HangUp): CliSeat {
  const { env, stdout, stderr } = process;
  const openedInput = (): typeof process.stdin => {
    hangUp.watchInput(process.stdin);
    return process.stdin;
  };
  const isScreen = stdout.isTTY && env['TERM'] !== 'dumb';
  return {
    env,
    cwd: process.cwd(),
    stdout,
    stderr,
    // Opened on first use, because a server must not read from the terminal that started it.
    get stdin() {
      return openedInput();
    },
    get terminal() {
      return isScreen && process.stdin.isTTY ? { input: openedInput(), output: stdout } : null;
    },
    onInterrupt: (listener) => {
      hangUp.watch();
      for (const signal of INTERRUPTS) process.on(signal, listener);
      return () => {
        for (const signal of INTERRUPTS) process.off(signal, listener);
      };
    }
  };
}
