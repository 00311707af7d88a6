import { safeName } from '../../../sdk/safe-name.js';

/** Most names that are written out; beyond that only the number is given. */
const NAMED_MAX = 3;

/** Lists users, the first few by name. */
export function named(users: readonly string[], ...after: string[]): string {
  const shown = users.slice(0, NAMED_MAX).map(safeName);
  const more = users.length - shown.length;
  const parts = [...shown, ...(more > 0 ? [`${String(more)} more`] : []), ...after];
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** Says who is in a thread, from the view of `user`, or how many when there are too many to name. */
export function presenceWords(present: readonly string[], count: number, user: string): string {
  if (count > present.length) return `${String(count)} people are here`;
  const others = present.filter((one) => one !== user);
  return others.length === 0 ? 'Only you are here' : `${named(others, 'you')} are here`;
}

/** Says who is typing; empty when nobody is. */
export function typingWords(users: readonly string[]): string {
  if (users.length === 0) return '';
  return `${named(users)} ${users.length === 1 ? 'is' : 'are'} typing…`;
}
