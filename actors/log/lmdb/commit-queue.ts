/**
 * Group commit: jobs gather while a commit is under way, and all that have gathered go into the next one. When a
 * commit fails, its jobs and all behind them fail with it, and the queue takes nothing until a probe has shown that
 * the disk takes writes again.
 */
import { reasonOf } from '../../../machines/reason.js';
import type { Clock } from '../../clock.js';
import type { LogStore, LogWrite } from './log-store.js';
import type { LogHealth } from '../thread-log.js';

/** Most bytes of jobs that may wait, counted as characters; past it jobs are refused, so that memory stays bounded. */
export const QUEUE_BYTES = 67_108_864;

/** Most jobs in one commit: bounds how long those behind it wait (about a tenth of a second at the measured rates). */
export const COMMIT_JOBS = 4_096;

/** Time between attempts to write again after a failed commit: soon enough for people, seldom enough for a sick disk. */
export const PROBE_MS = 1_000;

/** Commits after which a background job gets its turn even though others wait. */
const BACKGROUND_EVERY = 8;

/** Something to be written. */
export interface Job {
  /** Size, for the bound of the queue. */
  readonly bytes: number;
  /** Adds its changes; called once, when its commit begins. */
  write(into: LogWrite[]): void;
  /** Called exactly once: null when the commit is durable, else why nothing was stored. Must not throw. */
  settle(failure: string | null): void;
}

/** What a queue works with. */
export interface CommitQueueOptions {
  readonly store: Pick<LogStore, 'commit'>;
  readonly clock: Clock;
  /** Tries the disk and brings the store back; rejects while it does not work. */
  readonly recover: () => Promise<void>;
  /** Called when a commit has failed, before its jobs hear of it: what memory knows beyond the disk is void. */
  readonly onFailure: () => void;
  /** Gives the next job of low priority, null when there is none. */
  readonly background: () => Job | null;
}

/** The one writer of a store. */
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

  /** Why a job would be refused now; null when it would be taken. */
  refusal(): string | null {
    if (this.#closing) return 'the thread log is closed';
    if (!this.#health.writable) return this.#health.reason;
    return this.#waitingBytes >= QUEUE_BYTES
      ? `the thread log is behind: ${String(QUEUE_BYTES)} bytes wait to be written`
      : null;
  }

  /** Queues a job that {@link refusal} has let through. */
  push(job: Job): void {
    this.#waiting.push(job);
    this.#waitingBytes += job.bytes;
    this.#schedule();
  }

  /** Says that there is background work. */
  nudge(): void {
    this.#schedule();
  }

  /** Refuses new jobs, finishes those it has and resolves when nothing is under way. */
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

  /** One turn of the event loop gathers: jobs pushed by everything that was readable go into one commit. */
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
        this.#failed(jobs, reasonOf(error));
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
    // The disk works on the next commit while these answers are given and what they cause gathers.
    if (this.#waiting.length > 0) this.#begin();
    for (const job of jobs) job.settle(null);
    this.#schedule();
  }

  #failed(jobs: Job[], why: string): void {
    const reason = `the thread log cannot write: ${why}`;
    const failed = [...jobs, ...this.#waiting];
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#committing = false;
    this.#turn({ writable: false, reason });
    this.#options.onFailure();
    for (const job of failed) job.settle(reason);
    this.#idle?.();
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closing) return;
    this.#probe = this.#options.clock.setTimeout(() => {
      this.#probe = null;
      this.#recovering = this.#options
        .recover()
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
