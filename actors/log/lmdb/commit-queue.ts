/**
 * Group commit: jobs collect while a commit is in progress, and all of them are written by the next one. When a
 * commit fails, its jobs and all waiting jobs fail with it, and the queue refuses jobs until a test write shows that
 * the disk works again; for good when another process has taken the log.
 */
import { reasonOf } from '../../../machines/reason.js';
import type { Clock } from '../../clock.js';
import { LogFencedError, type LogStore, type LogWrite } from './log-store.js';
import type { LogHealth } from '../log-health.js';

/** Most bytes of waiting jobs, counted as characters. Above it jobs are refused, so that memory stays bounded. */
export const QUEUE_BYTES = 67_108_864;

/** Most jobs in one commit. It bounds how long later jobs wait: about a tenth of a second at the measured rates. */
export const COMMIT_JOBS = 4_096;

/**
 * Time between two test writes after a failed commit: short for the people who wait, long enough for a failing disk.
 */
export const PROBE_MS = 1_000;

/** A background job runs after this many commits even when other jobs wait. */
const BACKGROUND_EVERY = 8;

/** One piece of work for a commit. */
export interface Job {
  /** Size, counted towards the limit of the queue. */
  readonly bytes: number;
  /** Adds the job's changes; called once, when its commit begins. */
  write(into: LogWrite[]): void;
  /** Called exactly once: null when the commit is durable, else why nothing was stored. Must not throw. */
  settle(failure: string | null): void;
}

/** Options of {@link CommitQueue}. */
export interface CommitQueueOptions {
  readonly store: Pick<LogStore, 'commit'>;
  readonly clock: Clock;
  /**
   * Tries the disk with a write like the one that failed, of so many bytes, and reopens the store; rejects while
   * either fails.
   */
  readonly recover: (failedBytes: number) => Promise<void>;
  /**
   * Called when a commit has failed, before its jobs are told: state in memory that is not on disk must be discarded.
   */
  readonly onFailure: () => void;
  /** Returns the next job of low priority; null when there is none. */
  readonly background: () => Job | null;
}

/** The only writer of a store. */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Job[] = [];
  #waitingBytes = 0;
  #committing = false;
  #scheduled = false;
  #sinceBackground = 0;
  #health: LogHealth = { writable: true, reason: null };
  #listener: (health: LogHealth) => void = () => undefined;
  #probe: unknown = null;
  #recovering: Promise<void> | null = null;
  /** Bytes of the jobs that failed last: as many will come back when the log accepts jobs again. */
  #failedBytes = 0;
  #closing = false;
  #idle: (() => void) | null = null;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  health(): LogHealth {
    return this.#health;
  }

  onHealth(listener: (health: LogHealth) => void): void {
    this.#listener = listener;
  }

  /** Why a job would be refused now; null when it would be accepted. */
  refusal(): string | null {
    if (this.#closing) return 'the thread log is closed';
    if (!this.#health.writable) return this.#health.reason;
    return this.#waitingBytes >= QUEUE_BYTES
      ? `the thread log is behind: ${String(QUEUE_BYTES)} bytes wait to be written`
      : null;
  }

  /** Queues a job; call {@link refusal} first. */
  push(job: Job): void {
    this.#waiting.push(job);
    this.#waitingBytes += job.bytes;
    this.#schedule();
  }

  /** Tells the queue that there is background work. */
  nudge(): void {
    this.#schedule();
  }

  /** Refuses new jobs, finishes those it has, and resolves when no commit is in progress. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#probe !== null) this.#options.clock.clearTimeout(this.#probe);
    this.#probe = null;
    await this.#recovering;
    if (this.#committing || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
  }

  /** Waits one turn of the event loop, so that the jobs of everything that was readable share one commit. */
  #schedule(): void {
    if (this.#committing || this.#scheduled || !this.#health.writable) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (!this.#health.writable) return;
    const jobs = this.#next();
    if (jobs.length === 0) {
      this.#idle?.();
      return;
    }
    const writes: LogWrite[] = [];
    for (const job of jobs) job.write(writes);
    this.#committing = true;
    this.#options.store.commit(writes).then(
      () => {
        this.#committed(jobs);
      },
      (error: unknown) => {
        this.#failed(jobs, error);
      }
    );
  }

  #next(): Job[] {
    const turn = this.#waiting.length === 0 || this.#sinceBackground >= BACKGROUND_EVERY;
    const job = turn && !this.#closing ? this.#options.background() : null;
    if (job !== null) {
      this.#sinceBackground = 0;
      return [job];
    }
    this.#sinceBackground += 1;
    const jobs = this.#waiting.splice(0, COMMIT_JOBS);
    for (const { bytes } of jobs) this.#waitingBytes -= bytes;
    return jobs;
  }

  #committed(jobs: Job[]): void {
    this.#committing = false;
    // The disk writes the next commit while these jobs are answered and the jobs that they cause collect.
    if (this.#waiting.length > 0) this.#begin();
    for (const job of jobs) job.settle(null);
    this.#schedule();
  }

  #failed(jobs: Job[], error: unknown): void {
    const reason = `the thread log cannot write: ${reasonOf(error)}`;
    const failed = [...jobs, ...this.#waiting];
    this.#failedBytes = failed.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#committing = false;
    this.#turn({ writable: false, reason });
    this.#options.onFailure();
    for (const job of failed) job.settle(reason);
    this.#idle?.();
    // Another process has the log now: that does not pass.
    if (!(error instanceof LogFencedError)) this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closing) return;
    this.#probe = this.#options.clock.setTimeout(() => {
      this.#probe = null;
      this.#recovering = this.#options
        .recover(this.#failedBytes)
        .then(
          () => {
            this.#turn({ writable: true, reason: null });
          },
          () => {
            this.#probeLater();
          }
        )
        .finally(() => {
          this.#recovering = null;
        });
    }, PROBE_MS);
  }

  #turn(health: LogHealth): void {
    this.#health = health;
    this.#listener(health);
  }
}
