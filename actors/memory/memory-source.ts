/** Reads how much memory this process uses, and how much it may use. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

/** How the process is asked; specs pass their own. */
export interface MemorySource {
  /** Bytes of the JavaScript heap, in use and at most. */
  heap(): { readonly used: number; readonly limit: number };
  /** Bytes of memory that no file backs: pages of the thread log are the kernel's to drop. */
  resident(): number;
  /** Limit of the container, in bytes; null when there is none. */
  container(): number | null;
}

/** Larger limits of a container are none: kernels write some number near 2^63. */
const NO_LIMIT_BYTES = 2 ** 50;

/** The process itself. */
export const OWN_MEMORY: MemorySource = {
  heap: () => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return { used, limit };
  },
  resident: () => anonymousBytes() ?? process.memoryUsage.rss(),
  container: () => {
    // libuv reads memory.max of cgroup v2, or memory.limit_in_bytes of v1.
    const bytes = process.constrainedMemory();
    return bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : null;
  }
};

/** Only Linux tells it apart. */
function anonymousBytes(): number | null {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
