/** The connection to the NATS brokers as a child of a supervisor: the chart of `nats.machine.ts` with a link and a logger. */
import type { NatsConnection } from '@nats-io/transport-node';
import { fromCallback, fromPromise, type EventObject } from 'xstate';
import { natsStatus, type NatsContext, type NatsStatus } from '../../machines/nats/nats-status.js';
import {
  createNatsMachine,
  type NatsMachine,
  type NatsNews
} from '../../machines/nats/nats.machine.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import { NatsLink, type NatsLinkOptions } from './nats-link.js';

/** Options of {@link createNats}. */
export interface NatsOptions extends NatsLinkOptions {
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
}

/** The connection, and what other parts use of it. */
export interface Nats {
  /** Logic of the child. It may be spawned again after it has ended. */
  readonly logic: NatsMachine;
  /** The connection now; null while there is none. A new one comes after the client of NATS has given one up. */
  readonly connection: NatsConnection | null;
  /** State now; null before the child is spawned. */
  status(): NatsStatus | null;
  /**
   * Calls the listener with the connection while a broker is connected, and with null while none is: at once, and then on
   * every change.
   * @returns a function that removes the listener
   */
  onChange(listener: (connection: NatsConnection | null) => void): () => void;
}

/** Makes the connection; it opens nothing before it is spawned. */
export function createNats(options: NatsOptions): Nats {
  const { clock, random, logger } = options;
  const link = new NatsLink(options);
  let latest: { getSnapshot(): { context: NatsContext } } | null = null;
  let connected: NatsConnection | null = null;
  // Bounded by the code: the log and the bus listen.
  const listeners = new Set<(connection: NatsConnection | null) => void>();
  const become = (now: NatsConnection | null): void => {
    if (now === connected) return;
    connected = now;
    for (const listener of [...listeners]) listener(now);
  };
  const settings = { now: () => clock.now(), elapsed: () => clock.elapsed(), random };
  const logic = createNatsMachine(settings).provide({
    actors: {
      connect: fromPromise(({ signal }) => link.connect(signal)),
      watch: fromCallback<EventObject>(({ sendBack }) => link.watch(sendBack)),
      close: fromPromise(() => link.close())
    },
    actions: {
      announce: ({ self }) => {
        latest = self;
        // Report the loss here too: when the whole tree is stopped from outside, no state does.
        const gone = (): void => {
          become(null);
        };
        self.subscribe({
          next: ({ context }) => {
            become(context.status === 'connected' ? link.connection : null);
          },
          error: gone,
          complete: gone
        });
      },
      writeLine: ({ context }, { news }) => {
        write(logger, news, context, clock.elapsed());
      }
    }
  });
  return {
    logic,
    get connection() {
      return link.connection;
    },
    status: () =>
      latest === null ? null : natsStatus(latest.getSnapshot().context, clock.elapsed()),
    onChange: (listener) => {
      listeners.add(listener);
      listener(connected);
      return () => {
        listeners.delete(listener);
      };
    }
  };
}

function write(
  logger: NatsOptions['logger'],
  news: NatsNews,
  context: NatsContext,
  elapsed: number
): void {
  const { id: actor, broker, error, becameAt } = context;
  const fields = { actor, broker: broker?.address, version: broker?.version };
  switch (news) {
    case 'connected':
    case 'recovered': {
      const downMs = news === 'recovered' ? { recovered: true, downMs: elapsed - becameAt } : {};
      logger.info('✅ NATS connected', { ...fields, ...downMs });
      if (broker !== null && broker.warning !== null) {
        logger.warn(`The broker ${broker.address} is too old: ${broker.warning}`, fields);
      }
      return;
    }
    case 'away':
      logger.warn(
        `NATS is away, connecting again: ${String(error)}; until then no message is accepted here`,
        fields
      );
      return;
    case 'refused':
      logger.error(`❌ CRITICAL: NATS is needed but ${String(error)}`, fields);
  }
}
