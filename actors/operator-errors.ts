/**
 * Table of the errors that an operator meets while the server starts or runs; `protocol/errors.ts` has those of the
 * wire. Error texts and `docs/errors.md` take their advice from here.
 */
import { REQUIRED_BUT } from '../machines/clickhouse/clickhouse-status.js';

/** What an error means to an operator: its text, and what to do. */
export interface OperatorErrorRule {
  /** A fixed part of the message, to search for. */
  readonly message: string;
  readonly action: string;
  /** Whether it may be over without anybody's doing, so that starting the server again later may help. */
  readonly passes: boolean;
}

const LOG_COMMANDS =
  'stop the server and run "rollcall log check" to see what is damaged and "rollcall log export" to save every readable message as JSON lines';

/** Errors by code. */
export const OPERATOR_ERRORS = {
  config_refused: {
    message: 'configuration refused',
    action: 'correct them all and try again; `rollcall start --help` lists every setting',
    passes: false
  },
  config_value: {
    message: 'is refused',
    action: 'give one of the values that are allowed',
    passes: false
  },
  config_env_file: { message: '.env, line', action: 'correct that line as it says', passes: false },
  config_unknown: {
    message: 'there is no such setting',
    action: 'unset it, or use the name that is suggested',
    passes: false
  },
  config_test_mode: { message: 'it must not be set in', action: 'unset it', passes: false },
  data_dir: { message: 'cannot be used', action: 'check DATA_DIR', passes: false },
  data_dir_permission: {
    message: 'cannot be written to',
    action: 'give the server’s user write permission, or set DATA_DIR to another directory',
    passes: false
  },
  data_dir_read_only: {
    message: 'is on a read-only file system',
    action: 'mount it for writing, or set DATA_DIR to another directory',
    passes: false
  },
  data_dir_no_directory: {
    message: 'is not a directory',
    action: 'remove the file or set DATA_DIR to a directory',
    passes: false
  },
  data_dir_full: { message: 'has no space left', action: 'free space on its disk', passes: true },
  data_dir_contended: {
    message: 'is being claimed by several processes at once',
    action: 'start one server only, or remove its lock file when none is running',
    passes: true
  },
  data_dir_in_use: {
    message: 'is in use by process',
    action: 'stop that server, or set DATA_DIR to another directory',
    passes: true
  },
  log_format: {
    message: 'it was written by a newer version',
    action: `start that one again, or ${LOG_COMMANDS}`,
    passes: false
  },
  log_corrupt: {
    message: 'is damaged',
    action: `${LOG_COMMANDS}; "rollcall log check --repair" goes on with what is whole`,
    passes: false
  },
  log_open: {
    message: 'cannot be opened',
    action: 'check the permissions of DATA_DIR and the space on its disk',
    passes: false
  },
  log_role: {
    message: 'does not fit NATS_URL',
    action:
      'set NATS_URL as it was for this directory, give the node another DATA_DIR, or see docs/cluster.md for the ways from one node to several and back',
    passes: false
  },
  port_in_use: {
    message: 'is in use',
    action: 'stop what listens there or set PORT',
    passes: true
  },
  listen: { message: 'cannot listen on', action: 'check HOST and PORT', passes: false },
  uws_not_loadable: {
    message: 'uWebSockets.js does not load here',
    action: 'set TRANSPORT=auto or ws, or use Node 20 or 22 on glibc Linux, macOS or Windows',
    passes: false
  },
  clickhouse_required: {
    message: REQUIRED_BUT,
    action:
      'correct that, set CLICKHOUSE_URL to a server that answers, or set CLICKHOUSE_REQUIRED=false and CLICKHOUSE_URL=off to serve without ClickHouse',
    passes: true
  }
} as const satisfies Record<string, OperatorErrorRule>;

/** A code of {@link OPERATOR_ERRORS}. */
export type OperatorErrorCode = keyof typeof OPERATOR_ERRORS;
