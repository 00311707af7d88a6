/** Messages between the server and the child process of the embedded engine, over Node's IPC channel. */
import type { CopiedBatch, CopiedTable } from '../copy/row-copy.js';
import type { Row, StoreErrorCode } from '../store.js';

/** An order to the engine. */
export type EngineOrder =
  | { readonly op: 'open'; readonly path: string }
  | { readonly op: 'ping'; readonly sql: string }
  | { readonly op: 'command'; readonly sql: string }
  | { readonly op: 'query'; readonly sql: string }
  | {
      readonly op: 'insert';
      readonly table: string;
      readonly columns: readonly [string, ...string[]];
      readonly rows: readonly Row[];
    }
  /** A piece of the batch with this number. It replaces the batch before it, which the sink has finished or given up. */
  | {
      readonly op: 'add';
      readonly copy: number;
      readonly node: string;
      readonly piece: CopiedBatch;
    }
  /** Inserts the rows of a table; answers one row with their number. */
  | { readonly op: 'copy'; readonly copy: number; readonly table: CopiedTable }
  | { readonly op: 'close' };

/** An order with the number that its answer repeats. */
export interface EngineRequest {
  readonly id: number;
  readonly order: EngineOrder;
}

/** Answer to a request: rows (empty when the statement has none), or the error. */
export type EngineAnswer =
  | { readonly id: number; readonly ok: true; readonly rows: Row[] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: StoreErrorCode;
      readonly reason: string;
    };

/** Returns whether a message on the channel is an answer; other messages are not ours. */
export function isEngineAnswer(message: unknown): message is EngineAnswer {
  return (
    typeof message === 'object' &&
    message !== null &&
    'id' in message &&
    typeof message.id === 'number' &&
    'ok' in message &&
    (message.ok === true
      ? 'rows' in message && Array.isArray(message.rows)
      : 'reason' in message && typeof message.reason === 'string' && 'code' in message)
  );
}

/** Returns whether a message on the channel is a request. */
export function isEngineRequest(message: unknown): message is EngineRequest {
  return (
    typeof message === 'object' &&
    message !== null &&
    'id' in message &&
    typeof message.id === 'number' &&
    'order' in message &&
    typeof message.order === 'object' &&
    message.order !== null &&
    'op' in message.order
  );
}
