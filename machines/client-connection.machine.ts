/**
 * Chart of a client's connection: fetch a token, open a socket, wait for the greeting, and reconnect after every loss
 * until the server or the application ends it for good. Frames do not pass through the chart; it receives only what
 * changes its state. Its context never holds a token, since an inspector shows it.
 */
import { assign, setup, type CallbackActorLogic, type EventObject } from 'xstate';

/** Close code for "no close frame came". */
export const ABNORMAL = 1006;

/** Close code when the application closes the connection. */
const NORMAL = 1000;

/** How long the application may take to give a token, in milliseconds. */
export const TOKEN_TIMEOUT_MS = 10_000;

/**
 * How long the greeting may take, counted from when the socket starts to open, in milliseconds; the server's own limit
 * is the same.
 */
export const GREETING_TIMEOUT_MS = 10_000;

/**
 * A connection that has held this long, in milliseconds, counts as good: the next loss starts counting failures from
 * zero.
 */
export const STABLE_MS = 5_000;

/** Close code when a token has expired. */
export const TOKEN_EXPIRED = 3005;

/** How a socket, or an attempt to open one, ended. */
export interface Loss {
  /** Close code; 1006 when no close frame came. */
  readonly code: number;
  readonly reason: string;
  /** The wait that the server asked for, in milliseconds; null when it asked for none. */
  readonly afterMs: number | null;
}

/** What the greeting says: the user, the connection's id and the node. */
export interface Session {
  readonly user: string;
  readonly connection: string;
  readonly node: string;
}

/** Context of the chart. */
export interface ConnectionContext {
  /** Failed attempts since the last connection that held for {@link STABLE_MS}. */
  failures: number;
  /** Whether the last token has expired. Until a connection is greeted, a cached token must not be used. */
  isTokenExpired: boolean;
  session: Session | null;
  /** The last loss; null before the first. */
  loss: Loss | null;
  retryMs: number;
  /** When the next attempt starts, in Unix milliseconds; null unless waiting. */
  retryAt: number | null;
}

/** Events of the chart. */
export type ConnectionEvent =
  | { type: 'token.fetched' }
  | { type: 'token.failed'; reason: string }
  /** The server has greeted: frames may be sent now. */
  | { type: 'server.connected'; session: Session }
  /** The socket closed or never opened, or the server asked the client to go. `isFinal`: do not reconnect. */
  | ({ type: 'link.lost'; isFinal: boolean } & Loss)
  /** Reconnect now instead of waiting. */
  | { type: 'connection.retry' }
  | { type: 'connection.close' };

/** Settings of the chart. `now` (Unix milliseconds) and `retryDelayMs` are its only sources of time and chance. */
export interface ConnectionChartSettings {
  /** Whether to fetch a token before every attempt. */
  readonly hasToken: boolean;
  readonly now: () => number;
  /** Returns the wait before the next attempt, in milliseconds. */
  readonly retryDelayMs: (lost: {
    failures: number;
    wasConnected: boolean;
    afterMs: number | null;
  }) => number;
}

/** What the chart reports, one per transition; the socket layer passes it to the application. */
export type ConnectionNews = 'refreshing' | 'connecting' | 'connected' | 'waiting' | 'closed';

const abnormal = (reason: string): Loss => ({ code: ABNORMAL, reason, afterMs: null });

/**
 * Builds the chart. `.provide()` must give it: `token`, which fetches a token, keeps it outside of the chart and sends
 * `token.fetched` or `token.failed`; `socket`, which opens a socket, sends `server.connected` and `link.lost` and
 * closes the socket when stopped; and the action `tell`.
 */
