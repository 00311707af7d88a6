/** Errors of a thread log that cannot be used, in words that an operator can act on. */

import { OPERATOR_ERRORS } from '../operator-errors.js';

const { log_format, log_corrupt, log_open, log_role } = OPERATOR_ERRORS;

/** Thrown when the log was written by a newer version of Rollcall. */
export class LogFormatError extends Error {
  readonly code = 'log_format';
  constructor(dir: string, found: number, known: number) {
    super(
      `the thread log in ${dir} has format ${String(found)}, this version reads up to ${String(known)}: ` +
        `${log_format.message}; ${log_format.action}`
    );
    this.name = 'LogFormatError';
  }
}

/** Thrown when the log is damaged; `what` names the place. */
export class LogCorruptError extends Error {
  readonly code = 'log_corrupt';
  constructor(dir: string, what: string) {
    super(`the thread log in ${dir} ${log_corrupt.message}: ${what}; ${log_corrupt.action}`);
    this.name = 'LogCorruptError';
  }
}

/** Thrown when the log cannot be opened for a reason outside of it: permissions, space, no such directory. */
export class LogOpenError extends Error {
  readonly code = 'log_open';
  constructor(dir: string, why: string) {
    super(`the thread log in ${dir} ${log_open.message}: ${why}; ${log_open.action}`);
    this.name = 'LogOpenError';
  }
}

/** Thrown when the log is of a single node and a cluster is configured, the other way round, or of another cluster. */
export class LogRoleError extends Error {
  readonly code = 'log_role';
  constructor(why: string) {
    super(`the thread log ${log_role.message}: ${why}; ${log_role.action}`);
    this.name = 'LogRoleError';
  }
}

/** Thrown by reads, and the rejection of record writes, while the log cannot serve them. Nothing was stored. */
export class LogUnavailableError extends Error {
  readonly code = 'unavailable';
  constructor(reason: string) {
    super(`nothing was stored: ${reason}`);
    this.name = 'LogUnavailableError';
  }
}

/** Runs a read and returns `instead` when what it reads is damaged: one damaged row must not stop the others. */
export function orDamaged<T>(read: () => T, instead: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LogCorruptError) return instead;
    throw error;
  }
}
