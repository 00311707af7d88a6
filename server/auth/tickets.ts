/**
 * Tickets for event streams. A browser's `EventSource` cannot send headers, and a token in an address would end up in
 * histories and in the logs of proxies. So a page uses its token to get a ticket, and opens the stream with the ticket.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../actors/clock.js';
import type { Identity } from '../access/identity.js';
import type { Revocations } from '../access/revocations.js';
import type { NoteLimited } from '../limits/limited.js';
import type { TransportRequest } from '../transport/transport.js';
import { AccessError } from './api-access.js';
import { CLOCK_TOLERANCE_SECONDS } from './auth.js';
import { isRevokedOrUnknown } from './revocable.js';

/** How long a ticket is valid, in milliseconds: the time between two requests of a page on a slow network. */
export const TICKET_MS = 30_000;

/** Random bytes of a ticket. */
const TICKET_BYTES = 32;

/** Most unused tickets of one user; above it a new one ends the user's oldest. As many as a user may have streams. */
export const TICKETS_PER_USER = 20;

/** Most unused tickets in all, a few megabytes; above it new ones are refused until old ones end. */
export const TICKETS_MAX = 10_000;

/** Names of query parameters that would hold a token or a key. */
const CREDENTIALS = ['token', 'access_token', 'api_key'] as const;

/** A new ticket. */
export interface Ticket {
  readonly ticket: string;
  /** When an unused ticket ends, Unix milliseconds. */
  readonly expiresAt: number;
}

/** What a ticket stands for. */
export interface TakenTicket {
  readonly identity: Identity;
  /** The only thread that the ticket is for; null for every thread that its user may read. */
  readonly thread: string | null;
}

/** A ticket that is kept. */
interface Kept extends TakenTicket {
  /** When it ends, a moment of the clock's `elapsed()`. */
  readonly endsAt: number;
}

/** Options of {@link Tickets}. */
export interface TicketsOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly revocations: Pick<Revocations, 'isRevoked'>;
  /** Returns so many random bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Buffer;
  /** Counts a ticket that was ended early or not issued, because of a bound. */
  readonly limited: NoteLimited;
}

/** The unused tickets of this process, by their hashes. Each works once and has exactly the rights of its token. */
export class Tickets {
  private readonly options: TicketsOptions;
  /** In the order of their ends, since all are valid for the same time. */
  private readonly kept = new Map<string, Kept>();
  /** Hashes of each user's tickets, oldest first. */
  private readonly byUser = new Map<string, Set<string>>();

  constructor(options: TicketsOptions) {
    this.options = options;
  }

  /** Number of unused tickets. */
  get size(): number {
    return this.kept.size;
  }

  /** Makes a ticket for the holder of a token; null when there are too many tickets. */
  issue(identity: Identity, thread: string | null): Ticket | null {
    const { clock, randomBytes, limited } = this.options;
    this.dropEnded();
    const user = identity.kind === 'user' ? identity.user : null;
    const own = user === null ? undefined : this.byUser.get(user);
    const [oldest] = own ?? [];
    if (own !== undefined && oldest !== undefined && own.size >= TICKETS_PER_USER) {
      this.drop(oldest);
      limited('tickets_user');
    }
    if (this.kept.size >= TICKETS_MAX) {
      limited('tickets_server');
      return null;
    }
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    const hash = hashOf(ticket);
    this.kept.set(hash, { identity, thread, endsAt: clock.elapsed() + TICKET_MS });
    if (user !== null) {
      const hashes = this.byUser.get(user) ?? new Set();
      this.byUser.set(user, hashes.add(hash));
    }
    return { ticket, expiresAt: clock.now() + TICKET_MS };
  }

  /**
   * Uses up a ticket and returns what it stands for. The ticket is used up even if this throws.
   * @throws {AccessError} `expired` when it is used, too old or unknown, or its token has ended; `revoked` when that is
   */
  take(ticket: string): TakenTicket {
    this.dropEnded();
    const hash = hashOf(ticket);
    const kept = this.kept.get(hash);
    if (kept === undefined) {
      throw new AccessError(
        'expired',
        `the ticket is used already or older than ${String(TICKET_MS / 1_000)} s: get a new one with POST /api/tickets`
      );
    }
    this.drop(hash);
    const { identity, thread } = kept;
    if (identity.kind === 'user') {
      const { clock, revocations } = this.options;
      const { expiresAt } = identity;
      if (expiresAt !== null && clock.now() >= expiresAt + CLOCK_TOLERANCE_SECONDS * 1_000) {
        throw new AccessError('expired', 'the token of the ticket has expired');
      }
      if (isRevokedOrUnknown(revocations, identity)) {
        throw new AccessError('revoked', 'the token of the ticket has been revoked');
      }
    }
    return { identity, thread };
  }

  private dropEnded(): void {
    const now = this.options.clock.elapsed();
    for (const [hash, { endsAt }] of this.kept) {
      if (endsAt > now) return;
      this.drop(hash);
    }
  }

  private drop(hash: string): void {
    const identity = this.kept.get(hash)?.identity;
    this.kept.delete(hash);
    if (identity?.kind !== 'user') return;
    const own = this.byUser.get(identity.user);
    own?.delete(hash);
    if (own?.size === 0) this.byUser.delete(identity.user);
  }
}

/** Returns the ticket in the address of a request; null when there is none. */
export function ticketIn(request: TransportRequest): string | null {
  return new URLSearchParams(request.query).get('ticket');
}

/** Returns why to refuse a request with a token or a key in its address; null when there is none. */
export function credentialInAddress(request: Pick<TransportRequest, 'query'>): string | null {
  if (request.query === '') return null;
  const query = new URLSearchParams(request.query);
  const name = CREDENTIALS.find((each) => query.has(each));
  if (name === undefined) return null;
  return (
    `"${name}" in an address is never taken, since addresses are logged: send "Authorization: Bearer …", or open an ` +
    'event stream in a browser with a ticket of POST /api/tickets'
  );
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
