/**
 * When each phase of the startup began and how long it took: what `/status` shows and the log says.
 */
import type { Clock } from '../../../actors/clock.js';
import { PHASES, type Phase } from '../../../machines/startup.machine.js';

/** One phase as `/status` shows it. Milliseconds, from the start of the process's startup. */
export interface PhaseTime {
  readonly name: Phase;
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
}

/** Clock of the startup. */
export class StartupTimeline {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  private readonly clock: Clock;
  private readonly started = new Map<Phase, number>();
  private readonly took = new Map<Phase, number>();
  private failed: Phase | null = null;
  private total: number | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
    this.startedAt = clock.now();
  }

  /** Milliseconds from the start to serving; null until then. */
  get tookMs(): number | null {
    return this.total;
  }

  /** The phase that is under way or was last; null before the first. */
  get current(): Phase | null {
    return [...this.started.keys()].at(-1) ?? null;
  }

  begin(phase: Phase): void {
    this.started.set(phase, this.elapsed());
  }

  /** Ends a phase and answers how long it took. */
  complete(phase: Phase): number {
    const tookMs = this.elapsed() - (this.started.get(phase) ?? 0);
    this.took.set(phase, tookMs);
    return tookMs;
  }

  fail(phase: Phase): void {
    this.failed = phase;
  }

  /** Serving has begun; answers how long the startup took. */
  finish(): number {
    this.total = this.elapsed();
    return this.total;
  }

  /** Every phase, those to come included. */
  phases(): PhaseTime[] {
    return PHASES.map((name) => {
      const startedAtMs = this.started.get(name) ?? null;
      const tookMs = this.took.get(name) ?? null;
      const underWay = startedAtMs === null ? 'waiting' : 'running';
      const status = this.failed === name ? 'failed' : tookMs === null ? underWay : 'done';
      return { name, startedAtMs, tookMs, status };
    });
  }

  private elapsed(): number {
    return this.clock.now() - this.startedAt;
  }
}
