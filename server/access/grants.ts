/** What a token's claim `threads` grants: patterns of thread ids, and the actions that each allows. */
import { isLongerThan, THREAD_ID_MAX } from '../../protocol/frames.js';

/** What a caller may want to do with a thread; `probe` is the use of reserved test threads. */
export const ACTIONS = ['read', 'write', 'manage', 'probe'] as const;

/** One of {@link ACTIONS}. */
export type Action = (typeof ACTIONS)[number];

/** Most patterns in a token. Every check may try them all. */
export const PATTERNS_MAX = 64;

/** A pattern of a token, with `{sub}` replaced by the user. */
export interface Grant {
  /** A whole thread id, or its beginning. */
  readonly text: string;
  /** Whether it is a beginning: the pattern ended in `*`. */
  readonly isPrefix: boolean;
  readonly actions: ReadonlySet<Action>;
}

/** All grants of a token. An empty list allows no thread. */
export type Grants = readonly Grant[];

/** Thrown when the claim `threads` is not valid; the message says why. */
export class GrantsError extends Error {
  /** What is wrong, to follow the word "threads". */
  readonly fault: string;
  constructor(fault: string) {
    super(`the token's threads ${fault}`);
    this.fault = fault;
    this.name = 'GrantsError';
  }
}

/**
 * Reads the claim `threads` of a user's token; null when the token has none. A claim with any unknown part is refused:
 * ignoring that part could grant less than was meant, guessing could grant more.
 * @throws {GrantsError} naming what is wrong
 */
export function grantsOf(claim: unknown, user: string): Grants | null {
  if (claim === undefined) return null;
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) {
    throw new GrantsError('must be an object of patterns and their actions');
  }
  const patterns = Object.entries(claim);
  if (patterns.length > PATTERNS_MAX) {
    throw new GrantsError(`has more than ${String(PATTERNS_MAX)} patterns`);
  }
  return patterns.map(([pattern, actions]) => grantOf(pattern, actions, user));
}

function grantOf(pattern: string, actions: unknown, user: string): Grant {
  const isPrefix = pattern.endsWith('*');
  const written = isPrefix ? pattern.slice(0, -1) : pattern;
  if (written.includes('*') || isLongerThan(written, THREAD_ID_MAX)) {
    throw new GrantsError('has a pattern that is neither a thread id nor its beginning and *');
  }
  if (!Array.isArray(actions)) throw new GrantsError('must give a list of actions to each pattern');
  return {
    // A function, because `$` has a meaning in a replacement text.
    text: written.replaceAll('{sub}', () => user),
    isPrefix,
    actions: new Set(actions.map(actionOf))
  };
}

function actionOf(name: unknown): Action {
  const action = ACTIONS.find((known) => known === name);
  if (action !== undefined) return action;
  throw new GrantsError(`has an action that is none of ${ACTIONS.join(', ')}`);
}

/** Returns whether grants allow an action on a thread. */
export function isGranted(grants: Grants, action: Action, thread: string): boolean {
  return grants.some(
    ({ text, isPrefix, actions }) =>
      actions.has(action) && (isPrefix ? thread.startsWith(text) : thread === text)
  );
}

/** Returns whether grants allow an action on every thread: a pattern is `*` alone. */
export function isGrantedEverywhere(grants: Grants, action: Action): boolean {
  return grants.some(
    ({ text, isPrefix, actions }) => isPrefix && text === '' && actions.has(action)
  );
}
