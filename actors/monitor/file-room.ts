/**
 * Keeps file descriptors free by limiting new TCP connections. Without a free one the engines accept nobody (and
 * uWebSockets.js uses a whole core for that), the thread log cannot open files, and no operator can connect.
 */
import type { OpenFiles, OpenFilesCount } from './open-files.js';
import { OPEN_FILES_CRITICAL_SHARE } from './finding-rules.js';

/** Descriptors that connections leave to the log, the pages and the checks of an operator. */
export const RESERVED_FILES = 32;

/** Of a low limit, one descriptor in so many is kept instead. */
const RESERVED_PART = 16;

/** Most connections accepted between two counts. */
const UNCOUNTED_MAX = 1_000;

/** Counts the file descriptors that are left for connections. */
export class FileRoom {
  private readonly files: Pick<OpenFiles, 'count'>;
  /** Connections that may be accepted before the next count: half of what is free, since other parts open files too. */
  private uncounted = 0;
  private last: OpenFilesCount | null = null;

  constructor(files: Pick<OpenFiles, 'count'>) {
    this.files = files;
  }

  /** Whether so few are free that a request for a connection should be answered 503. */
  get isShort(): boolean {
    return this.last !== null && this.last.open >= this.last.limit * OPEN_FILES_CRITICAL_SHARE;
  }

  /** Counts the open descriptors; called once a second. */
  count(): OpenFilesCount | null {
    this.last = this.files.count();
    return this.last;
  }

  /** Returns whether a connection that was just accepted may stay. */
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
