/**
 * Logging for the actors: four levels, a message and a few named fields. The server gives the implementation. Only
 * transitions are logged, never one line per message.
 */

/** Fields of a log line; others may be added. */
export interface LineFields {
  /** The actor that writes the line. */
  readonly actor?: string | undefined;
  readonly thread?: string | undefined;
  readonly connection?: string | undefined;
  /** Code of an error or a close. */
  readonly code?: string | number | undefined;
  readonly [field: string]: unknown;
}

/** Writes log lines. None of its methods throws or waits. */
export interface Logger {
  /** Whether `debug` writes lines; check it before building an expensive line. */
  readonly isDebug: boolean;
  /** Something was lost or cannot be done, and somebody has to act. */
  error(message: string, fields?: LineFields): void;
  /** Something is wrong but may pass by itself. */
  warn(message: string, fields?: LineFields): void;
  /** A transition that an operator wants to see. */
  info(message: string, fields?: LineFields): void;
  /** A transition that helps to find a fault in Rollcall itself. */
  debug(message: string, fields?: LineFields): void;
}
