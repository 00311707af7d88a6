/**
 * Errors of a data directory that cannot be used. Each message is one line that says what to do.
 */
import { codeOf } from '../../../../machines/error-code.js';
import { reasonOf } from '../../../../machines/reason.js';
import { OPERATOR_ERRORS, type OperatorErrorCode } from '../../../operator-errors.js';
import { nameOf, type LockHolder } from './lock-holder.js';

type DataDirCode = Extract<OperatorErrorCode, `data_dir${string}`>;

/** Thrown when the directory cannot be used. */
export class DataDirError extends Error {
  readonly code: DataDirCode;
  /** `detail` follows the words of the code. */
  constructor(dir: string, code: DataDirCode, detail = '') {
    const { message, action } = OPERATOR_ERRORS[code];
    super(`the data directory ${dir} ${message}${detail}: ${action}`);
    this.name = 'DataDirError';
    this.code = code;
  }
}

/** Thrown when another process holds the directory. */
export class DataDirInUseError extends DataDirError {
  /** Process id of the holder, where it runs. */
  readonly pid: number;
  constructor(dir: string, holder: LockHolder) {
    super(dir, 'data_dir_in_use', ` ${nameOf(holder)}`);
    this.name = 'DataDirInUseError';
    this.pid = holder.pid;
  }
}

/** Turns an error of the file system into one that says what to do. */
export function explained(dir: string, error: unknown): DataDirError {
  if (error instanceof DataDirError) return error;
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new DataDirError(dir, 'data_dir_permission', ` (${code})`);
    case 'EROFS':
      return new DataDirError(dir, 'data_dir_read_only', ` (${code})`);
    case 'ENOTDIR':
    case 'EEXIST':
      return new DataDirError(dir, 'data_dir_no_directory');
    case 'ENOSPC':
    case 'EDQUOT':
      return new DataDirError(dir, 'data_dir_full', ` (${code})`);
    default:
      return new DataDirError(dir, 'data_dir', ` (${reasonOf(error)})`);
  }
}
