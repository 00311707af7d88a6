/** Reads how much memory this process uses and what its limits are. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

/** Readings of a process; specs pass their own. */
export interface MemorySource {
  /** Bytes of the JavaScript heap, in use and at most. */
  heap(): { readonly used: number; readonly limit: number };
  /** Bytes of memory without a file. Mapped pages of the thread log are left out, because the kernel can drop them. */
  resident(): number;
  /** Limit of the container, in bytes; null when there is none. */
  container(): number | null;
}

/** A container's limit above this means none: for "no limit" kernels write a number near 2^63. */
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

/** Only Linux tells memory with and without a file apart. */
function anonymousBytes(): number | null {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
