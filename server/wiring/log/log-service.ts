/**
 * The thread log as a supervised child: it opens the log of its provider, and reports when the log stops or starts
 * accepting messages.
 */
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { LogProvider, ProvidedLog } from '../../../actors/log/log-provider.js';
import type { Replication } from '../../../actors/log/replica/replication.js';
import type { Durability } from '../../../actors/log/log-writer.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import type { Logger } from '../../../actors/log-line.js';
import type { Clock } from '../../../actors/clock.js';
import type { Service } from '../../../actors/service.js';
import { LogOutages } from './log-outages.js';

/** Opens and closes the thread log. */
export class LogService implements Service {
  private readonly provider: LogProvider;
  private readonly logger: Logger;
  private readonly outages: LogOutages;
  /** Called each time the log accepts messages again. */
  onWritable: () => void = () => undefined;
  /** Called each time that changes: with the reason why the log accepts none, null when it does. */
  onFault: (reason: string | null) => void = () => undefined;
  private provided: ProvidedLog | null = null;

  constructor(
    provider: LogProvider,
    logger: Logger,
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  ) {
    this.provider = provider;
    this.logger = logger;
    this.outages = new LogOutages({ clock, logger });
  }

  /** The open log; null before and after. */
  get log(): ThreadLog | null {
    return this.provided?.log ?? null;
  }

  /** What an operator does when a part of the log cannot be read. */
  get remedy(): string {
    return this.provider.remedy;
  }

  /** What an ack promises; null while the log is not open. */
  get durability(): Durability | null {
    return this.log?.durability ?? null;
  }

  /** Returns whether the log accepts messages, and if not, why. */
  health(): LogHealth {
    return this.log?.health() ?? { writable: false, reason: 'not open' };
  }

  /** The log as one of several replicas; null on a single node, and while it is not open. */
  get replication(): Replication | null {
    return this.provided?.replication ?? null;
  }

  /** Returns whether the log's disk is nearly full; false while it is not open. */
  isDiskLow(): boolean {
    return this.provided?.isDiskLow() ?? false;
  }

  async start(): Promise<void> {
    const provided = await this.provider.open();
    if (provided.notice !== null) this.logger.warn(provided.notice, { actor: 'log' });
    provided.log.onHealth((health) => {
      this.tell(health);
    });
    this.provided = provided;
  }

  async stop(): Promise<void> {
    this.outages.close();
    await this.provided?.close();
    this.provided = null;
  }

  private tell({ writable, reason }: LogHealth): void {
    this.onFault(writable ? null : (reason ?? 'no reason given'));
    this.outages.turn({ writable, reason });
    if (writable) this.onWritable();
  }
}
