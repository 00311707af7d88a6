/** The traces of a server, as its configuration asks for them. */
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { Config } from '../config/settings.js';
import { TracesService } from './traces-service.js';

/** Returns what records traces, not started yet; null when none are sent. */
export function pickTraces(
  config: Config,
  node: string,
  version: string,
  clock: Clock,
  random: () => number,
  logger: Logger
): TracesService | null {
  const { otelExporterOtlpEndpoint: endpoint, otelTracesSamplerArg: ratio, environment } = config;
  if (endpoint === undefined) return null;
  const about = {
    'service.name': 'rollcall',
    'service.version': version,
    'service.instance.id': node,
    'deployment.environment.name': environment
  };
  return new TracesService({ endpoint, ratio, about, version, clock, random, logger });
}
