/** Users as rows for operators: one for each user with a connection to this node. */
import { wallTime, type Clock } from '../../actors/clock.js';
import type { RowsPage } from '../../protocol/inspection.js';
import type { Revoked } from '../access/revocations.js';
import type { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';
import { pageOf } from './row-page.js';

/** A user. */
export interface UserRow {
  readonly user: string;
  /** Open connections to this node, event streams among them. */
  readonly connections: number;
  readonly subscriptions: number;
  /** Connections that read more slowly than is sent to them. */
  readonly lagging: number;
  /** When the oldest of the connections was opened, Unix milliseconds; null when there is none. */
  readonly openedAt: number | null;
  /** Tokens issued before this time are revoked, Unix milliseconds; null when none is for its time. */
  readonly revokedBefore: number | null;
  /** Number of single tokens that are revoked. */
  readonly revokedTokens: number;
}

/** What is asked for: users whose name contains `search`, after the name `after`. */
export interface UsersAsked {
  readonly search: string;
  readonly after: string | null;
  readonly limit: number;
}

/** Returns a page of the users. One who is not connected is found by the whole name: there may be something to revoke. */
export function userRows(
  connections: Pick<Connections, 'names' | 'of'>,
  clock: Pick<Clock, 'now' | 'elapsed'>,
  revoked: (user: string) => Revoked,
  { search, after, limit }: UsersAsked
): RowsPage<UserRow> {
  const page = pageOf(connections.names(), {
    key: (user) => user,
    matches: (user) => user.includes(search),
    after,
    limit
  });
  const row = (user: string): UserRow => rowOf(user, [...connections.of(user)], clock, revoked);
  if (page.total > 0 || search === '') return { ...page, rows: page.rows.map(row) };
  return { rows: [row(search)], total: 1, next: null };
}

function rowOf(
  user: string,
  own: readonly Connection[],
  clock: Pick<Clock, 'now' | 'elapsed'>,
  revoked: (user: string) => Revoked
): UserRow {
  const { before, jti } = revoked(user);
  let subscriptions = 0;
  let lagging = 0;
  let openedAt: number | null = null;
  for (const connection of own) {
    subscriptions += connection.subscriptions.length;
    if (connection.laggingSince !== null) lagging++;
    openedAt = Math.min(openedAt ?? Number.POSITIVE_INFINITY, connection.openedAt);
  }
  return {
    user,
    connections: own.length,
    subscriptions,
    lagging,
    openedAt: openedAt === null ? null : wallTime(clock, openedAt),
    revokedBefore: before,
    revokedTokens: jti.length
  };
}
