/**
 * Table of the errors that an operator meets while the server starts or runs; `protocol/errors.ts` has those of the
 * wire. Error texts and `docs/errors.md` take their advice from here.
 */
import { REQUIRED_BUT } from '../machines/clickhouse/clickhouse.machine.js';

/** What an error means to an operator: its text, and what to do. */
export interface OperatorErrorRule {
  /** A fixed part of the message, to search for. */
  readonly message: string;
  readonly action: string;
}

const LOG_COMMANDS =
  'stop the server and run "rollcall log check" to see what is damaged and "rollcall log export" to save every readable message as JSON lines';

/** Errors by code. */
export const OPERATOR_ERRORS = {
  data_dir_in_use: {
    message: 'is in use by process',
    action: 'stop that server, or set DATA_DIR to another directory'
  },
  log_format: {
    message: 'it was written by a newer version',
    action: `start that one again, or ${LOG_COMMANDS}`
  },
  log_corrupt: { message: 'is damaged', action: LOG_COMMANDS },
  log_open: {
    message: 'cannot be opened',
    action: 'check the permissions of DATA_DIR and the space on its disk'
  },
  port_in_use: { message: 'is in use', action: 'stop what listens there or set PORT' },
  listen: { message: 'cannot listen on', action: 'check HOST and PORT' },
  uws_not_loadable: {
    message: 'uWebSockets.js does not load here',
    action: 'set TRANSPORT=auto or ws, or use Node 20 or 22 on glibc Linux, macOS or Windows'
  },
  clickhouse_required: {
    message: REQUIRED_BUT,
    action: 'start ClickHouse or correct CLICKHOUSE_URL, or set CLICKHOUSE_REQUIRED=false'
  }
} as const satisfies Record<string, OperatorErrorRule>;
