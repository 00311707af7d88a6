/** Counts the runs of each agent since the start, for `/status`, `/metrics` and the monitor. */
import type { RunEnd } from '../../../machines/agents/run.machine.js';
import type { AgentMeasures } from '../../monitor/monitor.js';
import {
  SILENT_MS,
  TOOL_LONG_MS,
  type AgentRuleMeasures as Measures
} from '../../monitor/agent-rules.js';
import type { Clock } from '../../clock.js';
import { Histogram, LONG_SECONDS } from '../../metrics/histogram.js';

/** Name of the common row of removed agents: it keeps the number of rows bounded. */
export const UNKNOWN_AGENT = '(unknown)';

/** How long a call that blocked the event loop is reported, in milliseconds. */
export const BLOCKED_TOLD_MS = 10_000;

/** The runs of one agent: those that have not ended, and how the others ended since the start. */
export interface AgentRow extends Readonly<Record<RunEnd, number>> {
  readonly name: string;
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
  /** Number of answers with text, and the sum of the times until their first text, in milliseconds. */
  readonly firstTexts: number;
  readonly firstTextMs: number;
  /** Number of its newest runs that failed; one that completes sets it to 0. */
  readonly failedInARow: number;
  /** How its newest run ended, and when, as an ISO time; null before the first end. */
  readonly lastEnd: RunEnd | null;
  readonly lastEndedAt: string | null;
}

/** The names of the present agents. */
export type AgentNames = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>;

/** The part of a run that is counted. */
export interface SeenRun {
  readonly record: {
    readonly agent: string;
    readonly thread: string;
    readonly state: 'queued' | 'running' | 'waiting';
  };
  readonly steps: {
    readonly openTools: ReadonlyMap<string, { readonly tool: string; readonly sinceMs: number }>;
  };
  readonly watch: { readonly silentMs: number };
  hasEnded(): boolean;
}

/** How long the runs of one agent took, in seconds. */
export interface RunTimes {
  readonly agent: string;
  readonly firstChunk: Histogram;
  readonly byEnd: Readonly<Record<RunEnd, Histogram>>;
}

interface Counts {
  readonly times: RunTimes;
  readonly ends: Record<RunEnd, number>;
  firstTexts: number;
  firstTextMs: number;
  failedInARow: number;
  last: { readonly end: RunEnd; readonly at: number } | null;
  blockedMs: number;
  blockedAtMs: number;
}

/** The counts. */
export class RunTally {
  private readonly agents: AgentNames;
  private readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  private readonly counts = new Map<string, Counts>();

  /** Number of each agent's runs that have begun and not ended. */
  private readonly open = new Map<string, number>();
  private readonly onOpen: (agents: readonly string[]) => void;

  /** `onOpen` is called with the agents that have runs at work or waiting, when these change. */
  constructor(
    agents: AgentNames,
    clock: Pick<Clock, 'now' | 'elapsed'>,
    onOpen: (agents: readonly string[]) => void
  ) {
    this.agents = agents;
    this.clock = clock;
    this.onOpen = onOpen;
  }

  /** Notes that a run of an agent has begun, or with -1 that one which had begun has ended. */
  opened(agent: string, change: 1 | -1): void {
    const name = this.nameOf(agent);
    const count = (this.open.get(name) ?? 0) + change;
    const isOther = this.open.has(name) !== count > 0;
    if (count > 0) this.open.set(name, count);
    else this.open.delete(name);
    if (isOther) this.onOpen([...this.open.keys()]);
  }

  /** Notes how long one call of an agent blocked the event loop. */
  called(agent: string, ms: number): void {
    const counts = this.of(agent);
    const isOld = this.clock.elapsed() - counts.blockedAtMs >= BLOCKED_TOLD_MS;
    if (!isOld && ms <= counts.blockedMs) return;
    counts.blockedMs = ms;
    counts.blockedAtMs = this.clock.elapsed();
  }

  /** Notes how long the first text of a run took. */
  firstText(agent: string, ms: number): void {
    const counts = this.of(agent);
    counts.firstTexts++;
    counts.firstTextMs += ms;
    counts.times.firstChunk.observe(ms / 1_000);
  }

