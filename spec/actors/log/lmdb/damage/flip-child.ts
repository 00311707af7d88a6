import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./flips.child.ts', import.meta.url));

/** A bit of the data file: its byte, and its number there. */
export type Flip = readonly [at: number, bit: number];

/** Uses a damaged log in a process of its own, which may die of it; then the next question gets another one. */
export class FlipChild {
  readonly #file: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-flips-'));
  #child: ChildProcessWithoutNullStreams | null = null;
  #lines: Interface | null = null;

  /** @param file a sound data file, which is not changed */
  constructor(file: string) {
    this.#file = file;
  }

  /** What came of these flips: `sound`, `rebuilt`, `refused`, or what was wrong. */
  async ask(flips: readonly Flip[]): Promise<string> {
    const { child, lines } = this.#started();
    let stderr = '';
    const onError = (chunk: Buffer): void => void (stderr += chunk.toString());
    child.stderr.on('data', onError);
    const said = new AbortController();
    const { signal } = said;
    const line = once(lines, 'line', { signal }).then(([text]: unknown[]) => String(text));
    const end = once(child, 'close', { signal }).then(([code, name]: unknown[]) => {
      this.#child = null;
      return `the process ended: ${String(name ?? code)} ${stderr.slice(-300)}`;
    });
    child.stdin.write(`${JSON.stringify(flips)}\n`);
    try {
      return await Promise.race([line, end]);
    } finally {
      said.abort();
      await Promise.allSettled([line, end]);
      child.stderr.off('data', onError);
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child !== null) {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #started(): { child: ChildProcessWithoutNullStreams; lines: Interface } {
    if (this.#child === null || this.#lines === null) {
      const folder = mkdtempSync(join(this.#folder, 'run-'));
      const child = spawn(process.execPath, ['--import', 'tsx', CHILD, this.#file, folder]);
      // A process that is gone cannot be written to: its end says so.
      child.stdin.on('error', () => undefined);
      this.#child = child;
      this.#lines = createInterface({ input: child.stdout });
    }
    return { child: this.#child, lines: this.#lines };
  }
}
