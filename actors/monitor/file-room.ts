/**
 * Decides which new TCP connections leave enough file descriptors to everything else. Without a free one the engines
 * accept nobody, uWebSockets.js uses a core for it, and the thread log and whoever looks at the server have none either.
 */
import type { OpenFiles, OpenFilesCount } from './open-files.js';
import { OPEN_FILES_CRITICAL_SHARE } from './finding-rules.js';

/** Most descriptors that connections leave to the log, the pages and the checks of an operator. */
export const RESERVED_FILES = 32;

/** Part of a low limit that is enough for those: one of so many. */
const RESERVED_PART = 16;

/** Most connections that are let in between two counts. */
const UNCOUNTED_MAX = 1_000;

/** What is left of the file descriptors for connections. */
export class FileRoom {
  private readonly files: Pick<OpenFiles, 'count'>;
  /** Connections that fit without counting again; half of what is free, since others open files too. */
  private uncounted = 0;
  private last: OpenFilesCount | null = null;

  constructor(files: Pick<OpenFiles, 'count'>) {
    this.files = files;
  }

  /** Whether so few are free that nobody should be let in who can be told to come back. */
  get isShort(): boolean {
    return this.last !== null && this.last.open >= this.last.limit * OPEN_FILES_CRITICAL_SHARE;
  }

  /** Counts the open ones, once a second. */
  count(): OpenFilesCount | null {
    this.last = this.files.count();
    return this.last;
  }

  /** Returns whether one more connection may stay that has just been accepted. */
  admits(): boolean {
    if (this.uncounted > 0) {
      this.uncounted--;
      return true;
    }
    const count = this.count();
    const free = count === null ? Infinity : freeOf(count);
    this.uncounted = Math.max(0, Math.min(UNCOUNTED_MAX, Math.floor(free / 2)));
    return free >= 0;
  }
}

function freeOf({ open, limit }: OpenFilesCount): number {
  return limit - Math.min(RESERVED_FILES, Math.floor(limit / RESERVED_PART)) - open;
}
