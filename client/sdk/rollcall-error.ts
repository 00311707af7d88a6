import type { ServerFrame } from '../../protocol/frames.js';

/**
 * Codes that the SDK itself gives, beside those of the server (`ERRORS` in `protocol/errors.ts`):
 * `bad_url` not an address of a server · `no_websocket` the platform has none and none was passed · `timeout` no answer in time · `disconnected` the connection went before the
 * answer came · `closed` the client has been closed · `left` the thread has been left · `overflow` a bounded queue of
 * the SDK is full · `bad_reply` an answer of another type than asked for · `token` the application's `getToken` failed ·
 * `storage` the application's `storage` failed.
 */
export type ClientErrorCode =
  | 'bad_url'
  | 'no_websocket'
  | 'timeout'
  | 'disconnected'
  | 'closed'
  | 'left'
  | 'overflow'
  | 'bad_reply'
  | 'token'
  | 'storage';

/** Every failure that the SDK reports, the server's and its own. */
export class RollcallError extends Error {
  /** A {@link ClientErrorCode} or a code of the server; newer servers may know more codes than this SDK. */
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** How long to wait before trying again, in milliseconds; null when the server did not say. */
  readonly afterMs: number | null;

  constructor(code: string, message: string, retry = false, afterMs: number | null = null) {
    super(message);
    this.name = 'RollcallError';
    this.code = code;
    this.retry = retry;
    this.afterMs = afterMs;
  }
}

/** Makes the error of a code that only the SDK gives. */
export function clientError(code: ClientErrorCode, message: string, retry = false): RollcallError {
  return new RollcallError(code, message, retry);
}

/** Makes the server's `error` frame an error to throw. */
export function serverError(frame: ServerFrame<'error'>): RollcallError {
  return new RollcallError(frame.code, frame.message, frame.retry, frame.afterMs ?? null);
}
