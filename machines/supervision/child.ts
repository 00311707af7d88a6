/**
 * Protocol between a supervisor and its children. A child reports when it is ready, is told once to stop, and ends in a
 * final state whose output says how. A supervisor speaks the same protocol to its parent, so one may be the child of
 * another.
 */

/** Result of a start that later phases need: the frame types that have a handler. */
export interface StartResults {
  readonly handlers: readonly string[];
}

/** Results before anything has started. */
export const NO_RESULTS: StartResults = { handlers: [] };

/** Input of every supervised child. */
export interface ChildInput {
  readonly id: string;
  readonly results: StartResults;
}

/**
 * What a child reports to its supervisor; `id` is the child's own. `child.waiting` says what delays the start, so that
 * a start that takes too long names the part that delayed it.
 */
export type ChildReport =
  | { type: 'child.ready'; id: string; results?: StartResults }
  | { type: 'child.waiting'; id: string; on: string }
  | { type: 'child.degraded'; id: string; error: string }
  | { type: 'child.recovered'; id: string };

/** Order to release everything and end in a final state. */
export interface ChildStop {
  type: 'child.stop';
}

/** How a child ended: the output of every supervised machine. A supervisor also names the `service` that failed it. */
export type ChildOutput =
  { status: 'stopped' } | { status: 'failed'; error: string; service?: string };

/**
 * Returns why a child failed, from its output; null when it stopped as ordered. An output that is no {@link
 * ChildOutput} counts as a failure.
 */
export function failureOf(output: unknown): string | null {
  if (typeof output !== 'object' || output === null || !('status' in output)) {
    return 'ended without saying why';
  }
  if (output.status !== 'failed') return null;
  const error = 'error' in output && typeof output.error === 'string' ? output.error : '';
  const blamed = 'service' in output && typeof output.service === 'string' ? output.service : '';
  return [blamed, error === '' ? 'no reason given' : error]
    .filter((part) => part !== '')
    .join(': ');
}
