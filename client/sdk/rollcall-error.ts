import type { ErrorCode } from '../../protocol/errors.js';
import type { ServerFrame } from '../../protocol/frames.js';

/**
 * Codes of the SDK's own errors; the server's codes are in `ERRORS` of `protocol/errors.ts`.
 * `bad_url` not an address of a server · `no_websocket` the platform has none and none was passed · `timeout` no
 * answer in time · `disconnected` the connection ended before the
 * answer came · `closed` the client has been closed · `left` the thread has been left · `overflow` a bounded queue of
 * the SDK is full · `bad_reply` the answer has an unexpected type · `token` the application's `getToken` failed ·
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

/** A code of the SDK or of the server, such as `forbidden`, `revoked` or `expired`; newer servers may know more. */
export type RollcallErrorCode = ClientErrorCode | ErrorCode | (string & {});

/** The only error type of the SDK, for the server's errors and its own. */
export class RollcallError extends Error {
  /** What went wrong. */
  readonly code: RollcallErrorCode;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** How long to wait before trying again, in milliseconds; null when the server did not say. */
  readonly afterMs: number | null;

  constructor(
    code: RollcallErrorCode,
    message: string,
    retry = false,
    afterMs: number | null = null
  ) {
    super(message);
    this.name = 'RollcallError';
    this.code = code;
    this.retry = retry;
    this.afterMs = afterMs;
  }
}

/** Makes an error with one of the SDK's own codes. */
export function clientError(code: ClientErrorCode, message: string, retry = false): RollcallError {
  return new RollcallError(code, message, retry);
}

/** Makes the error of a request that was answered by a frame of another type. */
export function badReply(asked: string, { type }: ServerFrame): RollcallError {
  return clientError('bad_reply', `${asked} was answered by ${type}`);
}

/** Makes an error from the server's `error` frame. */
export function serverError(frame: ServerFrame<'error'>): RollcallError {
  return new RollcallError(frame.code, frame.message, frame.retry, frame.afterMs ?? null);
}
