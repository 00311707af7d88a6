/** Which partition a thread belongs to. */

/**
 * Returns the partition of a thread, by FNV-1a over its characters. It must never change: the commands of a thread stay
 * in the partition in which they were ordered.
 */
export function partitionOf(thread: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < thread.length; index += 1) {
    hash = Math.imul(hash ^ thread.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}
