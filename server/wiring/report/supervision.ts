/**
 * Reports the state of the supervised parts: one incident in the log lines for each part that goes down, however often
 * it is restarted; the rows of `/status`; and in words what is down.
 */
import type { Clock } from '../../../actors/clock.js';
import type { Logger } from '../../../actors/log-line.js';
import type { ThreadNames } from '../../../actors/monitor/monitor.js';
import {
  isMissed,
  reportOf,
  type ChildState,
  type SupervisionReport
} from '../../../machines/supervision/child-state.js';
import type { StartupContext } from '../../../machines/startup.machine.js';

/** A row of `supervision` in `/status`: a {@link SupervisionReport} whose `since` is an ISO time. */
export type SupervisionRow = Omit<SupervisionReport, 'since'> & { readonly since: string };

/** Options of {@link Supervision}. */
export interface SupervisionOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** Follows the parts of all phases. */
export class Supervision {
  private readonly options: SupervisionOptions;
  private children: readonly ChildState[] = [];
  /** When each part went down that is not well again, by id: moments of `Clock.elapsed()`. */
  private readonly lost = new Map<string, number>();

  constructor(options: SupervisionOptions) {
    this.options = options;
  }

  /** Notes the state of all parts, and logs what has begun or ended. Returns the parts. */
  follow(states: StartupContext['states']): readonly ChildState[] {
    this.children = Object.values(states).flat();
    for (const child of this.children) this.judge(child);
    return this.children;
  }

  /** Returns every part as of now. */
  rows(): SupervisionRow[] {
    return this.children.map((child) => this.row(child));
  }

  /** Returns why parts are down: all parts, or only the required ones; for strangers only that they are. */
  missed(which: 'all' | 'required', names: ThreadNames): string[] {
    return this.children
      .filter((child) => isMissed(child) && (child.required || which === 'all'))
      .map(({ id, error, status }) => `${id}: ${(names === 'shown' ? error : null) ?? status}`);
  }

  private row(child: ChildState): SupervisionRow {
    const report = reportOf(child, this.options.clock.elapsed());
    return { ...report, since: new Date(report.since).toISOString() };
  }

  private judge(child: ChildState): void {
    const { clock, logger } = this.options;
    const { id, status, losses, required } = child;
    // The server ends now, and its CRITICAL line says why: a second line would repeat it.
    if (status === 'failed' && required) return;
    const fields = { actor: 'supervisor', ...this.row(child) };
    const lostAt = this.lost.get(id);
    if (lostAt === undefined && (status === 'restarting' || status === 'failed')) {
      this.lost.set(id, clock.elapsed());
      const what = status === 'failed' ? 'has failed' : 'was lost and is started again';
      logger.warn(`${id} ${what}: ${fields.reason ?? 'no reason given'}`, fields);
    }
    // A part that is up may go down again within moments, which is the same incident.
    if (lostAt !== undefined && losses === 0 && (status === 'ready' || status === 'degraded')) {
      this.lost.delete(id);
      logger.info(`${id} is well again`, { ...fields, lastedMs: clock.elapsed() - lostAt });
    }
  }
}
