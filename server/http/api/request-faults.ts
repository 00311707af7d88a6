/** The answer of every API to an error of a request. */
import { LogUnavailableError } from '../../../actors/log/log-errors.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { unreadable } from '../../chat/unreadable.js';
import type { NoteLimited } from '../../limits/limited.js';
import { askAgain, problem } from '../../transport/problem.js';
import {
  BodiesFullError,
  BodyNotUtf8Error,
  BodyTooLargeError,
  type HttpReply
} from '../../transport/transport.js';

/** After how many seconds to repeat a request whose body found no memory: other bodies have arrived completely by then. */
const FULL_RETRY_SECONDS = 1;

/** Returns the answer to an error; null for an error of the server. */
export type RequestFaults = (error: unknown) => HttpReply | null;

/** Options of {@link requestFaults}. */
export interface RequestFaultsOptions {
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Answers bodies that cannot be taken, then the errors of one API (`own`), then a thread log that cannot be read. */
export function requestFaults(
  { incidents, limited }: RequestFaultsOptions,
  own: RequestFaults = () => null
): RequestFaults {
  return (error) => {
    const fault = bodyFault(error, limited) ?? own(error);
    if (fault !== null) return fault;
    const reason = unreadable(error, incidents);
    return reason === null ? null : problem('unavailable', reason);
  };
}

/** Returns the answer to a change that the thread log did not take; null for any other error. */
export function notStored(error: unknown): HttpReply | null {
  return error instanceof LogUnavailableError
    ? problem('unavailable', 'the change was not stored')
    : null;
}

function bodyFault(error: unknown, limited: NoteLimited): HttpReply | null {
  if (error instanceof BodyTooLargeError) {
    limited('frame_bytes');
    return problem('too_large', error.message);
  }
  if (error instanceof BodiesFullError) {
    return askAgain(problem('unavailable', error.message), FULL_RETRY_SECONDS);
  }
  return error instanceof BodyNotUtf8Error ? problem('bad_json', error.message) : null;
}
