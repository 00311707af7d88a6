/**
 * All open connections, WebSockets and event streams, by user and by address, with the limits on each, and the sweep
 * that closes those that have been silent, late, expired or slow for too long.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../actors/clock.js';
import type { LogEntry } from '../../actors/log/log-reader.js';
import type { Connection } from './connection.js';
import { encodeFrame, messageOut } from './frame-encoder.js';
import type { ConnectionLimits } from './limits.js';

/** How often the server pings a silent connection, in milliseconds; clients get it in `connected.ping`. */
export const PING_MS = 25_000;

const PING = encodeFrame({ type: 'ping' });

/** A connection that has not sent `connect` after this time, in milliseconds, is closed with 3502. */
export const CONNECT_WITHIN_MS = 10_000;

/** A connection that lags for this time, in milliseconds, is closed with 3008. */
export const LAG_MAX_MS = 60_000;

/** Time between two sweeps, in milliseconds: the resolution of all deadlines of a connection. */
export const SWEEP_MS = 1_000;

/** Called with the numbers of lagging and of open connections, when they change. */
export type LaggingListener = (lagging: number, open: number) => void;

function takesNow(connection: Connection): boolean {
  return !connection.isClosing && connection.laggingSince === null;
}

/** The open connections. */
export class Connections {
  private readonly clock: Clock;
  private readonly limits: ConnectionLimits;
  private readonly onLagging: LaggingListener;
  private readonly all = new Set<Connection>();
  /** Connections that lag. */
  private readonly behind = new Set<Connection>();
  private readonly users = new Map<string, Set<Connection>>();
  private readonly addresses = new Map<string, number>();
  private readonly idPrefix = `c${randomBytes(4).toString('base64url').replace(/[-_]/g, '0')}`;
  private nextId = 1;

  constructor(
    clock: Clock,
    limits: ConnectionLimits,
    onLagging: LaggingListener = () => undefined
  ) {
    this.clock = clock;
    this.limits = limits;
    this.onLagging = onLagging;
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
    connection.laggingSince = this.clock.now();
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

  /** Says whether one more connection from an address is within the limits. */
  hasRoom(address: string): boolean {
    const { total, perAddress } = this.limits;
    if (total > 0 && this.all.size >= total) return false;
    return perAddress === 0 || (this.addresses.get(address) ?? 0) < perAddress;
  }

  /** Adds a connection; false when a limit is reached (the health probe is never refused). */
  add(connection: Connection): boolean {
    const { address, isProbe } = connection;
    if (!isProbe && !this.hasRoom(address)) return false;
    this.all.add(connection);
    this.addresses.set(address, (this.addresses.get(address) ?? 0) + 1);
    return true;
  }

  /** Sets the user of a connection; false when the user has as many connections as allowed. */
  name(connection: Connection, user: string): boolean {
    const own = this.users.get(user) ?? new Set();
    if (this.limits.perUser > 0 && own.size >= this.limits.perUser) return false;
    own.add(connection);
    this.users.set(user, own);
    connection.user = user;
    return true;
  }

  /** Returns the connections of a user. */
  of(user: string): Iterable<Connection> {
    return this.users.get(user) ?? [];
  }

  /** Returns whether a user has a connection that accepts frames now. */
  isReachable(user: string): boolean {
    for (const connection of this.of(user)) if (takesNow(connection)) return true;
    return false;
  }

  /** Sends a stored message to all connections of a user that accept it, marked as a fallback. Returns how many did. */
  fallback(user: string, thread: string, entry: LogEntry): number {
    const marked = messageOut(thread, entry, 'fallback');
    let taken = 0;
    for (const connection of this.of(user)) {
      if (takesNow(connection) && connection.socket?.send(marked) === true) taken++;
    }
    return taken;
  }

  /** Removes a connection that has closed. */
  remove(connection: Connection): void {
    if (!this.all.delete(connection)) return;
    if (this.behind.delete(connection)) this.tellLagging();
    const left = (this.addresses.get(connection.address) ?? 1) - 1;
    if (left === 0) this.addresses.delete(connection.address);
    else this.addresses.set(connection.address, left);
    if (connection.user === null) return;
    const own = this.users.get(connection.user);
    own?.delete(connection);
    if (own?.size === 0) this.users.delete(connection.user);
  }

  /** Closes connections whose time is over and pings silent ones. */
  sweep(): void {
    const now = this.clock.now();
    for (const connection of this.all) {
      const { isStream } = connection;
      const isConnected = isStream || connection.user !== null;
      if (!isConnected && now - connection.openedAt >= CONNECT_WITHIN_MS) {
        connection.disconnect(3502, null);
      } else if (connection.expiresAt !== null && now >= connection.expiresAt) {
        connection.disconnect(3005, 0);
      } else if (connection.laggingSince !== null && now - connection.laggingSince >= LAG_MAX_MS) {
        connection.disconnect(3008, 0);
      } else if (!isStream && now - connection.heardAt >= 2 * PING_MS) {
        connection.disconnect(3012, 0);
      } else if (now - connection.heardAt >= PING_MS && now - connection.pingedAt >= PING_MS) {
        connection.pingedAt = now;
        connection.send(PING);
      }
    }
    // The number of open connections has changed as well.
    if (this.behind.size > 0) this.tellLagging();
  }

  private tellLagging(): void {
    this.onLagging(this.behind.size, this.all.size);
  }
}
