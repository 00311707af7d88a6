/**
 * All open connections, WebSockets and event streams, by user and by address, with the limits on each, and the sweep
 * that closes those that have been silent, late, expired or slow for too long. Deadlines are moments of `elapsed()`, so
 * that a wall clock that jumps closes nobody. Time in which the server itself did not run, as while a laptop sleeps,
 * counts for no deadline: the sweep is late then, and moves them all by as much.
 */
import { randomBytes } from 'node:crypto';
import type { Kicked } from '../../actors/bus/bus.js';
import type { Clock } from '../../actors/clock.js';
import type { LogEntry } from '../../actors/log/log-reader.js';
import type { CloseCode } from '../../protocol/errors.js';
import type { UserIdentity } from '../access/identity.js';
import { CLOCK_TOLERANCE_SECONDS } from '../auth/auth.js';
import type { Connection } from './connection.js';
import { encodeFrame, fallbackOut } from './frame-encoder.js';
import type { LimitName } from '../limits/limit-table.js';
import type { NoteLimited } from '../limits/limited.js';
import { ErrorCounts } from '../metrics/error-counts.js';
import { Grouped } from './work/grouped.js';
import { Newcomers, NO_NEWCOMER_BOUNDS } from './work/newcomers.js';
import type { ConnectionLimits, FullHouse, Shortage } from './limits.js';

/** How often the server pings a silent connection, in milliseconds; clients get it in `connected.ping`. */
export const PING_MS = 25_000;

const PING = encodeFrame({ type: 'ping' });

/** A connection that has not sent `connect` after this time, in milliseconds, is closed with 3502. */
export const CONNECT_WITHIN_MS = 10_000;

/** A connection that lags for this time, in milliseconds, is closed with 3008. */
export const LAG_MAX_MS = 60_000;

/**
 * A connection ends this long after its token expires, in milliseconds: as long as a token is still accepted, no
 * connection is closed for it.
 */
export const TOKEN_GRACE_MS = CLOCK_TOLERANCE_SECONDS * 1_000;

/** Time between two sweeps, in milliseconds: the resolution of all deadlines of a connection. */
export const SWEEP_MS = 1_000;

/**
 * Time per connection over which reconnects are spread, in milliseconds: one node accepts a thousand clients a second
 * easily.
 */
export const COME_BACK_MS_PER_CONNECTION = 1;

/**
 * Most connections that one sweep closes, as many as may come back until the next; the others are closed then. A token
 * ends on time all the same.
 */
export const GOODBYES_PER_SWEEP = SWEEP_MS / COME_BACK_MS_PER_CONNECTION;

/** Called with the numbers of lagging and of open connections, when they change. */
export type LaggingListener = (lagging: number, open: number) => void;

/** The limits that end a connection by a code of their own. */
const ENDED_BY: Partial<Record<CloseCode, LimitName>> = {
  3008: 'unread_connection',
  3014: 'connections_user',
  3501: 'bad_frames_connection',
  3502: 'connect_time'
};

/** A token may allow less than its user may do. Where the application has not been asked yet, the next one is sent. */
function mayRead({ rights }: Connection, thread: string): boolean {
  try {
    void rights?.ask('read', thread);
    return (rights?.refusal('read', thread) ?? null) === null;
  } catch {
    // The record cannot be read: refuse, since no right can be shown.
    return false;
  }
}

function takesNow(connection: Connection): boolean {
  // An event stream is of one thread, and takes no message of another.
  return !connection.isStream && !connection.isClosing && connection.laggingSince === null;
}

function needsPing({ heardAt, pingedAt }: Connection, now: number): boolean {
  return now - (pingedAt ?? heardAt) >= PING_MS;
}

/** The open connections. */
export class Connections {
  /** The errors that connections were answered with. */
  readonly errors = new ErrorCounts();
  /** Connections that have ended, by the code with which the server ended them; `client` for those that just went. */
  readonly ended = new Map<CloseCode | 'client', number>();
  private readonly clock: Clock;
  private readonly limits: ConnectionLimits;
  private readonly onLagging: LaggingListener;
  private readonly shortage: () => Shortage | null;
  private readonly limited: NoteLimited;
  private readonly newcomers: Newcomers;
  private readonly all = new Set<Connection>();
  /** Connections that lag. */
  private readonly behind = new Set<Connection>();
  private readonly users = new Grouped<Connection>();
  private readonly addresses = new Map<string, number>();
  /** Called when a user's first connection has come, and when the last one is gone; for other nodes. */
  onUser: (user: string, isHere: boolean) => void = () => undefined;
  private readonly idPrefix = `c${randomBytes(4).toString('base64url').replace(/[-_]/g, '0')}`;
  private nextId = 1;
  /** Told of each user who had no connection and has one now. */
  onArrival: (user: string) => void = () => undefined;
  /** When the last sweep was. */
  private sweptAt: number;

