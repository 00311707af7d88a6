/**
 * Asks the application again about open subscriptions, when its answers no longer hold, and ends those that it refuses.
 * While it does not answer, they go on: an outage of the application then ends no conversation.
 */
import type { Clock } from '../../../actors/clock.js';
import type { CallerRights } from '../../access/guard.js';
import type { Connection, Subscription } from '../connection.js';
import type { Connections } from '../connections.js';
import type { Evictions } from '../evictions.js';

/** Most subscriptions asked about per second. With more than that times `AUTHORIZE_TTL_MS`, each is asked about later. */
export const RECHECKS_PER_SWEEP = 256;

/** Most of these questions on their way at once: half of all, so that the other half is left to requests. */
export const RECHECKS_AT_ONCE = 32;

/** Options of {@link Rechecks}. */
export interface RechecksOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly connections: Pick<Connections, 'opened'>;
  readonly evictions: Pick<Evictions, 'judgeOne'>;
  /** For how long an answer holds, in milliseconds. */
  readonly keepMs: number;
}

interface Checked {
  readonly rights: CallerRights | null;
  /** When it is looked at again, a moment of `Clock.elapsed()`. */
  readonly next: number;
}

/** Checks open subscriptions again and again. */
export class Rechecks {
  private readonly options: RechecksOptions;
  private readonly checked = new WeakMap<Subscription, Checked>();
  /** The round through all connections, which may take several sweeps. */
  private round: Iterator<[Connection, Subscription]> | null = null;
  private left = 0;
  private asking = 0;

  constructor(options: RechecksOptions) {
    this.options = options;
  }

  /** Continues the round, or begins the next one; called about every second. */
  sweep(): void {
    this.left = RECHECKS_PER_SWEEP;
    this.round ??= this.all();
    this.more();
  }

  private *all(): Generator<[Connection, Subscription]> {
    for (const connection of this.options.connections.opened()) {
      for (const subscription of connection.subscriptions) yield [connection, subscription];
    }
  }

  private more(): void {
    while (this.round !== null && this.left > 0 && this.asking < RECHECKS_AT_ONCE) {
      const next = this.round.next();
      if (next.done === true) this.round = null;
      else this.check(...next.value);
    }
  }

  private check(connection: Connection, subscription: Subscription): void {
    const { clock, evictions, keepMs } = this.options;
    const { rights } = connection;
    const now = clock.elapsed();
    const known = this.checked.get(subscription);
    // A new token has claims of its own.
    if (known?.rights === rights && known.next > now) return;
    const thread = subscription.thread.id;
    const question = rights?.ask('read', thread) ?? null;
    if (question === null) {
      evictions.judgeOne(connection, thread);
      return;
    }
    this.checked.set(subscription, { rights, next: now + keepMs });
    this.left--;
    this.asking++;
    void question.then(() => {
      this.asking--;
      evictions.judgeOne(connection, thread);
      this.more();
    });
  }
}
