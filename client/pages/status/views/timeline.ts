/**
 * The startup drawn to scale: where each phase's bar begins and how long it is, in percent of the whole.
 */
import type { PhaseReport } from '../report/report.js';

/** The axis is at least this long, in milliseconds, even for a shorter startup. */
const SCALE_MIN_MS = 10;

/** Most marks on the axis. */
const TICKS_MAX = 5;

/** One phase's bar, in percent of the axis. */
export interface Bar {
  readonly leftPercent: number;
  readonly widthPercent: number;
}

/** One mark on the axis. */
export interface Tick {
  readonly atMs: number;
  readonly leftPercent: number;
}

/** All bars, by phase, and the axis. A phase that has not begun has none. */
export interface Timeline {
  readonly bars: ReadonlyMap<string, Bar>;
  readonly ticks: readonly Tick[];
}

/** How long a phase has lasted at `nowMs` of the startup; null when it has not begun. */
export function lasted({ startedAtMs, tookMs }: PhaseReport, nowMs: number): number | null {
  return startedAtMs === null ? null : (tookMs ?? Math.max(0, nowMs - startedAtMs));
}

/** Lays out the phases at `nowMs` of the startup. The bar of a phase under way ends at `nowMs`. */
export function layOut(phases: readonly PhaseReport[], nowMs: number): Timeline {
  const spans = phases.flatMap((phase) => {
    const ms = lasted(phase, nowMs);
    return ms === null ? [] : [{ name: phase.name, at: phase.startedAtMs ?? 0, ms }];
  });
  const totalMs = Math.max(SCALE_MIN_MS, ...spans.map(({ at, ms }) => at + ms));
  const percent = (ms: number) => (100 * ms) / totalMs;
  const bars = spans.map(({ name, at, ms }): [string, Bar] => [
    name,
    { leftPercent: percent(at), widthPercent: percent(ms) }
  ]);
  const stepMs = roundStep(totalMs / TICKS_MAX);
  const count = Math.floor(totalMs / stepMs) + 1;
  const ticks = Array.from({ length: count }, (_, index) => ({
    atMs: index * stepMs,
    leftPercent: percent(index * stepMs)
  }));
  return { bars: new Map(bars), ticks };
}

/** Rounds up to one of 1, 2, 5, 10, 20, 50 …: steps that people can add up. */
function roundStep(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= ms) ?? 10 * power;
}
