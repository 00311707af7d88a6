/** Sizes on the disk, asked when the metrics are asked for. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_FOLDER } from '../config/config.js';

/** The sizes, in bytes; null when they are not known, as before the log is there. */
export interface DiskFigures {
  readonly logBytes: number | null;
  readonly freeBytes: number | null;
}

/** Returns the size of the thread log, a folder in the data directory, and the room beside it. */
export async function diskFigures(dataDir: string): Promise<DiskFigures> {
  const [logBytes, freeBytes] = await Promise.all([
    sizeOf(join(dataDir, LOG_FOLDER)).catch(() => null),
    statfs(dataDir).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => null
    )
  ]);
  return { logBytes, freeBytes };
}

/** Counts blocks, since the data file may have holes. */
async function sizeOf(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true });
  // A segment of the write-ahead log may go in between.
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(dir, file)).then(
        (found) => (found.isFile() ? found.blocks * 512 : 0),
        () => 0
      )
    )
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
