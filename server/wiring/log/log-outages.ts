/**
 * Logs the outages of the thread log: one line when one begins and one when it is over. An outage that keeps coming
 * back is one incident with a count: its end is logged when it has stayed away for a while.
 */
import type { Clock } from '../../../actors/clock.js';
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { Logger } from '../../../actors/log-line.js';

/** An outage that begins within this time after the last one, in milliseconds, continues the same incident. */
export const OUTAGE_QUIET_MS = 60_000;

/** Outages of one incident that are logged one by one; further ones are only counted. */
export const OUTAGES_TOLD = 3;

/** Options of {@link LogOutages}. */
export interface LogOutagesOptions {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly logger: Pick<Logger, 'error' | 'info'>;
}

/** Follows the health of the log. */
export class LogOutages {
  private readonly options: LogOutagesOptions;
  private outages = 0;
  private quiet: unknown = null;

  constructor(options: LogOutagesOptions) {
    this.options = options;
  }

  /** Notes that the log has stopped or begun to accept messages. */
  turn({ writable, reason }: LogHealth): void {
    if (writable) this.ended();
    else this.began(reason ?? 'no reason given');
  }

  /** Forgets what it waits for; called when the log is closed. */
  close(): void {
    this.rest();
  }

  private began(reason: string): void {
    this.rest();
    this.outages++;
    if (this.outages > OUTAGES_TOLD) return;
    const isLast = this.outages === OUTAGES_TOLD;
    this.options.logger.error(
      `the thread log takes no messages (${reason}): publishes are answered ` +
        '"unavailable" until it does; nothing acknowledged is lost' +
        (isLast ? '; this comes and goes, so its end is told when it has held for a minute' : ''),
      { actor: 'log', outages: this.outages }
    );
  }

  private ended(): void {
    if (this.outages < OUTAGES_TOLD) this.tellEnd();
    this.rest();
    this.quiet = this.options.clock.setTimeout(() => {
      this.quiet = null;
      if (this.outages >= OUTAGES_TOLD) this.tellEnd();
      this.outages = 0;
    }, OUTAGE_QUIET_MS);
  }

  private tellEnd(): void {
    const { outages } = this;
    this.options.logger.info('The thread log takes messages again', { actor: 'log', outages });
  }

  private rest(): void {
    if (this.quiet !== null) this.options.clock.clearTimeout(this.quiet);
    this.quiet = null;
  }
}
