/** State of a client's connection, as applications see it. */
import type { ServerFrame } from '../../../protocol/frames.js';
import type { RollcallError } from '../rollcall-error.js';
import type { EndCause } from './end-cause.js';

/** The server's answer to `connect`. */
export type Connected = ServerFrame<'connected'>;

/** State of a client's connection, by name. */
export type ClientState =
  /** `getToken` is running. */
  | { readonly name: 'refreshing'; readonly attempt: number }
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'connected'; readonly user: string; readonly connected: Connected }
  | {
      readonly name: 'waiting';
      /** Failed attempts since the last stable connection. */
      readonly failures: number;
      /** When the next attempt starts, Unix milliseconds, to be shown. */
      readonly retryAt: number;
      /** Length of the wait in milliseconds, from the beginning of this state, for a countdown by `elapsed()`. */
      readonly retryMs: number;
      /** Close code of the last connection; 1006 when it was cut or never opened. */
      readonly code: number;
      readonly reason: string;
    }
  | {
      /** Final: the server forbade reconnecting, refused the token, or `close()` was called (code 1000). */
      readonly name: 'closed';
      readonly code: number;
      readonly reason: string;
      /** What ended it, for an application that tells its user. */
      readonly cause: EndCause;
      readonly error: RollcallError;
    };
