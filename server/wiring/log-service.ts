/**
 * The thread log as a supervised child: it claims the data directory, opens the log, and reports when the log stops or
 * starts accepting messages.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../actors/clock.js';
import { claimDataDir, type DataDirClaim } from '../../actors/log/lmdb/disk/data-dir.js';
import { openLmdbLog, type EmbeddedLog } from '../../actors/log/lmdb/lmdb-log.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import type { Logger } from '../../actors/log-line.js';
import type { Service } from '../../actors/service.js';
import type { LogHealth } from '../../actors/log/log-health.js';
import type { ThreadLog } from '../../actors/log/thread-log.js';
import { LOG_FOLDER, type Config } from '../config/config.js';

/** Opens and closes the thread log. */
export class LogService implements Service {
  private readonly config: Config;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly incidents: Incidents;
  /** Called each time the log accepts messages again. */
  onWritable: () => void = () => undefined;
  /** Called each time that changes: with the reason why the log accepts none, null when it does. */
  onFault: (reason: string | null) => void = () => undefined;
  private claim: DataDirClaim | null = null;
  private opened: EmbeddedLog | null = null;

  constructor(config: Config, clock: Clock, logger: Logger, incidents: Incidents) {
    this.config = config;
    this.clock = clock;
    this.logger = logger;
    this.incidents = incidents;
  }

  /** The open log; null before and after. */
  get log(): ThreadLog | null {
    return this.opened;
  }

  /** Returns whether the log accepts messages, and if not, why. */
  health(): LogHealth {
    return this.opened?.health() ?? { writable: false, reason: 'not open' };
  }

  /** Returns whether the log's disk is nearly full; false while it is not open. */
  isDiskLow(): boolean {
    return this.opened?.isDiskLow() ?? false;
  }

  async start(): Promise<void> {
    const { dataDir, durability, retentionMessages, retentionDays, clickhouseUrl } = this.config;
    this.claim = claimDataDir(dataDir);
    const log = await openLmdbLog({
      dir: join(dataDir, LOG_FOLDER),
      durability,
      clock: this.clock,
      retention: { messages: retentionMessages ?? null, days: retentionDays ?? null },
      isFeedRead: clickhouseUrl !== 'off',
      onListenerFault: (reason) => {
        this.incidents.note('a listener of the thread log failed', { actor: 'log', reason });
      },
      newEpoch: () => `x${randomBytes(6).toString('hex')}`
    });
    if (log.epochRenewed) {
      this.logger.warn(
        'the machine went down under a log with DURABILITY=process: what was acknowledged last may be lost, ' +
          'so every thread has a new epoch and clients are told of a gap',
        { actor: 'log' }
      );
    }
    log.onHealth((health) => {
      this.tell(health);
    });
    this.opened = log;
  }

  async stop(): Promise<void> {
    await this.opened?.close();
    this.opened = null;
    this.claim?.release();
  }

  private tell({ writable, reason }: LogHealth): void {
    this.onFault(writable ? null : (reason ?? 'no reason given'));
    if (writable) {
      this.logger.info('The thread log takes messages again', { actor: 'log' });
      this.onWritable();
      return;
    }
    this.logger.error(
      `the thread log takes no messages (${reason ?? 'no reason given'}): publishes are answered ` +
        '"unavailable" until it does; nothing acknowledged is lost',
      { actor: 'log' }
    );
  }
}
