/**
 * Counts the refusals of each limit. Many refusals stay cheap, as each costs one addition: a limit logs one line when
 * it begins to refuse and one when it has refused nobody for {@link QUIET_MS}, and there is one counter per limit.
 */
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import { LIMITS, type LimitName } from './limit-table.js';

/** Time without a refusal after which a limit logs that it is quiet, in milliseconds. */
export const QUIET_MS = 60_000; // a client that retries does so within half a minute

/** Notes a refusal, or several. */
export type NoteLimited = (limit: LimitName, times?: number) => void;

/** Options of {@link Limited}. */
export interface LimitedOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly logger: Pick<Logger, 'info'>;
}

interface Counter {
  /** What is limited. */
  readonly what: string;
  /** Refusals since the start. */
  total: number;
  /** Number of refusals before it began to refuse; null while it is quiet. */
  before: number | null;
  /** When it last refused, a moment of `Clock.elapsed()`. */
  lastAt: number;
}

/** The refusals of each limit. */
export class Limited {
  private readonly options: LimitedOptions;
  private readonly counters: ReadonlyMap<LimitName, Counter>;

  constructor(options: LimitedOptions) {
    this.options = options;
    this.counters = new Map(
      LIMITS.map(({ name, what }) => [name, { what, total: 0, before: null, lastAt: 0 }])
    );
  }

  /** Notes a refusal, or several. */
  readonly note: NoteLimited = (limit, times = 1) => {
    const counter = this.counters.get(limit);
    if (counter === undefined || times === 0) return;
    counter.lastAt = this.options.clock.elapsed();
    if (counter.before === null) {
      counter.before = counter.total;
      const { what } = counter;
      this.options.logger.info(`The limit ${limit} begins to refuse: ${what}`, {
        actor: 'limits',
        limit
      });
    }
    counter.total += times;
  };

  /** Returns the refusals since the start, of every limit. */
  totals(): ReadonlyMap<LimitName, number> {
    return new Map(Array.from(this.counters, ([limit, { total }]) => [limit, total]));
  }

  /** Returns the refusals since the start, of the limits that have refused. */
  refused(): Partial<Record<LimitName, number>> {
    return Object.fromEntries([...this.totals()].filter(([, total]) => total > 0));
  }

  /** Logs which limits have become quiet; called once a second. */
  sweep(): void {
    const now = this.options.clock.elapsed();
    for (const [limit, counter] of this.counters) {
      const { before, total, lastAt } = counter;
      if (before === null || now - lastAt < QUIET_MS) continue;
      counter.before = null;
      this.options.logger.info(`The limit ${limit} refuses nobody any more`, {
        actor: 'limits',
        limit,
        count: total - before
      });
    }
  }
}
