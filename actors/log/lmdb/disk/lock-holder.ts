/**
 * Who holds a data directory, as its lock file tells, and whether that process still runs. The file names the process
 * for people; where the kernel holds a lock, the kernel decides.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../../../../machines/error-code.js';
import { systemBootId } from './boot-id.js';

/** The content of a lock file. */
export interface LockHolder {
  readonly pid: number;
  /** When the process began, in the system's own ticks; null where the system does not report it. */
  readonly started: string | null;
  /** Where its process id means this process: boot and pid namespace, else the machine. Null in files of old versions. */
  readonly place: string | null;
  /** Name of its machine or container. */
  readonly host: string | null;
  /** Whether the kernel holds a lock on the file for it. If not, the holder renews the file's time. */
  readonly kernel: boolean;
  /** Inode of the file: another one's is a copy of it. Null in files of old versions. */
  readonly file: number | null;
}

/** Describes this process as the holder of a file. */
export function thisHolder(kernel: boolean, file: number): LockHolder {
  const { pid } = process;
  return { pid, started: startOf(pid), place: thisPlace(), host: hostname(), kernel, file };
}

/** Where the process ids of this process hold. */
export function thisPlace(): string {
  const boot = systemBootId();
  if (boot === null) return hostname();
  try {
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/**
 * Says whether a holder's process runs, by its id: the system reuses ids, so the time when the process began is
 * compared too. `unknown` when the id belongs to another container, machine or boot.
 */
export function lifeOf(holder: LockHolder): 'alive' | 'dead' | 'unknown' {
  const { pid, started, place } = holder;
  if (place !== null && place !== thisPlace()) return 'unknown';
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    if (codeOf(error) !== 'EPERM') return 'dead';
  }
  const now = startOf(pid);
  return started === null || now === null || started === now ? 'alive' : 'dead';
}

/** Names a holder for an operator: `7`, or where that number means nothing here `7 of another …`. */
export function nameOf({ pid, place, host }: LockHolder): string {
  if (place === null || place === thisPlace()) return String(pid);
  return `${String(pid)} of another container or machine (${host ?? 'unknown'})`;
}

/** Reads the content of a lock file; null when it is not one. */
export function parseHolder(text: string): LockHolder | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { pid, started, place, host, kernel, file } = { ...EMPTY, ...value };
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return null;
  if (started !== null && typeof started !== 'string') return null;
  return {
    pid,
    started,
    place: typeof place === 'string' ? place : null,
    host: typeof host === 'string' ? host : null,
    kernel: kernel === true,
    file: typeof file === 'number' ? file : null
  };
}

const EMPTY: Record<keyof LockHolder, unknown> = {
  pid: undefined,
  started: undefined,
  place: undefined,
  host: undefined,
  kernel: undefined,
  file: undefined
};

/** Start time of a process in the system's own ticks; null where `/proc` does not report it. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything: fields are counted from after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
