/**
 * The user in the path of a request. Only its length is checked: a user with a name from before the rule of names can
 * still be shown and removed.
 */
import { isLongerThan, USER_MAX } from '../../../protocol/frames.js';
import { problem } from '../../transport/problem.js';
import { decodedPart, type Asked } from '../route-table.js';

/** Answer to a path whose user is not valid. */
export const BAD_USER = problem('bad_frame', `a user has 1 to ${String(USER_MAX)} characters`);

/** Returns the user of the path; null when it is not valid. */
export function userOf({ part }: Asked): string | null {
  const user = decodedPart(part('user'));
  return user === null || user === '' || isLongerThan(user, USER_MAX) ? null : user;
}
