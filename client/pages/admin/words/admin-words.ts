/** What the page says of rows and of entries of the audit log. */
import { counted } from '../../shared/counted.js';
import { duration } from '../../shared/duration.js';
import type { Fields } from '../../shared/fields.js';
import type { Word } from '../../shared/tone.js';

/** Most threads that a row names. */
const NAMED_MAX = 3;

/** Says whether a connection reads as fast as is sent to it. */
export function lagWord(row: Fields, now: number): Word {
  const since = row.numberOrNull('laggingSince');
  if (since === null) return { tone: 'good', text: 'keeps up' };
  return { tone: 'warn', text: `behind for ${duration(now - since)}` };
}

/** Names the threads of a connection. */
export function threadsText(row: Fields): string {
  const named = row.texts('threads').slice(0, NAMED_MAX);
  const more = row.count('subscriptions') - named.length;
  if (named.length === 0) return 'none';
  return more > 0 ? `${named.join(', ')} and ${String(more)} more` : named.join(', ');
}

/** Names the members of a thread. */
export function membersText(row: Fields): string {
  const names = row
    .rows('members')
    .map((member) => `${member.text('user')} (${member.text('role')})`);
  if (names.length === 0) return 'none';
  return names.join(', ') + (row.flag('moreMembers') ? ' and more' : '');
}

/** Says what is revoked of a user. */
export function revokedText(row: Fields): string {
  const single = row.count('revokedTokens');
  const parts = [
    ...(row.numberOrNull('revokedBefore') === null ? [] : ['all issued before']),
    ...(single === 0 ? [] : [counted(single, 'token')])
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Whether anything is revoked of a user. */
export function hasRevoked(row: Fields): boolean {
  return row.numberOrNull('revokedBefore') !== null || row.count('revokedTokens') > 0;
}

/** Says what has been done, of an entry of the audit log. */
export function auditText(entry: Fields): string {
  const action = entry.text('action');
  const detail = entry.of('detail');
  const user = detail.text('user');
  switch (action) {
    case 'connection.kick':
      return `closed the connection ${detail.text('connection')}${user === '' ? '' : ` of ${user}`}`;
    case 'user.kick':
      return `closed all connections of ${user}`;
    case 'tokens.revoke': {
      const jti = detail.text('jti');
      return jti === '' ? `revoked the tokens of ${user}` : `revoked the token ${jti} of ${user}`;
    }
    case 'tokens.accept':
      return `accepted the tokens of ${user} again`;
    case 'message.erase':
      return `erased message ${String(detail.count('target'))} of ${detail.text('thread')}`;
    case 'backup':
      return 'made a backup';
    default:
      return action;
  }
}

/** Names who has done it. */
export function actorText(entry: Fields): string {
  const by = entry.of('by');
  const key = by.textOrNull('key');
  return by.textOrNull('user') ?? (key === null ? 'API_KEY' : `key ${key}`);
}

/** Says how many connections were closed. */
export function closedText(closed: number, whose: string): string {
  return closed === 0
    ? `${whose} was not connected any more.`
    : `${counted(closed, 'connection')} of ${whose} closed.`;
}
