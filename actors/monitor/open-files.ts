/** Reads how many file descriptors the process has open, and how many it may have. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { codeOf } from '../../machines/error-code.js';

/** Open file descriptors: sockets and files together. */
export interface OpenFilesCount {
  readonly open: number;
  readonly limit: number;
}

/** How the system is asked; specs pass their own. Each throws what the system answers. */
export interface OpenFilesSource {
  /** Returns the text of `/proc/self/limits`. */
  limits(): string;
  /** Returns the number of open descriptors. */
  open(): number;
}

/** The process itself; only Linux has these files. */
const OWN: OpenFilesSource = {
  limits: () => readFileSync('/proc/self/limits', 'utf8'),
  // The size of the directory is the count since Linux 6.2, and costs nothing; before that it is 0.
  open: () => statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length
};

/** Reads the descriptors of this process. */
export class OpenFiles {
  private readonly source: OpenFilesSource;
  private limit: number | null = null;

  constructor(source: OpenFilesSource = OWN) {
    this.source = source;
    // The limit must be known before there is no descriptor left to read it with.
    this.count();
  }

  /** Returns the counts; null where the system does not tell them or sets no limit. */
  count(): OpenFilesCount | null {
    try {
      const soft = /^Max open files\s+(\d+)/m.exec(this.source.limits())?.[1];
      this.limit = soft === undefined ? null : Number(soft);
      return this.limit === null ? null : { open: this.source.open(), limit: this.limit };
    } catch (error) {
      // Asking needs a descriptor too: that there is none left is the answer.
      if (!isOut(error) || this.limit === null) return null;
      return { open: this.limit, limit: this.limit };
    }
  }
}

function isOut(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(codeOf(error));
}