  /**
   * `shortage` returns the resource that does not suffice for another connection; null when all do. `limited` notes
   * connections that a limit has ended.
   */
  constructor(
    clock: Clock,
    limits: ConnectionLimits,
    onLagging: LaggingListener = () => undefined,
    shortage: () => Shortage | null = () => null,
    limited: NoteLimited = () => undefined
  ) {
    this.clock = clock;
    this.limits = limits;
    this.onLagging = onLagging;
    this.shortage = shortage;
    this.limited = limited;
    this.newcomers = new Newcomers(limits.newcomers ?? NO_NEWCOMER_BOUNDS, clock);
    this.sweptAt = clock.elapsed();
  }

  /** Number of open connections. */
  get open(): number {
    return this.all.size;
  }

  /** Number of connections that lag. */
  get lagging(): number {
    return this.behind.size;
  }

  /** Notes that a connection lags from now on. */
  lagBegins(connection: Connection): void {
    if (connection.laggingSince !== null) return;
    connection.laggingSince = this.clock.elapsed();
    if (!this.all.has(connection)) return;
    this.behind.add(connection);
    this.tellLagging();
  }

  /** Notes that a connection that lagged has read everything. */
  lagEnds(connection: Connection): void {
    connection.laggingSince = null;
    if (this.behind.delete(connection)) this.tellLagging();
  }

  /** Returns the open connections, oldest first. */
  opened(): Iterable<Connection> {
    return this.all;
  }

  /** Returns an id for the next connection. It is unique across restarts, because logs and facts keep it. */
  newId(): string {
    return `${this.idPrefix}${String(this.nextId++)}`;
  }

  /** Returns whose limit leaves no room for one more connection, of a user who is known; null when there is room. */
  full(address: string, user: string | null = null): FullHouse | null {
    const { total, perAddress, perUser } = this.limits;
    if (total > 0 && this.all.size >= total) return 'server';
    const isFull = perAddress > 0 && (this.addresses.get(address) ?? 0) >= perAddress;
    if (isFull) return 'address';
    const own = user === null ? 0 : this.users.size(user);
    return perUser > 0 && own >= perUser ? 'user' : this.shortage();
  }

  /**
   * Lets somebody in who asks for a WebSocket, or for an event stream of a user or of a backend (null). Returns whose limit
   * refuses it; null when none does, which counts for the limit on how often an address connects.
   */
  admit(address: string, stream?: { readonly user: string | null }): FullHouse | null {
    const full = this.full(address, stream?.user ?? null);
    if (full !== null) return full;
    const { streamsPerUser = 0 } = this.limits;
    if (stream === undefined || stream.user === null) {
      return stream === undefined ? this.newcomers.refuses(address) : null;
    }
    let streams = 0;
    for (const { isStream } of this.of(stream.user)) if (isStream) streams++;
    return streamsPerUser > 0 && streams >= streamsPerUser ? 'streams' : null;
  }

  /** Adds a connection; false when a limit is reached (the health probe is never refused). */
  add(connection: Connection): boolean {
    const { address, isProbe } = connection;
    if (!isProbe && this.full(address) !== null) return false;
    this.all.add(connection);
    connection.errors = this.errors;
    this.addresses.set(address, (this.addresses.get(address) ?? 0) + 1);
    if (!connection.isStream) this.newcomers.come(address);
    return true;
  }

  /** Sets the user of a connection; false when the user has as many connections as allowed. */
  name(connection: Connection, user: string): boolean {
    const { perUser } = this.limits;
    if (perUser > 0 && this.users.size(user) >= perUser) return false;
    if (this.isNewcomer(connection)) this.newcomers.leave(connection.address);
    const isFirst = this.users.size(user) === 0;
    this.users.add(user, connection);
    connection.user = user;
    if (isFirst) this.onUser(user, true);
    if (isFirst) this.onArrival(user);
    return true;
  }

  /** Whether a WebSocket has not signed in yet. */
  private isNewcomer(connection: Connection): boolean {
    return !connection.isStream && connection.user === null && this.all.has(connection);
  }

  /** Returns the users who are connected. */
  names(): Iterable<string> {
    return this.users.names();
  }

  /** Returns the open connection with an id; null when there is none. */
  withId(id: string): Connection | null {
    for (const connection of this.all) if (connection.id === id) return connection;
    return null;
  }

