/**
 * What the server and the child process of the embedded engine say to each other, over Node's IPC channel.
 */
import type { Row, StoreErrorCode } from '../store.js';

/** One thing asked of the engine. */
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
  | { readonly op: 'close' };

/** An order with the number that its answer carries. */
export interface EngineRequest {
  readonly id: number;
  readonly order: EngineOrder;
}

/** Answer to one request: rows (empty where there are none), or what went wrong. */
export type EngineAnswer =
  | { readonly id: number; readonly ok: true; readonly rows: Row[] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: StoreErrorCode;
      readonly reason: string;
    };

/** Whether a message on the channel is an answer; anything else there is not ours. */
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

/** Whether a message on the channel is a request. */
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
