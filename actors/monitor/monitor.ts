/**
 * The monitor counts the outcomes of messages and knows what is wrong now. The delivery side, the supervisors, the log
 * and the sink report to it; it judges their reports by the rules and keeps the findings as incidents. It asks nobody,
 * and no message passes through it.
 */
import { fromCallback, type EventObject } from 'xstate';
import type { ChildState } from '../../machines/supervision/child-state.js';
import { RESTARTS } from '../../machines/supervision/child-spec.js';
import { MONITOR_LEVELS, type MonitorLevel } from '../../machines/finding.js';
import { monitorMachine, type MonitorEvent } from '../../machines/monitor.machine.js';
import { withRestart } from '../../machines/supervision/restart-intensity.js';
import type { Clock } from '../clock.js';
import type { MemoryMeasure } from '../memory/memory.js';
import { DeliveryCounts } from './delivery-counts.js';
import type { LoopDelay } from './event-loop-delay.js';
import {
  LOOP_LATE_MS,
  LOOP_LOOKS,
  NAMED_MAX,
  RULES,
  type ConditionKind,
  type Measures
} from './finding-rules.js';
import { counted } from './measure-words.js';
import { closesAt, type Incident, type Incidents } from './incidents.js';
import type { OpenFilesCount } from './open-files.js';
import { UndeliveredThreads } from './undelivered-threads.js';

/** Most findings that `/status` lists, the worst first; a number counts the rest. */
export const FINDINGS_MAX = 20;

/** One finding in `/status`. Times are ISO 8601. */
export interface FindingRow extends Pick<Incident, 'kind' | 'about' | 'level' | 'count'> {
  readonly message: string;
  readonly since: string;
  readonly lastAt: string;
  /** When its cause went away; null while the cause is there. */
  readonly endedAt: string | null;
  /** When it closes if its cause does not return; null while the cause is there. */
  readonly closesAt: string | null;
  /** The thread to look at first, for those who may know its name; null where there is none, or the cause is gone. */
  readonly thread: string | null;
  /** Mid of the newest message that this thread holds. */
  readonly mid: string | null;
}

/** The monitor's part of `/status`. */
export interface MonitorStatus {
  /** Worst level of the findings whose cause is there. */
  readonly status: MonitorLevel;
  /** Sentences for the findings whose cause is there. */
  readonly issues: readonly string[];
  /** Findings whose cause is there or was there lately, the worst first. */
  readonly findings: readonly FindingRow[];
  /** Number of findings that are not listed. */
  readonly moreFindings: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Reports of the delivery side. */
export interface DeliveryWatch {
  /** A thread's messages were not delivered. `heldAt`: when the first was stored, a moment of `Clock.elapsed()`. */
  undelivered(thread: string, heldAt: number): void;
  /** Somebody has got them now. */
  delivered(thread: string): void;
  /** Number of threads that have subscribers. */
  watched(threads: number): void;
}

/** Whether a report has names of threads and texts of faults, or only counts. Only operators get the first. */
export type ThreadNames = 'shown' | 'counted';

/** Returns the mid of the newest message that a thread holds; null when there is none. */
export type MidIn = (thread: string) => string | null;

/** What the monitor is told of agents; the lists have a row for each. */
export interface AgentMeasures {
  readonly silent: Measures['agent_silent'];
  readonly tool: Measures['agent_tool'];
  readonly failing: readonly Measures['agent_failing'][];
  readonly blocking: readonly Measures['agent_blocking'][];
}

/** Options of {@link Monitor}. */
export interface MonitorOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Where the findings are kept. */
  readonly incidents: Incidents;
  readonly loop: LoopDelay;
}

/** Stands for numbers that are not known. */
const NO_FILES: OpenFilesCount = { open: 0, limit: Infinity };

interface Part {
  readonly state: ChildState;
  /** Recent restarts, moments of `Clock.elapsed()`. */
  readonly restarts: readonly number[];
}

/** Counts outcomes and keeps the findings; a supervised child. */
export class Monitor implements DeliveryWatch {
  readonly counts = new DeliveryCounts();
  /** Logic of the child; its state is the worst level. */
  readonly logic = monitorMachine.provide({
    actors: {
      watch: fromCallback<EventObject>(({ sendBack }) =>
        this.options.incidents.onLevel((level) => {
          const event: MonitorEvent = { type: 'findings.changed', level };
          sendBack(event);
        })
      )
    }
  });
  private readonly options: MonitorOptions;
  private readonly threads = new UndeliveredThreads();
  /**
   * As of the last sweep: computing it for each thread that comes or goes would cost a burst of threads a search
   * through all of them each time.
   */
  private oldestSince: number | null = null;
  private newThreads = 0;
  private watchedThreads = 0;
  private readonly looksMs: number[] = [];
  private connections: Measures['lagging_connections'] = { lagging: 0, open: 0 };
  private behind: Measures['sink_lag'] = { behindMs: 0, threads: 0 };
  private readonly parts = new Map<string, Part>();
  private logReason: string | null = null;
  private unreadable: Measures['unreadable_threads'] = { threads: 0, remedy: '' };
  private isDiskLow = false;
  private files = NO_FILES;
  private authorizeFault: string | null = null;
  private keys: Measures['token_keys'] = { fault: null, hasKeys: true };
  private keyFile: Measures['api_keys'] = { fault: null };
  /** Nothing is judged while the server starts or ends, since parts come and go then. */
  private isWatching = false;

