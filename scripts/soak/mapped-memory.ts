/** Reads the resident memory of a process by kind: its own, mapped pages of the log, other files. Linux only (/proc). */
import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes. */
export interface MappedMemory {
  /** Everything resident. */
  readonly all: number;
  /** Pages of LMDB's data files. They belong to the page cache: the kernel takes them back when it needs them. */
  readonly log: number;
  /** Memory without a file: heap, stacks, native allocations. */
  readonly own: number;
  /** Programs and libraries. */
  readonly files: number;
}

/** Returns the resident memory of a process, from `/proc/<pid>/smaps`. */
export function mappedMemory(pid: number): MappedMemory {
  let [log, own, files] = [0, 0, 0];
  let path = '';
  for (const line of readFileSync(`/proc/${String(pid)}/smaps`, 'utf8').split('\n')) {
    const head = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (head !== null) path = head[1] ?? '';
    const bytes = Number(/^Rss:\s+(\d+) kB$/.exec(line)?.[1] ?? 0) * 1_024;
    if (path.endsWith('.mdb') || path.endsWith('-lock')) log += bytes;
    else if (path.startsWith('/')) files += bytes;
    else own += bytes;
  }
  return { all: log + own + files, log, own, files };
}

/** Returns the resident bytes of all processes that a process has started, such as the embedded ClickHouse. */
export function childrenMemory(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = readOr(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (stat !== '') parents.set(Number(name), parent);
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return (
    [...parents.keys()]
      .filter(isBelow)
      .reduce(
        (sum, child) =>
          sum +
          Number(/^VmRSS:\s+(\d+) kB/m.exec(readOr(`/proc/${String(child)}/status`))?.[1] ?? 0),
        0
      ) * 1_024
  );
}

/** Returns the text of a file of /proc; empty when its process has ended. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
