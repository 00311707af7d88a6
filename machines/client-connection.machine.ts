/**
 * The life of a client's connection: a token, a socket, the greeting, and coming back after every loss until the server
 * or the application says that it is for good. Frames pass it by: the chart is told only what changes its state, and its
 * context, which an inspector shows, never holds a token.
 */
import { assign, setup, type CallbackActorLogic, type EventObject } from 'xstate';

/** Close code that stands for "no close frame came". */
export const ABNORMAL = 1006;

/** Close code of an end that the application asked for. */
const NORMAL = 1000;

/** How long the application may take for a token, in milliseconds. */
export const TOKEN_TIMEOUT_MS = 10_000;

/** How long a socket may take until it is greeted, in milliseconds: as long as the server itself waits. */
export const GREETING_TIMEOUT_MS = 10_000;

/** A connection that has held this long, in milliseconds, was a good one: the next loss starts counting anew. */
export const STABLE_MS = 5_000;

/** Close code of a server for which the token of a living connection has run out. */
const TOKEN_EXPIRED = 3005;

/** How a socket, or an attempt to have one, ended. */
export interface Loss {
  /** Close code; 1006 when no close frame came. */
  readonly code: number;
  readonly reason: string;
  /** The wait that the server asked for, in milliseconds; null when it did not. */
  readonly afterMs: number | null;
}

/** Who the server says that this is. */
export interface Session {
  readonly user: string;
  readonly connection: string;
  readonly node: string;
}

/** What is known about the connection. */
export interface ConnectionContext {
  /** Attempts that have failed since the last connection that held. */
  failures: number;
  /** Whether the latest token has run out: until a connection is there, none that was kept will do. */
  isTokenExpired: boolean;
  session: Session | null;
  /** The latest end; null before the first. */
  loss: Loss | null;
  retryMs: number;
  /** When the next attempt starts, in Unix milliseconds; null outside of a wait. */
  retryAt: number | null;
}

/** What the chart is told. */
export type ConnectionEvent =
  | { type: 'token.fetched' }
  | { type: 'token.failed'; reason: string }
  /** The server has greeted: frames may be sent. */
  | { type: 'server.connected'; session: Session }
  /** The socket has gone, or never was, or the server asked to go; `isFinal` when it is not to be tried again. */
  | ({ type: 'link.lost'; isFinal: boolean } & Loss)
  /** Try now and do not wait. */
  | { type: 'connection.retry' }
  | { type: 'connection.close' };

/** What the chart is built with; `now` (Unix milliseconds) and `retryDelayMs` are its only sources of time and chance. */
export interface ConnectionChartSettings {
  /** Whether a token is fetched before every attempt. */
  readonly hasToken: boolean;
  readonly now: () => number;
  /** How long to wait before the next attempt, in milliseconds. */
  readonly retryDelayMs: (lost: {
    failures: number;
    wasConnected: boolean;
    afterMs: number | null;
  }) => number;
}

/** What the chart says, once per transition; the socket layer carries it to the application. */
export type ConnectionNews = 'refreshing' | 'connecting' | 'connected' | 'waiting' | 'closed';

const abnormal = (reason: string): Loss => ({ code: ABNORMAL, reason, afterMs: null });

/**
 * Builds the chart. Give it by `.provide()`: `token`, which keeps what it fetches to itself and has `token.fetched` or
 * `token.failed` sent; `socket`, which opens one, has `server.connected` and `link.lost` sent and lets go of it when stopped; and the action `tell`.
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
