/** A fake of the process that a command runs in: specs choose its input and read its output. */
import { Readable } from 'node:stream';
import type { CliOutput, CliSeat } from '../../../cli/cli-outside.js';

/** An output that collects the written text. */
export class TextOutput implements CliOutput {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string, written: () => void): void {
    this.text += text;
    written();
  }
}

/** A seat whose outputs a spec can read, and which it can interrupt as Ctrl+C does. */
export interface FakeSeat extends CliSeat {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  interrupt(): void;
}

/** Makes a seat. By default it has no terminal, and its standard input is empty. */
export function fakeSeat(more: Partial<CliSeat> & { readonly isTTY?: boolean } = {}): FakeSeat {
  const listeners = new Set<() => void>();
  const { isTTY = false, ...given } = more;
  return {
    env: {},
    cwd: '/',
    stdin: Readable.from([]),
    terminal: null,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    interrupt: () => {
      for (const listener of [...listeners]) listener();
    },
    ...given,
    stdout: new TextOutput(isTTY),
    stderr: new TextOutput(isTTY)
  };
}
