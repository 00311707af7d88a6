/** Who belongs to a thread, for its row: the owner and some of the members. */
import { orDamaged } from '../../actors/log/log-errors.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { ThreadRecords } from '../../actors/log/thread-records.js';
import { someMembersOf, type Member } from '../access/member-records.js';

/** Most members that a row names. */
const MEMBERS_NAMED_MAX = 10;

/** The people of a thread. */
export interface ThreadPeople {
  readonly owner: string | null;
  /** The first members by name. */
  readonly members: readonly Member[];
  /** Whether there are more members. */
  readonly moreMembers: boolean;
}

/** Reads the people of a thread. A record that is damaged counts as none, so that the other rows are shown. */
export function peopleOf(
  log: Pick<LogReader, 'head'> & Pick<ThreadRecords, 'records'>,
  thread: string
): ThreadPeople {
  const owner = orDamaged(() => log.head(thread)?.owner ?? null, null);
  const { members, more } = orDamaged(() => someMembersOf(log, thread, MEMBERS_NAMED_MAX), {
    members: [],
    more: false
  });
  return { owner, members, moreMembers: more };
}
