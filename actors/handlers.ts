/** The handler registry: a route table from frame type to handler, built once by the actor of the handlers chart. */
import { fromPromise } from 'xstate';
import {
  handlersMachine,
  isWithinGrace,
  type HandlersInput,
  type Registration
} from '../machines/handlers.machine.js';
import type { Clock } from './clock.js';
import type { Logger } from './log-line.js';

/** The handlers' part of `/status`. Times are milliseconds. */
export interface HandlersStatus {
  readonly status: 'initializing' | 'ready' | 'error';
  readonly count: number;
  readonly handlers: readonly string[];
  readonly registrationMs: number | null;
  readonly elapsedMs: number;
  readonly gracePeriodActive: boolean;
  readonly message: string;
}

/** Options of {@link HandlerRegistry}. `register` builds the table and returns its frame types. */
export interface HandlerRegistryOptions {
  readonly register: () => Promise<readonly string[]> | readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the status says `initializing` without handlers, in milliseconds. */
  readonly graceMs: number;
  /** Milliseconds that only go forward, to measure the registration; default: `performance.now`. */
  readonly stopwatch?: () => number;
}

/** The handler registry: a supervised child that reports its status. */
export class HandlerRegistry {
  private readonly options: HandlerRegistryOptions;
  private startedAt: number | null = null;
  private registration: Registration | null = null;

  constructor(options: HandlerRegistryOptions) {
    this.options = options;
  }

  /** Returns logic and input for a child spec. */
  child(): { logic: typeof handlersMachine; input: Pick<HandlersInput, 'graceMs'> } {
    const { clock, logger, register, graceMs } = this.options;
    const { stopwatch = () => performance.now() } = this.options;
    const logic = handlersMachine.provide({
      actors: {
        register: fromPromise<Registration>(async () => {
          this.startedAt = clock.elapsed();
          const startedMs = stopwatch();
          const handlers = await register();
          return { handlers, tookMs: stopwatch() - startedMs };
        })
      },
      actions: {
        warnZeroHandlers: () => {
          logger.warn(
            `ZERO WebSocket message handlers after ${String(graceMs)} ms: no frame can be answered; ` +
              'registration has not finished, see handlers in /status',
            { actor: 'handlers' }
          );
        },
        announceRegistered: (_args, registration) => {
          this.registration = registration;
          logger.info(`✅ Registered ${String(registration.handlers.length)} WebSocket handlers`, {
            actor: 'handlers',
            tookMs: roundMs(registration.tookMs)
          });
        }
      }
    });
    return { logic, input: { graceMs } };
  }

  /** Returns the status. It changes nothing and logs nothing. */
  status(): HandlersStatus {
    const { clock, graceMs } = this.options;
    const elapsedMs = this.startedAt === null ? 0 : clock.elapsed() - this.startedAt;
    if (this.registration !== null) {
      const { handlers, tookMs } = this.registration;
      return {
        status: 'ready',
        count: handlers.length,
        handlers,
        registrationMs: roundMs(tookMs),
        elapsedMs,
        gracePeriodActive: false,
        message: `${String(handlers.length)} handlers registered`
      };
    }
    const inside = isWithinGrace(elapsedMs, graceMs);
    return {
      status: inside ? 'initializing' : 'error',
      count: 0,
      handlers: [],
      registrationMs: null,
      elapsedMs,
      gracePeriodActive: inside,
      message: inside
        ? `no handlers yet, ${String(graceMs - elapsedMs)} ms of grace left`
        : `ZERO handlers, and the grace of ${String(graceMs)} ms is over`
    };
  }
}

function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
