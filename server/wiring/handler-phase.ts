/**
 * Work of the phase `handlers`: it makes every part that needs the open log, and gives the threads to the parts that
 * were made before.
 */
import type { Actor, InspectionEvent } from 'xstate';
import type { StartupMachine } from '../../machines/startup.machine.js';
import type { Http } from '../http/http.js';
import type { Metrics } from '../metrics/metrics.js';
import type { AgentsService } from './agents/agents-service.js';
import { createBackend, type BackendOptions } from './backend.js';
import type { Drain } from './drain.js';
import type { Inspection } from './inspection.js';
import type { LogService } from './log/log-service.js';
import type { StatusReporter } from './report/status-reporter.js';
import type { Sweep } from './sweep.js';

/** The parts that exist before the log is open. */
export interface HandlerPhaseParts extends Omit<BackendOptions, 'log' | 'remedy' | 'onErased'> {
  readonly root: () => Actor<StartupMachine>;
  readonly logService: LogService;
  readonly agentsService: AgentsService;
  readonly http: Http;
  readonly sweep: Sweep;
  readonly drain: Drain;
  readonly reporter: StatusReporter;
  readonly inspection: Inspection;
  readonly metrics: Metrics;
  /** The outside observer of the charts; null when there is none. */
  readonly observer: ((event: InspectionEvent) => void) | null;
}

/**
 * Makes threads, subscriptions, event streams, the HTTP API and the route table.
 * @returns the frame types that now have a handler
 * @throws {Error} when the log is not open
 */
export function buildHandlers(parts: HandlerPhaseParts): readonly string[] {
  const { logService, http, sweep, drain, reporter, inspection, observer } = parts;
  const { log } = logService;
  if (log === null) throw new Error('the thread log is not open');
  const { threads, routes, runs, handlers, cluster, ...backend } = createBackend({
    ...parts,
    log,
    remedy: logService.remedy,
    onErased: (thread) => {
      inspection.forget(thread);
    }
  });
  logService.onWritable = () => {
    threads.resync();
  };
  parts.root().on('startup.completed', () => {
    threads.open();
  });
  sweep.add(() => {
    backend.sweep();
  });
  drain.add({
    begin: (forMs) => {
      threads.drain(forMs);
    },
    end: async () => {
      await threads.settled();
      threads.close();
      cluster?.close();
    }
  });
  parts.agentsService.runs = runs;
  reporter.add(threads, runs);
  parts.metrics.begin({ runs, cluster });
  http.add(routes);
  if (observer !== null) threads.observe(observer, 'all');
  inspection.begin({ threads, runs: runs.actors, log });
  return handlers;
}
