/** When each phase of the startup began and how long it took, for `/status` and the log lines. */
import type { Clock } from '../../../actors/clock.js';
import { PHASES, type Phase } from '../../../machines/startup.machine.js';

/** One phase in `/status`. Milliseconds since the startup began. */
export interface PhaseTime {
  readonly name: Phase;
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
}

/** Measures the startup. */
export class StartupTimeline {
  /** When the startup began, Unix milliseconds; to show it. */
  readonly startedAt: number;
  /** The same moment of `Clock.elapsed()`; to measure from it. */
  private readonly began: number;
  private readonly clock: Clock;
  private readonly started = new Map<Phase, number>();
  private readonly took = new Map<Phase, number>();
  private failed: Phase | null = null;
  private total: number | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
    this.startedAt = clock.now();
    this.began = clock.elapsed();
  }

  /** Milliseconds since the startup began. */
  get uptimeMs(): number {
    return this.clock.elapsed() - this.began;
  }

  /** Milliseconds from the start to serving; null before that. */
  get tookMs(): number | null {
    return this.total;
  }

  /** The running or last phase; null before the first. */
  get current(): Phase | null {
    return [...this.started.keys()].at(-1) ?? null;
  }

  begin(phase: Phase): void {
    this.started.set(phase, this.uptimeMs);
  }

  /** Ends a phase and returns how long it took, in milliseconds. */
  complete(phase: Phase): number {
    const tookMs = this.uptimeMs - (this.started.get(phase) ?? 0);
    this.took.set(phase, tookMs);
    return tookMs;
  }

  fail(phase: Phase): void {
    this.failed = phase;
  }

  /** Ends the startup and returns how long it took, in milliseconds. */
  finish(): number {
    this.total = this.uptimeMs;
    return this.total;
  }

  /** Returns every phase, also those that have not begun. */
  phases(): PhaseTime[] {
    return PHASES.map((name) => {
      const startedAtMs = this.started.get(name) ?? null;
      const tookMs = this.took.get(name) ?? null;
      const underWay = startedAtMs === null ? 'waiting' : 'running';
      const status = this.failed === name ? 'failed' : tookMs === null ? underWay : 'done';
      return { name, startedAtMs, tookMs, status };
    });
  }
}
