/** How a connection gets its user, by `connect`, and a new token for the same user, by `refresh`. */
import type { Clock } from '../../actors/clock.js';
import { CallerRights, type Guard } from '../access/guard.js';
import { tokenless, type UserCaller, type UserIdentity } from '../access/identity.js';
import { AuthError, type Authenticator } from '../auth/auth.js';
import type { Connection } from './connection.js';
import { PING_MS, type Connections } from './connections.js';
import type { Evictions } from './evictions.js';
import type { Received, RequestId } from './frame-decoder.js';
import { encodeFrame } from './frame-encoder.js';
import type { RunRequests } from './runs/run-requests.js';
import type { NoteLimited } from '../limits/limited.js';
import { TOO_MANY_WRONG, type WrongKeys } from './work/wrong-keys.js';
import type { ClientLimits } from './limits.js';
import { TOKEN_POINTS } from './work/costs.js';
import { TokenBucket } from './work/token-bucket.js';
import type { TurnBudget } from './work/turn-budget.js';
import type { WorkLimits } from './work/work-limits.js';

/** How a client should reconnect; sent in `connected.reconnect`. Times in milliseconds. */
export const RECONNECT_ADVICE = { firstJitterMs: 5_000, minMs: 500, maxMs: 20_000 } as const;

/** When a client should come back whose token could not be checked, in milliseconds. */
const AUTH_RETRY_MS = 2_000;

/** When a client should refresh again that sent a second token while the first was being checked, in milliseconds. */
const REFRESH_RETRY_MS = 1_000;

const NOT_CHECKED = 'the token could not be checked now';

/** What signing in uses. */
export interface SignInServices {
  readonly node: string;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly auth: Authenticator;
  readonly guard: Guard;
  readonly evictions: Pick<Evictions, 'judgeConnection'>;
  readonly limits: ClientLimits;
  /** The work of this turn of the event loop. */
  readonly turn: TurnBudget;
  /** What users are charged for. */
  readonly work: WorkLimits;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  readonly wrongKeys: Pick<WrongKeys, 'waitMs' | 'charge'>;
  /** Null while there are no agents. */
  readonly agents: () => RunRequests | null;
  /** Handles the frames that came while a token was being checked. */
  readonly resume: (connection: Connection) => void;
}

/** The handlers of `connect` and `refresh`. */
export interface SignIn {
  connect(connection: Connection, frame: Received<'connect'>): void;
  refresh(connection: Connection, frame: Received<'refresh'>): void;
}

