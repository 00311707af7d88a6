/** Members of threads as the log keeps them: one record per member, with the user as its id and the role as its text. */
import type { ThreadRecords } from '../../actors/log/thread-records.js';
import { ROLES, type Role } from '../../protocol/frames.js';

/** Kind of the records. */
export const MEMBER_KIND = 'member';

/** A member of a thread. */
export interface Member {
  readonly user: string;
  readonly role: Role;
}

/** Returns the role of a user; null when it has none, or one that only a later version knows. */
export function roleOf(
  log: Pick<ThreadRecords, 'record'>,
  thread: string,
  user: string
): Role | null {
  return readRole(log.record(thread, MEMBER_KIND, user));
}

/** Returns whether a thread has members. */
export function hasMembers(log: Pick<ThreadRecords, 'records'>, thread: string): boolean {
  for (const record of log.records(thread, MEMBER_KIND)) return readRole(record.text) !== null;
  return false;
}

/** Returns the members of a thread, in the order of their names. */
export function membersOf(log: Pick<ThreadRecords, 'records'>, thread: string): Member[] {
  return someMembersOf(log, thread, Number.POSITIVE_INFINITY).members;
}

/** Returns the first members of a thread by name, and whether there are more. */
export function someMembersOf(
  log: Pick<ThreadRecords, 'records'>,
  thread: string,
  limit: number
): { members: Member[]; more: boolean } {
  const members: Member[] = [];
  for (const { id: user, text } of log.records(thread, MEMBER_KIND)) {
    const role = readRole(text);
    if (role === null) continue;
    if (members.length === limit) return { members, more: true };
    members.push({ user, role });
  }
  return { members, more: false };
}

function readRole(text: string | null): Role | null {
  return ROLES.find((role) => role === text) ?? null;
}
