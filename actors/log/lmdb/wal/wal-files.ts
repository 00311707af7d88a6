/**
 * The segments of a write-ahead log: files with one record after the other in the folder `wal` of the log, named by a
 * growing index and whoever writes or has taken them.
 */
import { randomUUID } from 'node:crypto';
import {
  close,
  constants,
  existsSync,
  fsync,
  ftruncate,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlink,
  write
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LogFencedError } from '../log-store.js';
import type { LocalDurability } from '../log-keys.js';

const closeFile = promisify(close);
const flush = promisify(fsync);
const remove = promisify(unlink);
const cut = promisify(ftruncate);

/** Name of the folder of segments in a log's folder. */
export const WAL_FOLDER = 'wal';

/**
 * Bytes of zeros that a segment has ahead of its records, at the most. A durable write over bytes that are there changes
 * nothing else; one that makes the file longer also waits until the file system has written down the new length.
 */
export const ROOM_BYTES = 262_144;

const ZEROS = Buffer.alloc(ROOM_BYTES);

const NAME = /^(\d{12})(?:-[0-9a-f-]+)?\.wal$/;

/** A segment on disk. */
export interface SegmentFile {
  readonly index: number;
  readonly path: string;
}

/** The segments of a log, oldest first. */
export function segmentFiles(dir: string): SegmentFile[] {
  const folder = join(dir, WAL_FOLDER);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return names
    .flatMap((name) => {
      const index = NAME.exec(name)?.[1];
      return index === undefined ? [] : [{ index: Number(index), path: join(folder, name) }];
    })
    .sort((a, b) => a.index - b.index);
}

/**
 * Takes the segments from whoever wrote them before. A writer that still runs notices that its file has another name
 * before it acknowledges anything more: what it acknowledged is in the file that is read next.
 */
export function takeSegments(dir: string, writer: string): SegmentFile[] {
  return segmentFiles(dir).map(({ index, path }) => {
    const taken = join(dir, WAL_FOLDER, `${name(index)}-${writer}.wal`);
    renameSync(path, taken);
    return { index, path: taken };
  });
}

/** A segment that is written to. While it is, zeros may stand behind its last record; they are no record. */
export class Segment {
  readonly index: number;
  readonly path: string;
  readonly #file: number;
  readonly #isDurable: boolean;
  #bytes = 0;
  /** Bytes of the file, the zeros included. */
  #room = 0;
  #making: Promise<void> | null = null;

  private constructor(index: number, path: string, file: number, isDurable: boolean) {
    this.index = index;
    this.path = path;
    this.#file = file;
    this.#isDurable = isDurable;
  }

  /**
   * Makes a segment; resolves when it is as durable as what will be written to it.
   */
  static async begin(dir: string, index: number, use: LocalDurability): Promise<Segment> {
    const folder = join(dir, WAL_FOLDER);
    mkdirSync(folder, { recursive: true });
    // No other writer's segment has this name: while there is a file that has it, it is this one.
    const path = join(folder, `${name(index)}-${randomUUID()}.wal`);
    const { O_WRONLY, O_CREAT, O_EXCL, O_DSYNC } = constants;
    const isDurable = use === 'disk';
    // A write to a file that was opened so is durable when it returns: one call instead of a write and a sync.
    const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | (isDurable ? O_DSYNC : 0), 0o600);
    const segment = new Segment(index, path, file, isDurable);
    segment.#makeRoom();
    try {
      if (isDurable) await syncFolder(folder);
      await segment.#making;
    } catch (error) {
      await segment.close();
      throw error;
    }
    return segment;
  }

  /** Bytes of its records, all of them durable. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds bytes; resolves when they are durable. After a rejection nothing more may be added.
   * @throws {LogFencedError} another process has taken the segment
   */
  async append(bytes: Buffer): Promise<void> {
    const end = this.#bytes + bytes.length;
    if (end > this.#room) {
      // Zeros that are on their way would be written over these bytes.
      if (this.#making !== null) await this.#making;
      this.#room = Math.max(this.#room, end);
    }
    await writeAll(this.#file, bytes, this.#bytes);
    // Only now: whoever takes the segment later finds these bytes in it. Asked without `stat`: after each of those the
    // next write gives the file a new time, which must reach the disk too.
    if (!existsSync(this.path)) throw new LogFencedError();
    this.#bytes = end;
    if (this.#room - end < ROOM_BYTES / 2) this.#makeRoom();
  }

  /** Writes zeros behind what the file has. When the disk refuses them, so will it the next record, which tells it. */
  #makeRoom(): void {
    if (!this.#isDurable || this.#making !== null) return;
    this.#making = writeAll(this.#file, ZEROS, this.#room)
      .then(
        () => {
          this.#room += ROOM_BYTES;
        },
        () => undefined
      )
      .finally(() => {
        this.#making = null;
      });
  }

  /** Cuts off what a failed append has left and the zeros, as far as the disk lets it, and closes the file. */
  async close(): Promise<void> {
    await this.#making;
    await cut(this.#file, this.#bytes).catch(() => undefined);
    await closeFile(this.#file);
  }
}

/** Removes segments; one that is gone already is fine. */
export async function removeSegments(files: readonly SegmentFile[]): Promise<void> {
  for (const { path } of files) await remove(path).catch(() => undefined);
}

function name(index: number): string {
  return String(index).padStart(12, '0');
}

function writeAll(file: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error, written) => {
      if (error !== null) reject(error);
      else if (written === bytes.length) resolve();
      else writeAll(file, bytes.subarray(written), position + written).then(resolve, reject);
    });
  });
}

/** A new file is found after a crash only when its folder is on disk too. */
async function syncFolder(folder: string): Promise<void> {
  let file: number;
  try {
    file = openSync(folder, 'r');
  } catch {
    return; // Windows does not open folders, and keeps the name without that.
  }
  try {
    await flush(file);
  } finally {
    await closeFile(file);
  }
}
