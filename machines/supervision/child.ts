/**
 * The protocol between a supervisor and its children, whatever they are: a child says itself when it is ready, is
 * told once to stop, and ends in a final state whose output says how. A supervisor speaks it too, so that one may be
 * the child of another.
 */

/** What the start of a child came to, as far as later phases need it: the frame types that have a handler. */
export interface StartResults {
  readonly handlers: readonly string[];
}

/** Nothing learnt yet. */
export const NO_RESULTS: StartResults = { handlers: [] };

/** Input of every supervised child. */
export interface ChildInput {
  readonly id: string;
  readonly results: StartResults;
}

/**
 * What a child tells its supervisor; `id` is the child's own. `child.waiting` says what its start waits for, so that a
 * start that takes too long blames the part that held it up and not the whole.
 */
export type ChildReport =
  | { type: 'child.ready'; id: string; results?: StartResults }
  | { type: 'child.waiting'; id: string; on: string }
  | { type: 'child.degraded'; id: string; error: string }
  | { type: 'child.recovered'; id: string };

/** What a supervisor tells a child: let go of everything and end in a final state. */
export interface ChildStop {
  type: 'child.stop';
}

/** How a child ended: the output of every supervised machine. A supervisor also names the `service` that took it down. */
export type ChildOutput =
  { status: 'stopped' } | { status: 'failed'; error: string; service?: string };

/** Says how a child ended when its output is a {@link ChildOutput}; null when it ended as it was told to. */
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