  constructor(options: MonitorOptions) {
    this.options = options;
  }

  /** Starts judging, reports from before included; called when the server serves. */
  begin(): void {
    this.isWatching = true;
    this.options.loop.start();
    this.options.loop.takeWorstMs();
    this.judgeAll();
  }

  /** Stops judging; the findings stay as they are. Called when the server ends. */
  rest(): void {
    this.isWatching = false;
    this.options.loop.stop();
  }

  undelivered(thread: string, heldAt: number): void {
    this.threads.add(thread, heldAt);
    this.newThreads++;
    this.judgeUndelivered();
  }

  delivered(thread: string): void {
    this.threads.remove(thread);
    this.judgeUndelivered();
  }

  watched(threads: number): void {
    // Judged with the next thread that comes or goes, or the next sweep: subscribers come and go all the time.
    this.watchedThreads = threads;
  }

  /** Reports how many of the open connections read too slowly. */
  lagging(lagging: number, open: number): void {
    this.connections = { lagging, open };
    this.judge('lagging_connections', this.connections);
  }

  /**
   * Reports for how long the sink has been behind while its store accepts rows, in milliseconds, and how many threads
   * wait.
   */
  sinkBehind(behindMs: number, threads: number): void {
    this.behind = { behindMs, threads };
    this.judge('sink_lag', this.behind);
  }

  /** Reports why the log accepts no messages; null when it does. */
  logFault(reason: string | null): void {
    this.logReason = reason;
    this.judge('log_fault', { reason });
  }

  /** Reports how many threads could not be read at the last check, and what an operator does then. */
  unreadableThreads(threads: number, remedy: string): void {
    this.unreadable = { threads, remedy };
    this.judge('unreadable_threads', this.unreadable);
  }

  /** Reports whether the log's disk is nearly full. */
  diskLow(isLow: boolean): void {
    this.isDiskLow = isLow;
    this.judge('disk_low', { isLow });
  }

  /** Reports how many file descriptors are open of those that may be; null when that is not known. */
  openFiles(count: OpenFilesCount | null): void {
    this.files = count ?? NO_FILES;
    this.judge('open_files', this.files);
  }

  /** Returns how much of the memory is in use, and the refusals since the last call. */
  memory(measure: MemoryMeasure): void {
    this.judge('memory', measure, { times: measure.refused });
  }

  /** Reports how the last fetch of the keys of tokens ended. */
  tokenKeys(state: Measures['token_keys']): void {
    this.keys = state;
    this.judge('token_keys', state, { times: state.fault === null ? 0 : 1 });
  }

  /** Reports why the application gave no answer to the last question; null when it did. */
  authorize(fault: string | null): void {
    if (fault === null && this.authorizeFault === null) return;
    this.authorizeFault = fault;
    this.judge('authorize', { fault }, { times: fault === null ? 0 : 1 });
  }

  /** Reports what came of reading the file of the API keys. */
  apiKeys({ fault }: Measures['api_keys']): void {
    this.keyFile = { fault };
    this.judge('api_keys', this.keyFile, { times: fault === null ? 0 : 1 });
  }

  /** Reports how the webhooks are; called every second. */
  webhooks({ failingMs, waiting, error, deadLetters }: Measures['webhooks']): void {
    this.judge('webhooks', { failingMs, waiting, error, deadLetters });
  }

  /** Reports how the runs of agents are; called every second. */
  agents({ silent, tool, failing, blocking }: AgentMeasures): void {
    this.judge('agent_silent', silent);
    this.judge('agent_tool', tool);
    for (const row of failing) this.judge('agent_failing', row, { about: row.agent });
    for (const row of blocking) this.judge('agent_blocking', row, { about: row.agent });
  }

  /** Reports the states of the supervised parts. */
  follow(children: readonly ChildState[]): void {
    const now = this.options.clock.elapsed();
    for (const state of children) {
      const known = this.parts.get(state.id);
      if (known?.state === state) continue;
      const isAgain = state.starts > Math.max(1, known?.state.starts ?? 0);
      const before = known?.restarts ?? [];
      const restarts = isAgain ? withRestart(before, now, RESTARTS.intensity) : before;
      this.parts.set(state.id, { state, restarts });
      this.judgePart({ state, restarts }, isAgain ? 1 : 0);
    }
  }

  /**
   * Judges everything again, since some levels change with time alone, and closes incidents that are over; called every
   * second while the server serves.
   */
  sweep(): void {
    this.looksMs.push(this.options.loop.takeWorstMs());
    if (this.looksMs.length > LOOP_LOOKS) this.looksMs.shift();
    this.judgeAll();
    this.options.incidents.sweep();
  }