  /** Returns the connections of a user. */
  of(user: string): Iterable<Connection> {
    return this.users.of(user);
  }

  /** Closes the connections of a user whose tokens do not count any more, streams too. */
  cut(user: string, isRevoked: (identity: UserIdentity) => boolean): void {
    for (const connection of [...this.of(user)]) {
      const identity = connection.rights?.identity;
      if (identity?.kind !== 'user' || !isRevoked(identity)) continue;
      connection.sendError(undefined, 'revoked');
      connection.disconnect(3500, null);
    }
  }

  /** Closes one connection, or all of a user, with 3503: their clients do not come back by themselves. Returns how many. */
  kick(whom: Kicked): number {
    const found = 'user' in whom ? [...this.of(whom.user)] : [this.withId(whom.connection)];
    let closed = 0;
    for (const connection of found) {
      if (connection === null || connection.isClosing) continue;
      connection.disconnect(3503, null);
      closed++;
    }
    return closed;
  }

  /** Returns whether a user has a connection that accepts frames now. */
  isReachable(user: string): boolean {
    for (const connection of this.of(user)) if (takesNow(connection)) return true;
    return false;
  }

  /** Sends a stored message to all connections of a user that accept it, marked as a fallback. Returns how many did. */
  fallback(user: string, thread: string, entry: LogEntry): number {
    const marked = fallbackOut(thread, entry);
    let taken = 0;
    for (const connection of this.of(user)) {
      if (!takesNow(connection) || !mayRead(connection, thread)) continue;
      if (connection.socket?.send(marked) === true) taken++;
    }
    return taken;
  }

  /** Removes a connection that has closed. */
  remove(connection: Connection): void {
    const limit = connection.endedWith === null ? undefined : ENDED_BY[connection.endedWith];
    if (limit !== undefined) this.limited(limit);
    const isNewcomer = this.isNewcomer(connection);
    if (!this.all.delete(connection)) return;
    const how = connection.endedWith ?? 'client';
    this.ended.set(how, (this.ended.get(how) ?? 0) + 1);
    if (isNewcomer) this.newcomers.leave(connection.address);
    if (this.behind.delete(connection)) this.tellLagging();
    const left = (this.addresses.get(connection.address) ?? 1) - 1;
    if (left === 0) this.addresses.delete(connection.address);
    else this.addresses.set(connection.address, left);
    const { user } = connection;
    if (user === null || this.users.size(user) === 0) return;
    this.users.delete(user, connection);
    if (this.users.size(user) === 0) this.onUser(user, false);
  }

  /**
   * Closes connections whose time is over and pings silent ones. The first to be closed may come back at once, and the
   * others one after the other.
   */
  sweep(): void {
    const now = this.clock.elapsed();
    const lateMs = now - this.sweptAt - SWEEP_MS;
    this.sweptAt = now;
    let closed = 0;
    for (const connection of this.all) {
      if (connection.isClosing) continue;
      if (lateMs > 0) connection.excuse(lateMs, now);
      const code = this.overdue(connection, now);
      if (code === null) {
        if (needsPing(connection, now)) this.ping(connection, now);
      } else if (code === 3005 || closed < GOODBYES_PER_SWEEP) {
        const afterMs = closed * COME_BACK_MS_PER_CONNECTION;
        connection.disconnect(code, code === 3502 ? null : afterMs);
        closed++;
      }
    }
    // The number of open connections has changed as well.
    if (this.behind.size > 0) this.tellLagging();
  }

  /** Returns the close code of a connection whose time is over; null while it is not. */
  private overdue(connection: Connection, now: number): CloseCode | null {
    const { isStream, user, early, openedAt, expiresAt, laggingSince, pingedAt } = connection;
    if (!isStream && user === null && now - openedAt >= CONNECT_WITHIN_MS) {
      // With its `connect` read and its token still being checked, it is the server that is late.
      return early === null ? 3502 : 3004;
    }
    // A token ends by the wall clock: the issuer's time is compared with this machine's.
    if (expiresAt !== null && this.clock.now() >= expiresAt + TOKEN_GRACE_MS) return 3005;
    if (laggingSince !== null && now - laggingSince >= LAG_MAX_MS) return 3008;
    return !isStream && pingedAt !== null && now - pingedAt >= PING_MS ? 3012 : null;
  }

  private ping(connection: Connection, now: number): void {
    connection.pingedAt = now;
    connection.send(PING);
  }

  private tellLagging(): void {
    this.onLagging(this.behind.size, this.all.size);
  }
}
