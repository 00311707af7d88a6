/** Judges from outside of the event loop whether it is blocked, and says by whom as far as that is known. */
import type { MarkedRun } from '../../../../actors/agents/seeing/loop-marks.js';
import type { LoopAround, LoopReading } from './loop-board.js';

/** How often the loop is looked at, and how often it says that it runs, in milliseconds. */
export const LOOK_MS = 1_000;

/**
 * From this time on, in milliseconds, a loop that does not run is reported while it lasts. Shorter ones are told
 * afterwards by the monitor.
 */
export const BLOCKED_REPORT_MS = 10_000;

/** A line for the log. */
export interface LoopLine {
  readonly level: 'error' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Judges one loop. */
export class LoopJudge {
  private beats = -1;
  private atMs: number | null = null;
  private blockedMs = 0;
  private isReported = false;

  /** Takes a reading at a moment; returns what is to be logged, or null. */
  look(atMs: number, reading: LoopReading): LoopLine | null {
    // A process that was stopped, or a machine that slept, makes one look late; the loop was not blocked meanwhile.
    const passedMs = this.atMs === null ? 0 : Math.min(atMs - this.atMs, 2 * LOOK_MS);
    this.atMs = atMs;
    if (reading.beats !== this.beats) {
      const lineMs = this.isReported ? this.blockedMs : null;
      this.beats = reading.beats;
      this.blockedMs = 0;
      this.isReported = false;
      return lineMs === null ? null : overLine(lineMs);
    }
    this.blockedMs += passedMs;
    if (this.isReported || this.blockedMs < BLOCKED_REPORT_MS) return null;
    this.isReported = true;
    return blockedLine(this.blockedMs, reading);
  }
}

function blockedLine(ms: number, { call, around }: LoopReading): LoopLine {
  const run = call === null ? null : markedRun(call);
  const blocked = `the event loop is blocked for ${seconds(ms)}, nobody is answered`;
  if (run !== null) {
    const fields = { actor: 'agents', ...run, blockedMs: ms };
    const message = `${blocked}: the agent ${run.agent} was called and has not returned`;
    return { level: 'error', message, fields };
  }
  if (call !== null) {
    const message = `${blocked}: an agent was called and has not returned`;
    return { level: 'error', message, fields: { actor: 'agents', blockedMs: ms } };
  }
  const { loading, open } = aroundOf(around);
  const parts = [
    'no agent was being called',
    ...(loading.length === 0 ? [] : [`modules being loaded: ${loading.join(', ')}`]),
    ...(open.length === 0 ? [] : [`agents with open runs: ${open.join(', ')}`])
  ];
  const fields = { actor: 'agents', blockedMs: ms };
  return { level: 'error', message: `${blocked}: ${parts.join('; ')}`, fields };
}

function overLine(ms: number): LoopLine {
  const message = `the event loop runs again, after at least ${seconds(ms)}`;
  return { level: 'warn', message, fields: { actor: 'agents', blockedMs: ms } };
}

function seconds(ms: number): string {
  return `${String(Math.floor(ms / 1_000))} s`;
}

function markedRun(text: string): MarkedRun | null {
  const value = parsed(text);
  const isOne = isRecord(value) && ['agent', 'thread', 'run'].every((name) => name in value);
  if (!isOne) return null;
  const { agent, thread, run } = value;
  return { agent: String(agent), thread: String(thread), run: String(run) };
}

function aroundOf(text: string): LoopAround {
  const value = parsed(text);
  if (!isRecord(value)) return { loading: [], open: [] };
  return { loading: textsOf(value['loading']), open: textsOf(value['open']) };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Returns what a text holds; null when it is cut or was changed while it was read. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
