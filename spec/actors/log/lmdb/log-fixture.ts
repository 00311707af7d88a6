import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../../actors/clock.js';
import { openLmdbLog, type LmdbLogOptions } from '../../../../actors/log/lmdb/lmdb-log.js';
import type { EmbeddedLog } from '../../../../actors/log/lmdb/replica/embedded-log.js';
import type { LogHealth } from '../../../../actors/log/log-health.js';
import type { AppendResult, NewEntry } from '../../../../actors/log/log-writer.js';
import type { ThreadLog } from '../../../../actors/log/thread-log.js';

/** A clock that stands still until a spec moves it. */
export class HandClock implements Clock {
  #now = 1_767_225_600_000;
  #shift = 0;
  #next = 1;
  readonly #timers = new Map<number, { at: number; fn: (...args: unknown[]) => void }>();

  now(): number {
    return this.#now + this.#shift;
  }

  elapsed(): number {
    return this.#now;
  }

  setTimeout(fn: (...args: unknown[]) => void, timeoutMs: number): number {
    this.#timers.set(this.#next, { at: this.#now + timeoutMs, fn });
    return this.#next++;
  }

  clearTimeout(id: unknown): void {
    if (typeof id === 'number') this.#timers.delete(id);
  }

  /** Timers that have been set and have not run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sets the wall clock forward or back; the monotonic clock does not change. */
  jump(ms: number): void {
    this.#shift += ms;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      const [first] = due.sort(([, a], [, b]) => a.at - b.at);
      if (first === undefined) break;
      const [id, { at, fn }] = first;
      this.#timers.delete(id);
      this.#now = at;
      fn();
    }
    this.#now = end;
  }
}

/** Makes directories and opens logs in them, and removes everything afterwards. */
export class LogFixture {
  readonly #dirs: string[] = [];
  readonly #mounts: string[] = [];
  readonly #logs: ThreadLog[] = [];
  /** What listeners of commits have thrown, in any of the logs. */
  readonly listenerFaults: string[] = [];
  #epochs = 0;

  dir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'rollcall-log-'));
    this.#dirs.push(dir);
    return dir;
  }

  /** A directory on its own disk of this many bytes; null when this process may not mount one. */
  smallDisk(bytes: number): string | null {
    const dir = this.dir();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(bytes)}`, 'tmpfs', dir], {
        stdio: 'ignore'
      });
    } catch {
      return null;
    }
    this.#mounts.push(dir);
    return dir;
  }

  remount(dir: string, option: string): void {
    execFileSync('mount', ['-o', `remount,${option}`, dir], { stdio: 'ignore' });
  }

  async open(options: Partial<LmdbLogOptions> = {}): Promise<EmbeddedLog> {
    const log = await openLmdbLog({
      dir: options.dir ?? this.dir(),
      durability: 'disk',
      clock: systemClock,
      retention: { messages: null, days: null },
      isFeedRead: true,
      onListenerFault: (reason) => this.listenerFaults.push(reason),
      newEpoch: () => `e${String((this.#epochs += 1))}`,
      bootId: () => 'boot-1',
      ...options
    });
    this.#logs.push(log);
    return log;
  }

  async clear(): Promise<void> {
    for (const log of this.#logs) await log.close();
    this.#logs.length = 0;
    for (const dir of this.#mounts) execFileSync('umount', [dir], { stdio: 'ignore' });
    this.#mounts.length = 0;
    for (const dir of this.#dirs) rmSync(dir, { recursive: true, force: true });
    this.#dirs.length = 0;
    this.#epochs = 0;
    this.listenerFaults.length = 0;
  }
}

/** An entry with a default for every field that the spec leaves out. */
export function entry(mid: string, parts: Partial<NewEntry> = {}): NewEntry {
  return { mid, user: 'ada', kind: 'user_message', bodyJson: '{"text":"hi"}', at: 1, ...parts };
}

/** Appends and resolves to the answer. */
export function append(log: ThreadLog, thread: string, item: NewEntry): Promise<AppendResult> {
  return new Promise((resolve) => {
    log.append(thread, item, resolve);
  });
}

/** Appends `count` messages of one thread, mids m1, m2 …, and resolves when all are durable. */
export function appendMany(log: ThreadLog, thread: string, count: number): Promise<AppendResult[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => append(log, thread, entry(`m${String(index + 1)}`)))
  );
}

/** Offsets of all kept entries of a thread. */
export function offsets(log: ThreadLog, thread: string): number[] {
  return log.read(thread, 0, 1_000_000, Infinity).map(({ offset }) => offset);
}

/** Resolves at the next change of health. */
export function nextHealth(log: ThreadLog): Promise<LogHealth> {
  return new Promise((resolve) => {
    log.onHealth(resolve);
  });
}

/** Waits, turn by turn, until a condition holds; if it never does, the spec's own timeout ends the wait. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
