/**
 * Logging as the actors see it: four levels, a message and a few named fields. The server gives the implementation.
 * Only transitions are logged, never one line per message.
 */

/** Names of what a line is about; anything else may stand beside them. */
export interface LogFields {
  /** Which actor says it. */
  readonly actor?: string | undefined;
  readonly thread?: string | undefined;
  readonly connection?: string | undefined;
  /** Code of an error or a close. */
  readonly code?: string | number | undefined;
  readonly [field: string]: unknown;
}

/** Takes log lines. None of its methods throws or waits. */
export interface Logger {
  /** Whether `debug` does anything; ask before building a line that costs something. */
  readonly isDebug: boolean;
  /** Something was lost or cannot be done, and somebody has to act. */
  error(message: string, fields?: LogFields): void;
  /** Something is wrong that may go away by itself. */
  warn(message: string, fields?: LogFields): void;
  /** A transition that an operator wants to see. */
  info(message: string, fields?: LogFields): void;
  /** A transition for those who look for a fault in Rollcall itself. */
  debug(message: string, fields?: LogFields): void;
}
