/**
 * Group commit: jobs collect while a commit is in progress, and all of them are written by the next one. When a
 * commit fails, its jobs and all waiting jobs fail with it, and the queue refuses jobs until a test write shows that
 * the disk works again; for good when another process has taken the log.
 */
import { reasonOf } from '../../../machines/reason.js';
import type { Clock } from '../../clock.js';
import type { ByteBudget } from '../../memory/byte-budget.js';
import type { Turn } from '../../turn.js';
import { LogFencedError, type LogStore, type LogWrite } from './log-store.js';
import type { LogHealth } from '../log-health.js';

/** Most bytes that all unsettled jobs hold in memory, unless the server's memory sets a lower bound. */
export const QUEUE_BYTES = 268_435_456;

/** Bytes of a commit from which no further job joins it: larger commits are no faster and hold their copies longer. */
export const COMMIT_BYTES = 8_388_608;

/**
 * Copies of a job's text in memory until it is settled: the client's text (a parsed body refers to it), the frame, the
 * sealed row, and the bytes that the engine writes.
 */
export const JOB_COPIES = 4;

/** Most jobs in one commit. It bounds how long later jobs wait: about a tenth of a second at the measured rates. */
export const COMMIT_JOBS = 4_096;

/**
 * Time between two test writes after a failed commit: short for the people who wait, long enough for a failing disk.
 */
export const PROBE_MS = 1_000;

/** Rows from which no further job joins a commit: they are written in one turn of the event loop. */
export const COMMIT_ROWS = 2_048;

/** Points of a turn for each row that is written. */
const ROW_POINTS = 0.2;

/** Points of a turn for settling a job, besides what whoever is told of it notes. */
const SETTLE_POINTS = 0.25;

/** A background job runs after this many commits even when other jobs wait. */
const BACKGROUND_EVERY = 8;

/** One piece of work for a commit. */
export interface Job {
  /** Bytes to write. Until the job is settled it holds {@link JOB_COPIES} times as many in memory. */
  readonly bytes: number;
  /** Adds the job's changes; called once, when its commit begins. */
  write(into: LogWrite[]): void;
  /** Called exactly once: null when the commit is durable, else why nothing was stored. Must not throw. */
  settle(failure: string | null): void;
}

/** Called with each durable commit. */
export type CommitListener = (jobs: number, tookMs: number) => void;

/** Options of {@link CommitQueue}. */
export interface CommitQueueOptions {
  readonly store: Pick<LogStore, 'commit'>;
  readonly clock: Clock;
  /** Bytes that all jobs may hold; when it is full, jobs are refused. */
  readonly memory: ByteBudget;
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
  /** Told of each durable commit: the number of its jobs, and how long it took in milliseconds. */
  readonly onCommit?: CommitListener | undefined;
  /** The work of this turn: the jobs of a large commit are settled in several. */
  readonly turn: Turn;
}

/** The jobs of a durable commit, and how many of them are settled. */
interface Durable {
  readonly jobs: readonly Job[];
  settled: number;
}

