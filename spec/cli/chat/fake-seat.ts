/** The process that a command runs in, for specs: what it is given, and what it wrote. */
import { Readable } from 'node:stream';
import type { CliOutput, CliSeat } from '../../../cli/cli-outside.js';

/** An output that keeps what is written. */
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

/** A seat whose outputs can be read and that can be interrupted. */
export interface FakeSeat extends CliSeat {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  interrupt(): void;
}

/** Makes a seat; by default nobody sits there and nothing comes in. */
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