export function createConnectionMachine({ hasToken, now, retryDelayMs }: ConnectionChartSettings) {
  const chart = setup({
    types: {
      context: {} as ConnectionContext,
      events: {} as ConnectionEvent,
      tags: {} as 'initializing' | 'ready' | 'degraded' | 'failed'
    },
    actors: {
      token: {} as CallbackActorLogic<EventObject, { isExpired: boolean }>,
      socket: {} as CallbackActorLogic<EventObject>
    },
    delays: {
      tokenTimeout: TOKEN_TIMEOUT_MS,
      greetingTimeout: GREETING_TIMEOUT_MS,
      stable: STABLE_MS,
      retry: ({ context }) => context.retryMs
    },
    guards: {
      hasToken: () => hasToken,
      isFinal: ({ event }) => event.type === 'link.lost' && event.isFinal
    },
    actions: {
      tell: (_, _params: { news: ConnectionNews }) => {
        // the socket layer has the listeners
      },
      noteLoss: assign(({ context }, { loss }: { loss: Loss }) => ({
        loss,
        isTokenExpired: context.isTokenExpired || loss.code === TOKEN_EXPIRED
      })),
      planRetry: assign(({ context }) => {
        const { failures, session, loss } = context;
        const retryMs = retryDelayMs({
          failures,
          wasConnected: session !== null,
          afterMs: loss?.afterMs ?? null
        });
        return { retryMs, retryAt: now() + retryMs, failures: failures + 1, session: null };
      })
    }
  });

  const lossOf = ({ event }: { event: Loss }) => ({
    loss: { code: event.code, reason: event.reason, afterMs: event.afterMs }
  });
  const giveUp = (reason: string) =>
    ({
      target: '#client-connection.waiting',
      actions: { type: 'noteLoss', params: { loss: abnormal(reason) } }
    }) as const;

  return chart.createMachine({
    id: 'client-connection',
    context: {
      failures: 0,
      isTokenExpired: false,
      session: null,
      loss: null,
      retryMs: 0,
      retryAt: null
    },
    initial: 'attempting',
    on: {
      'connection.close': {
        target: '.closed',
        actions: {
          type: 'noteLoss',
          params: { loss: { code: NORMAL, reason: 'closed by the application', afterMs: null } }
        }
      }
    },
    states: {
      attempting: {
        always: [{ guard: 'hasToken', target: 'refreshing' }, { target: 'linked' }]
      },
      refreshing: {
        tags: 'initializing',
        entry: { type: 'tell', params: { news: 'refreshing' } },
        invoke: {
          id: 'token',
          src: 'token',
          input: ({ context }) => ({ isExpired: context.isTokenExpired })
        },
        on: {
          'token.fetched': 'linked',
          'token.failed': {
            target: 'waiting',
            actions: {
              type: 'noteLoss',
              params: ({ event }) => ({ loss: abnormal(`no token: ${event.reason}`) })
            }
          }
        },
        after: { tokenTimeout: giveUp('the application did not give a token in time') }
      },
      linked: {
        invoke: { id: 'socket', src: 'socket' },
        on: {
          'link.lost': [
            { guard: 'isFinal', target: 'closed', actions: { type: 'noteLoss', params: lossOf } },
            { target: 'waiting', actions: { type: 'noteLoss', params: lossOf } }
          ]
        },
        initial: 'greeting',
        states: {
          greeting: {
            tags: 'initializing',
            entry: { type: 'tell', params: { news: 'connecting' } },
            after: { greetingTimeout: giveUp('the server did not answer in time') },
            on: {
              'server.connected': {
                target: 'connected',
                actions: assign({ session: ({ event }) => event.session, isTokenExpired: false })
              }
            }
          },
          connected: {
            tags: 'ready',
            entry: { type: 'tell', params: { news: 'connected' } },
            initial: 'fresh',
            states: {
              fresh: { after: { stable: 'stable' } },
              stable: { entry: assign({ failures: 0 }) }
            }
          }
        }
      },
      waiting: {
        tags: 'degraded',
        entry: ['planRetry', { type: 'tell', params: { news: 'waiting' } }],
        exit: assign({ retryAt: null }),
        after: { retry: 'attempting' },
        on: { 'connection.retry': 'attempting' }
      },
      closed: {
        type: 'final',
        tags: 'failed',
        entry: { type: 'tell', params: { news: 'closed' } }
      }
    }
  });
}

/** The chart of {@link createConnectionMachine}. */
export type ConnectionMachine = ReturnType<typeof createConnectionMachine>;
