/** Logs the transitions of the root chart, each once, and records the times of the startup. */
import type { Actor } from 'xstate';
import type { Logger } from '../../actors/log-line.js';
import { REQUIRED_BUT } from '../../machines/clickhouse/clickhouse-status.js';
import type { StartupMachine } from '../../machines/startup.machine.js';
import type { StartupTimeline } from './report/startup-timeline.js';

/** Options of {@link logStartup}. */
export interface StartupLinesOptions {
  readonly root: Actor<StartupMachine>;
  readonly logger: Logger;
  readonly timeline: StartupTimeline;
  /** Returns the address of the server. */
  readonly url: () => string;
  readonly hasInspector: boolean;
  /** Whether people read the lines; then each address has a line of its own. */
  readonly isPretty: boolean;
  readonly connections: { readonly open: number };
}

/** Follows the root until it ends. */
export function logStartup(options: StartupLinesOptions): void {
  const { root, logger, timeline, connections } = options;
  root.on('phase.started', ({ phase }) => {
    timeline.begin(phase);
  });
  root.on('phase.completed', ({ phase }) => {
    const tookMs = timeline.complete(phase);
    logger.info(`PHASE COMPLETED: ${phase} (${String(tookMs)} ms)`, { actor: 'startup' });
  });
  root.on('startup.completed', () => {
    tellAddresses(options, timeline.finish());
  });
  root.on('startup.failed', ({ failure }) => {
    timeline.fail(failure.phase);
    // ClickHouse has written its own line: one CRITICAL, not two.
    if (failure.error.startsWith(REQUIRED_BUT)) return;
    logger.error(`❌ CRITICAL: ${failure.service} failed in ${failure.phase}: ${failure.error}`, {
      actor: 'startup',
      phase: failure.phase,
      ...failure.report
    });
  });
  root.on('draining', () => {
    logger.info(`Draining ${String(connections.open)} connections`, { actor: 'startup' });
  });
}

/** Logs the addresses of the pages: one line for programs, one line each for people. */
function tellAddresses(options: StartupLinesOptions, tookMs: number): void {
  const { logger, hasInspector, isPretty } = options;
  const url = options.url();
  const serving = `Rollcall is serving after ${String(tookMs)} ms`;
  const addresses = [
    `chat ${url}/`,
    ...(hasInspector ? [`inspector ${url}/inspect`] : []),
    `status ${url}/status.html`
  ];
  const fields = { actor: 'startup', url, tookMs };
  if (!isPretty) {
    logger.info(`${serving}: ${addresses.join(' · ')}`, fields);
    return;
  }
  logger.info(serving, fields);
  for (const address of addresses) logger.info(address, { actor: 'startup' });
}
