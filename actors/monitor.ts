/**
 * The monitor: counts what became of messages, and says what is wrong right now.
 */
import { monitorMachine } from '../machines/monitor.machine.js';
import { DeliveryCounts } from './delivery-counts.js';
import type { Incident } from './incidents.js';

/** `/status` of the monitor. */
export interface MonitorStatus {
  readonly status: 'healthy' | 'warning';
  readonly issues: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What the monitor looks at when it is asked. */
export interface MonitorSources {
  /** Threads with an open "cannot deliver" incident. */
  undeliveredThreads(): number;
  /** Why the log takes no appends; null when it does. */
  logFault(): string | null;
  /** Threads whose messages could not be read from the log. */
  unreadableThreads(): number;
  /** Faults that have come lately. */
  incidents(): readonly Incident[];
  /** What of the supervised parts is not well, in sentences. */
  missed(): readonly string[];
}

/** Counts deliveries and tells issues; a supervised child. */
export class Monitor {
  readonly counts = new DeliveryCounts();
  readonly logic = monitorMachine;
  private readonly sources: MonitorSources;

  constructor(sources: MonitorSources) {
    this.sources = sources;
  }

  /** What is wrong now, in sentences; nothing is healthy. */
  status(): MonitorStatus {
    const issues: string[] = [];
    const undelivered = this.sources.undeliveredThreads();
    if (undelivered > 0) issues.push(`${String(undelivered)} threads hold undelivered messages`);
    const logFault = this.sources.logFault();
    if (logFault !== null) issues.push(`the thread log takes no messages: ${logFault}`);
    const unreadable = this.sources.unreadableThreads();
    if (unreadable > 0) issues.push(`${String(unreadable)} threads cannot be read from the log`);
    for (const { message, count, reason } of this.sources.incidents()) {
      issues.push(`${message} (${String(count)} times lately, last: ${reason})`);
    }
    issues.push(...this.sources.missed());
    return {
      status: issues.length === 0 ? 'healthy' : 'warning',
      issues,
      outcomes: this.counts.all()
    };
  }
}
