/**
 * Pins the generator to one core and the server under load to another. Without `taskset`, or on a machine with one
 * core, nothing is pinned and the report says so.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of a kernel tick, the unit of CPU time in /proc. */
const TICK_MS = 10;

/** Cores of a run; null when nothing is pinned. */
export interface Cores {
  readonly generator: number;
  readonly server: number;
}

/** Picks two cores of those that this process may use. */
export function pickCores(): Cores | null {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], {
    encoding: 'utf8'
  });
  if (status !== 0) return null;
  const allowed = (stdout.split(':').at(-1) ?? '').split(',').flatMap((part) => {
    const [from, to] = part.split('-').map(Number);
    if (from === undefined || Number.isNaN(from)) return [];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
  });
  const [generator, server] = allowed;
  return generator === undefined || server === undefined ? null : { generator, server };
}

/** Moves this process, all its threads, to a core. */
export function pinSelf(core: number): void {
  spawnSync('taskset', ['-acp', String(core), String(process.pid)]);
}

/** CPU time that a process, all its threads and all its children have used so far, in milliseconds. */
export function cpuMs(pid: number): number {
  return ownCpuMs(pid) + childrenOf(pid).reduce((sum, child) => sum + childCpuMs(child), 0);
}

/** As `cpuMs`, but 0 for a child that has just ended: its parent's time holds it then. */
function childCpuMs(pid: number): number {
  try {
    return cpuMs(pid);
  } catch {
    return 0;
  }
}

/** Processes that this one has started and that still run. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${String(pid)}/task`;
  try {
    return readdirSync(tasks).flatMap((task) =>
      readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    );
  } catch {
    return [];
  }
}

function ownCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The name may contain any character and ends at the last parenthesis; user and system time are fields 14
  // and 15, those of children that have ended 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((ticks, field) => ticks + Number(fields[field]), 0) * TICK_MS;
}

/** Memory of a process in bytes: everything resident, and the part that is not backed by a file. */
export interface Resident {
  readonly all: number;
  readonly own: number;
}

/** Reads the resident memory of a process. */
export function resident(pid: number): Resident {
  const text = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1_024;
  return { all: field('VmRSS'), own: field('RssAnon') };
}