/** Makes the handlers. */
export function createSignIn(services: SignInServices): SignIn {
  const { clock, connections, auth, limits, turn, work, wrongKeys } = services;

  const welcome = (connection: Connection, id: RequestId, identity: UserCaller): void => {
    const { user, expiresAt } = identity;
    // The connection closed while its token was being checked: a user set now would be counted forever.
    if (connection.socket === null || connection.isClosing) return;
    if (!connections.name(connection, user)) {
      // Without a time: the SDK then backs off further with every attempt.
      connection.disconnect(3014, null);
      return;
    }
    connection.rights = new CallerRights(services.guard, identity);
    const named = services.agents()?.runs.agents ?? [];
    const agents = named.map(({ name, description }) => ({ name, description }));
    connection.publishes = new TokenBucket(limits.publishPerSecond, clock.elapsed());
    connection.send(
      encodeFrame({
        type: 'connected',
        id,
        connection: connection.id,
        user,
        node: services.node,
        time: clock.now(),
        ping: PING_MS,
        limits,
        reconnect: RECONNECT_ADVICE,
        expiresAt: expiresAt ?? undefined,
        agents: agents.length === 0 ? undefined : agents
      })
    );
  };

  /** Replaces the token of a connection, and with it all that the one before allowed. */
  const renew = (connection: Connection, id: RequestId, identity: UserIdentity): void => {
    if (connection.socket === null || connection.isClosing) return;
    if (identity.user !== connection.user) {
      connection.sendError(id, 'unauthorized', 'the token is of another user');
      connection.disconnect(3500, null);
      return;
    }
    const { expiresAt, isProbe } = identity;
    connection.expiresAt = expiresAt;
    connection.isProbe = isProbe;
    connection.rights = new CallerRights(services.guard, { kind: 'user', ...identity });
    services.evictions.judgeConnection(connection);
    connection.send(encodeFrame({ type: 'refreshed', id, expiresAt: expiresAt ?? undefined }));
  };

  /** Charges the address of a connection for a token that nobody can have been given. */
  const chargeWrong = ({ address }: Connection, error: unknown): void => {
    if (error instanceof AuthError && error.code === 'unauthorized') wrongKeys.charge(address);
  };

  return {
    connect: (connection, frame) => {
      if (connection.user !== null || connection.early !== null) {
        connection.sendError(frame.id, 'already_connected');
        return;
      }
      connection.traceparent = frame.traceparent;
      if (connection.isProbe && connection.token === null) {
        welcome(connection, frame.id, tokenless(frame.user ?? 'probe', true));
        return;
      }
      if (!auth.isRequired) {
        // A user name is optional in development.
        welcome(connection, frame.id, tokenless(frame.user ?? `guest-${connection.id}`));
        return;
      }
      const token = frame.token ?? connection.token ?? undefined;
      const afterMs = token === undefined ? 0 : wrongKeys.waitMs(connection.address);
      if (afterMs > 0) {
        connection.sendError(frame.id, 'rate_limited', TOO_MANY_WRONG, afterMs);
        connection.disconnect(3013, afterMs);
        return;
      }
      connection.early = [];
      auth
        .verify(token)
        .then((identity) => {
          connection.expiresAt = identity.expiresAt;
          connection.isProbe = identity.isProbe;
          welcome(connection, frame.id, { kind: 'user', ...identity });
        })
        .catch((error: unknown) => {
          if (token !== undefined) chargeWrong(connection, error);
          if (error instanceof AuthError && error.code !== 'unavailable') {
            connection.sendError(frame.id, error.code, error.message);
            connection.disconnect(3500, null);
          } else {
            // Not the client's fault: it should come back with the same token.
            connection.sendError(frame.id, 'unavailable', NOT_CHECKED);
            connection.disconnect(3004, AUTH_RETRY_MS);
          }
        })
        .finally(() => {
          connection.token = null;
          services.resume(connection);
        });
    },

    refresh: (connection, { id, token }) => {
      const wrongMs = wrongKeys.waitMs(connection.address);
      if (wrongMs > 0) {
        const afterMs = Math.max(wrongMs, REFRESH_RETRY_MS);
        connection.sendError(id, 'rate_limited', TOO_MANY_WRONG, afterMs);
        return;
      }
      const over = work.mustWait(connection);
      if (connection.isRefreshing || over !== null) {
        services.limited(over?.limit ?? 'refreshes_connection');
        const { reason, afterMs } = over ?? { reason: 'a token is being checked', afterMs: 0 };
        connection.sendError(id, 'rate_limited', reason, Math.max(afterMs, REFRESH_RETRY_MS));
        return;
      }
      turn.spend(TOKEN_POINTS);
      work.charge(connection, TOKEN_POINTS);
      connection.isRefreshing = true;
      connection.unanswered++;
      auth
        .verify(token)
        .then((identity) => {
          renew(connection, id, identity);
        })
        .catch((error: unknown) => {
          chargeWrong(connection, error);
          // The token of before still holds: the connection stays until that one ends.
          if (error instanceof AuthError && error.code !== 'unavailable') {
            connection.sendError(id, error.code, error.message);
          } else connection.sendError(id, 'unavailable', NOT_CHECKED, AUTH_RETRY_MS);
        })
        .finally(() => {
          connection.isRefreshing = false;
          connection.unanswered--;
        });
    }
  };
}
