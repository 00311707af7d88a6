/** The test write that shows, after a failed commit, whether the disk takes such a commit again. */
import { statSync } from 'node:fs';
import { open as openFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_FILE } from './pages/log-file.js';

/** Name of the test file in the log's directory; it exists only during the test. */
export const PROBE_FILE = 'probe';

/** Smallest test write: room for a commit, not just for a byte. */
export const PROBE_BYTES = 1_048_576;

/** Largest test write, so that a failing disk is not kept busy; more than one commit of chat messages needs. */
export const PROBE_MAX_BYTES = 16_777_216;

/** Bytes to test for each byte that failed: the engine writes whole pages, and those that lead to them. */
const ROOM_FACTOR = 2;

/**
 * Writes as much as the failed commit needed, at the position where the data file would have grown, and flushes it. So
 * it meets what that commit met: a full disk, a quota, or a limit on the size of a file. It writes to a file of its
 * own that begins with a hole as long as the data file, because only the engine may touch the data file.
 * @throws the system's error when the disk refuses
 */
export async function probeDisk(dir: string, failedBytes: number): Promise<void> {
  const path = join(dir, PROBE_FILE);
  const bytes = Math.min(PROBE_MAX_BYTES, Math.max(PROBE_BYTES, failedBytes * ROOM_FACTOR));
  try {
    const file = await openFile(path, 'w');
    try {
      const block = Buffer.alloc(PROBE_BYTES);
      const from = holeBytes(dir);
      for (let done = 0; done < bytes; done += block.length) {
        await writeWhole(
          file,
          block.subarray(0, Math.min(block.length, bytes - done)),
          from + done
        );
      }
      await file.datasync();
    } finally {
      await file.close();
    }
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

/** Windows fills a hole with zeros, which would cost a write as long as the data file. */
function holeBytes(dir: string): number {
  if (process.platform === 'win32') return 0;
  return statSync(join(dir, DATA_FILE), { throwIfNoEntry: false })?.size ?? 0;
}

/** A write that meets a limit is cut short; only the next one gives the error. */
async function writeWhole(
  file: Awaited<ReturnType<typeof openFile>>,
  bytes: Buffer,
  position: number
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the disk takes no more bytes');
    done += bytesWritten;
  }
}
