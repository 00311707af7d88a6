/**
 * Faults that may come again and again, told as incidents: one line when a fault first comes, one with the count when
 * it has not come for a while, and nothing in between however often it does.
 */
import type { Clock } from './clock.js';
import type { LogFields, Logger } from './log-line.js';

/** How long a fault must not have come for its incident to be over, in milliseconds. */
export const QUIET_MS = 60_000; // a client that retries does so within half a minute

/** Incidents open at once at most; further kinds of fault are counted together as one more. */
export const INCIDENTS_MAX = 64;

/** A fault that has come lately. Times are milliseconds since the Unix epoch. */
export interface Incident {
  readonly message: string;
  /** How often it has come. */
  readonly count: number;
  readonly since: number;
  readonly lastAt: number;
  /** What was known of it when it last came. */
  readonly reason: string;
}

/** What the books of incidents work with. */
export interface IncidentsOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'error' | 'info'>;
}

const OTHERS = 'further faults of other kinds';

/** The open incidents. */
export class Incidents {
  private readonly options: IncidentsOptions;
  private readonly open = new Map<string, { incident: Incident; fields: LogFields }>();

  constructor(options: IncidentsOptions) {
    this.options = options;
  }

  /** Notes that a fault has come: `message` names its kind, `fields.reason` what it was this time. */
  note(message: string, fields: LogFields & { readonly reason: string }): void {
    const { clock, logger } = this.options;
    const isKept = this.open.has(message) || this.open.size < INCIDENTS_MAX;
    const key = isKept ? message : OTHERS;
    const now = clock.now();
    const known = this.open.get(key);
    if (known === undefined) logger.error(key, fields);
    const { count, since } = known?.incident ?? { count: 0, since: now };
    const { reason } = fields;
    this.open.set(key, {
      incident: { message: key, count: count + 1, since, lastAt: now, reason },
      fields: known?.fields ?? fields
    });
  }

  /** Closes those that have been quiet for long enough; called every second or so. */
  sweep(): void {
    const { clock, logger } = this.options;
    for (const [key, { incident, fields }] of this.open) {
      if (clock.now() - incident.lastAt < QUIET_MS) continue;
      this.open.delete(key);
      const { count, since, lastAt, reason } = incident;
      logger.info(`It is over: ${key}`, {
        actor: fields.actor,
        count,
        lastedMs: lastAt - since,
        reason
      });
    }
  }

  /** Those that are open, oldest first. */
  all(): Incident[] {
    return [...this.open.values()].map(({ incident }) => incident);
  }
}