  /**
   * Returns present and recent findings, with the names of threads or only their number. `midIn` returns the mid of the
   * message to look at in a thread.
   */
  status(names: ThreadNames = 'shown', midIn: MidIn = () => null): MonitorStatus {
    const all = this.options.incidents.all().sort(worstFirst);
    const rows = all.map((incident) => rowOf(incident, names));
    return {
      status: this.options.incidents.level,
      issues: issuesOf(rows),
      findings: rows.slice(0, FINDINGS_MAX).map((row) => withMid(row, midIn)),
      moreFindings: Math.max(0, rows.length - FINDINGS_MAX),
      outcomes: this.counts.all()
    };
  }

  private judgeAll(): void {
    this.oldestSince = this.threads.oldestSince();
    this.judgeUndelivered();
    this.judgeLoop();
    this.judge('lagging_connections', this.connections);
    this.judge('sink_lag', this.behind);
    this.judge('log_fault', { reason: this.logReason });
    this.judge('unreadable_threads', this.unreadable);
    this.judge('disk_low', { isLow: this.isDiskLow });
    this.judge('open_files', this.files);
    this.judge('token_keys', this.keys);
    this.judge('authorize', { fault: this.authorizeFault });
    this.judge('api_keys', this.keyFile);
    for (const part of this.parts.values()) this.judgePart(part, 0);
  }

  private judgeUndelivered(): void {
    if (!this.isWatching) return;
    const { count } = this.threads;
    const named = this.threads.named(NAMED_MAX);
    const now = this.options.clock.elapsed();
    const oldestMs = now - (this.oldestSince ?? now);
    const measure = { threads: count, watched: this.watchedThreads, named, oldestMs };
    this.judge('undelivered', measure, { times: this.newThreads });
    this.newThreads = 0;
  }

  private judgeLoop(): void {
    const { looksMs } = this;
    const isLate = (looksMs.at(-1) ?? 0) >= LOOP_LATE_MS;
    this.judge('event_loop_lag', { looksMs }, { times: isLate ? 1 : 0 });
  }

  private judgePart({ state, restarts }: Part, times: number): void {
    const { id: part, required, status, error, losses } = state;
    const { restarts: allowed, withinMs } = RESTARTS.intensity;
    const now = this.options.clock.elapsed();
    const lately = restarts.filter((at) => now - at < withinMs).length;
    this.judge('part_missed', { part, required, status, error, losses }, { about: part });
    this.judge(
      'restarts',
      { part, required, times: lately, allowed, withinMs, error },
      { about: part, times }
    );
  }

  private judge<Kind extends ConditionKind>(
    kind: Kind,
    measure: Measures[Kind],
    { about = null, times = 0 }: { about?: string | null; times?: number } = {}
  ): void {
    if (!this.isWatching) return;
    const rule = RULES[kind];
    const { title, forMs, logs } = rule;
    const message = rule.message(measure);
    this.options.incidents.judge(
      { kind, about, title, forMs, logs },
      {
        level: rule.level(measure),
        message,
        unnamed: rule.unnamed?.(measure) ?? message,
        thread: rule.thread?.(measure) ?? null
      },
      times
    );
  }
}

function worstFirst(one: Incident, other: Incident): number {
  const isOver = Number(one.endedAt !== null) - Number(other.endedAt !== null);
  if (isOver !== 0) return isOver;
  const byLevel = MONITOR_LEVELS.indexOf(one.level) - MONITOR_LEVELS.indexOf(other.level);
  return byLevel === 0 ? one.since - other.since : byLevel;
}

function rowOf(incident: Incident, names: ThreadNames): FindingRow {
  const { kind, about, level, count, since, lastAt, endedAt, reason } = incident;
  const message = names === 'shown' ? incident.message : incident.unnamed;
  const last = names === 'shown' ? `, last: ${reason ?? ''}` : '';
  return {
    kind,
    about,
    level,
    message: reason === null ? message : `${message} (${counted(count, 'time')} lately${last})`,
    count,
    since: iso(since),
    lastAt: iso(lastAt),
    endedAt: isoOrNull(endedAt),
    closesAt: isoOrNull(closesAt(incident)),
    thread: names === 'shown' && endedAt === null ? incident.thread : null,
    mid: null
  };
}

function withMid(row: FindingRow, midIn: MidIn): FindingRow {
  return row.thread === null ? row : { ...row, mid: midIn(row.thread) };
}

/** Sentences of the findings whose cause is there, limited like the findings. */
function issuesOf(rows: readonly FindingRow[]): string[] {
  const there = rows.filter(({ endedAt }) => endedAt === null).map(({ message }) => message);
  const more = there.length - FINDINGS_MAX;
  return more > 0 ? [...there.slice(0, FINDINGS_MAX), `and ${String(more)} more`] : there;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