/** The only writer of a store. */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Job[] = [];
  /** Commits that are durable of which not all jobs are settled yet, at most two. */
  #durable: Durable[] = [];
  #isSettling = false;
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
  /** Jobs of {@link together} that are not in the queue yet; null outside of it. */
  #gathered: Job[] | null = null;
  /** Jobs that must be in the commit of the job before them. */
  readonly #joined = new Set<Job>();

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
    if (this.#gathered !== null) return null;
    if (this.#closing) return 'the thread log is closed';
    if (!this.#health.writable) return this.#health.reason;
    const { memory } = this.#options;
    if (!memory.isFull) return null;
    memory.refuse();
    return `the thread log is behind: ${String(memory.heldBytes)} bytes wait to be written`;
  }

  /** Queues a job; call {@link refusal} first. */
  push(job: Job): void {
    if (this.#gathered !== null) {
      this.#gathered.push(job);
      return;
    }
    this.#waiting.push(job);
    this.#options.memory.add(job.bytes * JOB_COPIES);
    this.#schedule();
  }

  /**
   * Puts all jobs that `gather` pushes into one commit; none is refused meanwhile. When it returns false, they are
   * dropped, and never settled. Call {@link refusal} first.
   */
  together(gather: () => boolean): void {
    const jobs: Job[] = [];
    this.#gathered = jobs;
    let isKept = false;
    try {
      isKept = gather();
    } finally {
      this.#gathered = null;
    }
    if (!isKept) return;
    for (const [index, job] of jobs.entries()) {
      if (index > 0) this.#joined.add(job);
      this.push(job);
    }
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
    if (this.#committing || this.#waiting.length > 0 || this.#durable.length > 0) {
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
    // What a job decides when it is written may rest on all commits but the last.
    if (!this.#health.writable || this.#durable.length > 1) return;
    const writes: LogWrite[] = [];
    const jobs = this.#next(writes);
    if (jobs.length === 0) {
      if (this.#durable.length === 0) this.#idle?.();
      return;
    }
    this.#options.turn.spend(writes.length * ROW_POINTS);
    this.#committing = true;
    const begunMs = performance.now();
    this.#options.store.commit(writes).then(
      () => {
        this.#options.onCommit?.(jobs.length, performance.now() - begunMs);
        this.#committed(jobs);
      },
      (error: unknown) => {
        this.#failed(jobs, error);
      }
    );
  }

  /** Takes the jobs of the next commit and adds their changes. */
  #next(into: LogWrite[]): Job[] {
    const turn = this.#waiting.length === 0 || this.#sinceBackground >= BACKGROUND_EVERY;
    const job = turn && !this.#closing ? this.#options.background() : null;
    if (job !== null) {
      this.#sinceBackground = 0;
      this.#options.memory.add(job.bytes * JOB_COPIES);
      job.write(into);
      return [job];
    }
    this.#sinceBackground += 1;
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      const isFull = count === COMMIT_JOBS || into.length >= COMMIT_ROWS;
      if ((isFull || bytes >= COMMIT_BYTES) && !this.#joined.has(waiting)) break;
      waiting.write(into);
      count += 1;
      bytes += waiting.bytes;
    }
    const jobs = this.#waiting.splice(0, count);
    if (this.#joined.size > 0) for (const job of jobs) this.#joined.delete(job);
    return jobs;
  }

  #committed(jobs: Job[]): void {
    this.#committing = false;
    this.#durable.push({ jobs, settled: 0 });
    // The disk writes the next commit while these jobs are answered and the jobs that they cause collect.
    if (this.#waiting.length > 0) this.#begin();
    this.#settleSome();
  }

  /** Settles durable jobs for as long as the turn has points, then in the next one. */
  #settleSome(): void {
    const { turn } = this.#options;
    for (let commit = this.#durable[0]; commit !== undefined; commit = this.#durable[0]) {
      const job = commit.jobs[commit.settled];
      if (job === undefined) {
        this.#durable.shift();
        this.#schedule();
      } else if (turn.isSpent) {
        this.#settleLater();
        return;
      } else {
        commit.settled += 1;
        turn.spend(SETTLE_POINTS);
        this.#settle(job, null);
      }
    }
  }

  #settleLater(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#options.turn.next(() => {
      this.#isSettling = false;
      this.#settleSome();
    });
  }

  #failed(jobs: Job[], error: unknown): void {
    const reason = `the thread log cannot write: ${reasonOf(error)}`;
    // These are durable, and say so before anything in memory is discarded.
    for (const { jobs: stored, settled } of this.#durable.splice(0)) {
      for (const job of stored.slice(settled)) this.#settle(job, null);
    }
    const failed = [...jobs, ...this.#waiting];
    this.#failedBytes = failed.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#waiting = [];
    this.#joined.clear();
    this.#committing = false;
    this.#turn({ writable: false, reason });
    this.#options.onFailure();
    for (const job of failed) this.#settle(job, reason);
    this.#idle?.();
    // Another process has the log now: that does not pass.
    if (!(error instanceof LogFencedError)) this.#probeLater();
  }

  #settle(job: Job, failure: string | null): void {
    this.#options.memory.give(job.bytes * JOB_COPIES);
    job.settle(failure);
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
