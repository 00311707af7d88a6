/**
 * What the monitor can find and how bad that may be: the words that the rules, `/status`, the charts and the pages share.
 */

/** How the whole is by what was found, worst first. */
export const MONITOR_LEVELS = ['failed', 'critical', 'warning', 'healthy'] as const;

/** One of {@link MONITOR_LEVELS}. */
export type MonitorLevel = (typeof MONITOR_LEVELS)[number];

/**
 * How bad a finding is. `warning`: something is not as it should be, and the chat works · `critical`: people notice, or
 * will soon · `failed`: messages cannot be taken, or the server ends.
 */
export type FindingLevel = Exclude<MonitorLevel, 'healthy'>;

/** Everything that can be found. */
export const FINDING_KINDS = [
  'undelivered',
  'event_loop_lag',
  'lagging_connections',
  'sink_lag',
  'part_missed',
  'restarts',
  'log_fault',
  'unreadable_threads',
  'disk_low',
  'fault'
] as const;

/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Whether one level is worse than the other. */
export function isWorse(one: MonitorLevel, other: MonitorLevel): boolean {
  return MONITOR_LEVELS.indexOf(one) < MONITOR_LEVELS.indexOf(other);
}

/** The worst of levels; without any all is healthy. */
export function worstOf(levels: Iterable<MonitorLevel>): MonitorLevel {
  let worst: MonitorLevel = 'healthy';
  for (const level of levels) if (isWorse(level, worst)) worst = level;
  return worst;
}
