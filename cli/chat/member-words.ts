/** What a chat says about who may do what in a thread, in sentences that are safe for a terminal. */
import type { MemberChange, MembersList, Right, RollcallError } from '../../client/sdk/client.js';
import { safeLine, safeName } from '../terminal/safe-text.js';

/** Roles as they are entered, with what each allows; `none` takes a role away. */
export const ROLE_WORDS = {
  member: 'reads and writes',
  reader: 'reads only',
  none: 'is no member any more'
} as const;

/** A role as it is entered. */
export type EnteredRole = keyof typeof ROLE_WORDS;

/** Returns the role that a word names; null when it names none. */
export function roleNamed(word: string | undefined): EnteredRole | null {
  return word === 'member' || word === 'reader' || word === 'none' ? word : null;
}

/** Returns the owner and the members of a thread, a line each. */
export function memberLines({ thread, owner, members }: MembersList): string[] {
  if (owner === null && members.length === 0) {
    return [`nobody owns ${thread}, and it has no members`];
  }
  const others = members.filter(({ user }) => user !== owner);
  return [
    owner === null ? `nobody owns ${thread}` : `${safeName(owner)} owns ${thread}`,
    ...others.map(({ user, role }) => `${safeName(user)} ${ROLE_WORDS[role]}`)
  ];
}

/** Returns the sentence for a change of a role. */
export function changeWords({ user, role, by }: MemberChange): string {
  const who = by === null ? '' : ` (${safeName(by)} changed it)`;
  return `${safeName(user)} ${ROLE_WORDS[role ?? 'none']}${who}`;
}

/** Returns the sentence for what the user may do in a thread from now on. */
export function rightsWords(thread: string, may: readonly Right[]): string {
  if (may.includes('manage')) return `you may change the members of ${thread}: /help says how`;
  return may.includes('write')
    ? `you may read and write in ${thread}`
    : `you may only read in ${thread}: its owner can let you write`;
}

/** Returns why a thread cannot be read, and what to do; `couldRead` when it could be before. */
export function refusedWords(thread: string, error: RollcallError, couldRead: boolean): string {
  if (error.code !== 'forbidden') {
    return `${thread} is refused: ${safeLine(error.message)} (${safeLine(error.code)})`;
  }
  const may = couldRead ? 'may no longer' : 'may not';
  return `you ${may} read ${thread}: ask its owner to make you a member (forbidden)`;
}

/** Returns why a message or a change was refused. */
export function refusalWords(thread: string, { code, message }: RollcallError): string {
  return code === 'forbidden'
    ? `you may not do that in ${thread}; its owner can let you (forbidden)`
    : `${safeLine(code)}: ${safeLine(message)}`;
}
