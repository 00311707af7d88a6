/**
 * Which names users may have. The rule holds wherever a user is named for the first time: in tokens, in `connect` while
 * authentication is off, and where a backend or an owner names somebody else.
 */
import { isLongerThan, USER_MAX } from './frames.js';

/** Name of the server's own author. */
const OWN_NAME = 'system';
/** Beginning of the name in whose entries an agent writes; the agent's name follows. */
export const AGENT_PREFIX = 'agent:';

/**
 * Control characters, line separators, and marks that change the direction of text: in a list of names they could hide
 * a part of a name, or make it look like another one.
 */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Returns what is wrong with a user's name, to follow the word for it in a sentence; null when nothing is. */
export function userNameFault(name: string): string | null {
  if (name === '' || isLongerThan(name, USER_MAX)) {
    return `must have 1 to ${String(USER_MAX)} characters`;
  }
  // Half a surrogate pair is stored as U+FFFD, so that two such names would become one user.
  if (UNSEEN.test(name) || !name.isWellFormed()) {
    return 'must not have control characters, marks of text direction or halves of characters';
  }
  if (name === OWN_NAME || name.startsWith(AGENT_PREFIX)) {
    return `must not be ${OWN_NAME} or begin with ${AGENT_PREFIX}, which are names of the server's own`;
  }
  return null;
}
