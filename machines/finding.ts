/** Kinds and levels of the monitor's findings: the names that the rules, `/status`, the charts and the pages share. */

/** Levels of the whole server, worst first. */
export const MONITOR_LEVELS = ['failed', 'critical', 'warning', 'healthy'] as const;

/** One of {@link MONITOR_LEVELS}. */
export type MonitorLevel = (typeof MONITOR_LEVELS)[number];

/**
 * Level of one finding. `warning`: something is wrong, but the chat works · `critical`: users notice, or will soon ·
 * `failed`: messages cannot be accepted, or the server ends.
 */
export type FindingLevel = Exclude<MonitorLevel, 'healthy'>;

/** Every kind of finding. */
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
  'open_files',
  'memory',
  'token_keys',
  'authorize',
  'api_keys',
  'webhooks',
  'agent_silent',
  'agent_tool',
  'agent_failing',
  'agent_blocking',
  'fault'
] as const;

/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Returns whether `one` is worse than `other`. */
export function isWorse(one: MonitorLevel, other: MonitorLevel): boolean {
  return MONITOR_LEVELS.indexOf(one) < MONITOR_LEVELS.indexOf(other);
}

/** Returns the worst of the levels; `healthy` when there are none. */
export function worstOf(levels: Iterable<MonitorLevel>): MonitorLevel {
  let worst: MonitorLevel = 'healthy';
  for (const level of levels) if (isWorse(level, worst)) worst = level;
  return worst;
}