  /** Notes an end. `ms`: how long the run took; undefined when another process has begun it. */
  ended(agent: string, end: RunEnd, ms?: number): void {
    const counts = this.of(agent);
    if (ms !== undefined) counts.times.byEnd[end].observe(ms / 1_000);
    counts.ends[end]++;
    counts.last = { end, at: this.clock.now() };
    if (end === 'failed') counts.failedInARow++;
    else if (end === 'completed') counts.failedInARow = 0;
  }

  /** Returns how long the runs of each agent took. */
  times(): RunTimes[] {
    for (const name of this.agents.keys()) this.of(name);
    return Array.from(this.counts.values(), ({ times }) => times);
  }

  /** Returns a row for each agent, and one for all removed agents if they had a run. */
  rows(runs: Iterable<SeenRun>): AgentRow[] {
    for (const name of this.agents.keys()) this.of(name);
    const open = new Map<string, Record<'queued' | 'running' | 'waiting', number>>();
    for (const { record } of runs) {
      const name = this.nameOf(record.agent);
      this.of(name);
      const states = open.get(name) ?? { queued: 0, running: 0, waiting: 0 };
      states[record.state]++;
      open.set(name, states);
    }
    return Array.from(this.counts, ([name, counts]) => {
      const { ends, firstTexts, firstTextMs, failedInARow, last } = counts;
      return {
        name,
        ...(open.get(name) ?? { queued: 0, running: 0, waiting: 0 }),
        ...ends,
        firstTexts,
        firstTextMs,
        failedInARow,
        lastEnd: last?.end ?? null,
        lastEndedAt: last === null ? null : new Date(last.at).toISOString()
      };
    });
  }

  /** Returns the measures for the monitor. */
  measures(runs: Iterable<SeenRun>): AgentMeasures {
    const now = this.clock.elapsed();
    let silent: Measures['agent_silent'] = { runs: 0, agent: '', thread: null, silentMs: 0 };
    let tool: Measures['agent_tool'] = { tools: 0, agent: '', tool: '', thread: null, openMs: 0 };
    for (const run of runs) {
      const { agent, thread } = run.record;
      if (run.hasEnded()) continue;
      const { openTools } = run.steps;
      const { silentMs } = run.watch;
      // While a tool call is open, the agent is not silent but waits for the tool, which has its own bound.
      if (openTools.size === 0 && silentMs >= SILENT_MS) {
        const isWorst = silentMs > silent.silentMs;
        const all = silent.runs + 1;
        silent = isWorst ? { runs: all, agent, thread, silentMs } : { ...silent, runs: all };
      }
      for (const { tool: name, sinceMs } of openTools.values()) {
        const openMs = now - sinceMs;
        if (openMs < TOOL_LONG_MS) continue;
        const all = tool.tools + 1;
        const isWorst = openMs > tool.openMs;
        tool = isWorst
          ? { tools: all, agent, tool: name, thread, openMs }
          : { ...tool, tools: all };
      }
    }
    const known = [...this.counts].filter(([agent]) => agent !== UNKNOWN_AGENT);
    return {
      silent,
      tool,
      failing: known.map(([agent, { failedInARow: times }]) => ({ agent, times })),
      blocking: known.map(([agent, { blockedMs, blockedAtMs }]) => ({
        agent,
        ms: now - blockedAtMs < BLOCKED_TOLD_MS ? blockedMs : 0
      }))
    };
  }

  private nameOf(agent: string): string {
    return this.agents.has(agent) ? agent : UNKNOWN_AGENT;
  }

  private of(agent: string): Counts {
    const name = this.nameOf(agent);
    const known = this.counts.get(name);
    if (known !== undefined) return known;
    const counts: Counts = {
      times: {
        agent: name,
        firstChunk: new Histogram(LONG_SECONDS),
        byEnd: {
          completed: new Histogram(LONG_SECONDS),
          failed: new Histogram(LONG_SECONDS),
          cancelled: new Histogram(LONG_SECONDS),
          interrupted: new Histogram(LONG_SECONDS)
        }
      },
      ends: { completed: 0, failed: 0, cancelled: 0, interrupted: 0 },
      firstTexts: 0,
      firstTextMs: 0,
      failedInARow: 0,
      last: null,
      blockedMs: 0,
      blockedAtMs: -Infinity
    };
    this.counts.set(name, counts);
    return counts;
  }
}
