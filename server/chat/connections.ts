/**
 * All open connections: by user and by address, with the limits on each, and the sweep that closes what has been
 * silent, late, expired or slow for too long. Event streams are among them only to be sent away with the others: their
 * own limits and deadlines are with them.
 */
import type { Clock } from '../../actors/clock.js';
import { fallbackFrame } from '../../protocol/message-frame.js';
import type { Connection } from './connection.js';
import { encodeFrame } from './frame-encoder.js';
import type { ConnectionLimits } from './limits.js';

/** How often the server pings a silent connection, in milliseconds; told to clients in `connected.ping`. */
export const PING_MS = 25_000;

const PING = encodeFrame({ type: 'ping' });

/** A connection that has not connected after this long is closed with 3502. */
export const CONNECT_WITHIN_MS = 10_000;

/** A connection that lags for this long is closed with 3008. */
export const LAG_MAX_MS = 60_000;

/** How often the sweep runs: the resolution of all deadlines of a connection. */
export const SWEEP_MS = 1_000;

/** Hears how many of the open connections read behind, when that changes. */
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
  /** Those of them that read behind. */
  private readonly behind = new Set<Connection>();
  private readonly streams = new Set<Connection>();
  private readonly users = new Map<string, Set<Connection>>();
  private readonly addresses = new Map<string, number>();

  constructor(
    clock: Clock,
    limits: ConnectionLimits,
    onLagging: LaggingListener = () => undefined
  ) {
    this.clock = clock;
    this.limits = limits;
    this.onLagging = onLagging;
  }

  /** Open connections. */
  get open(): number {
    return this.all.size;
  }

  /** Connections that are reading behind. */
  get lagging(): number {
    return this.behind.size;
  }

  /** From here on a connection reads behind. */
  lagBegins(connection: Connection): void {
    if (connection.laggingSince !== null) return;
    connection.laggingSince = this.clock.now();
    if (!this.all.has(connection)) return;
    this.behind.add(connection);
    this.tellLagging();
  }

  /** A connection that read behind has everything. */
  lagEnds(connection: Connection): void {
    connection.laggingSince = null;
    if (this.behind.delete(connection)) this.tellLagging();
  }

  /** The open connections, oldest first. */
  opened(): Iterable<Connection> {
    return this.all;
  }

  /** Everybody that has to be sent away before the server ends: WebSockets and event streams. */
  everybody(): Connection[] {
    return [...this.all, ...this.streams];
  }

  /** Takes an event stream in; it counts for no limit here. */
  addStream(connection: Connection): void {
    this.streams.add(connection);
  }

  /** Lets go of an event stream that has ended. */
  removeStream(connection: Connection): void {
    this.streams.delete(connection);
  }

  /** Takes a new connection in; false when a limit is reached (the health probe is never refused). */
  add(connection: Connection): boolean {
    const { total, perAddress } = this.limits;
    const fromThere = this.addresses.get(connection.address) ?? 0;
    if (!connection.isProbe) {
      if (total > 0 && this.all.size >= total) return false;
      if (perAddress > 0 && fromThere >= perAddress) return false;
    }
    this.all.add(connection);
    this.addresses.set(connection.address, fromThere + 1);
    return true;
  }

  /** Gives a connection its user; false when the user has as many as allowed. */
  name(connection: Connection, user: string): boolean {
    const own = this.users.get(user) ?? new Set();
    if (this.limits.perUser > 0 && own.size >= this.limits.perUser) return false;
    own.add(connection);
    this.users.set(user, own);
    connection.user = user;
    return true;
  }

  /** Connections of a user. */
  of(user: string): Iterable<Connection> {
    return this.users.get(user) ?? [];
  }

  /** Says whether a user has a connection that takes frames now. */
  isReachable(user: string): boolean {
    for (const connection of this.of(user)) if (takesNow(connection)) return true;
    return false;
  }

  /** Gives a stored message to all connections of a user that take it, marked as a fallback; answers how many did. */
  fallback(user: string, frame: string): number {
    const marked = fallbackFrame(frame);
    let taken = 0;
    for (const connection of this.of(user)) {
      if (takesNow(connection) && connection.socket?.send(marked) === true) taken++;
    }
    return taken;
  }

  /** Lets go of a connection that has closed. */
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

  /** Closes what is over its time and pings what is silent. */
  sweep(): void {
    const now = this.clock.now();
    for (const connection of this.all) {
      if (connection.user === null && now - connection.openedAt >= CONNECT_WITHIN_MS) {
        connection.disconnect(3502, null);
      } else if (connection.expiresAt !== null && now >= connection.expiresAt) {
        connection.disconnect(3005, 0);
      } else if (connection.laggingSince !== null && now - connection.laggingSince >= LAG_MAX_MS) {
        connection.disconnect(3008, 0);
      } else if (now - connection.heardAt >= 2 * PING_MS) {
        connection.disconnect(3012, 0);
      } else if (now - connection.heardAt >= PING_MS && now - connection.pingedAt >= PING_MS) {
        connection.pingedAt = now;
        connection.send(PING);
      }
    }
    // How many are not behind has changed as well.
    if (this.behind.size > 0) this.tellLagging();
  }

  private tellLagging(): void {
    this.onLagging(this.behind.size, this.all.size);
  }
}
