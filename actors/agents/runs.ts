/**
 * All runs of this node: which messages begin a run, which runs wait in the queue of their thread, and how runs are
 * cancelled and answered. One run of a thread is at work at a time; the others wait in the order of their messages.
 */
import { randomBytes } from 'node:crypto';
import type { MessageFrame } from '../../protocol/frames.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';
import type { Elsewhere } from '../bus/elsewhere.js';
import type { Incidents } from '../monitor/incidents.js';
import type { AgentMeasures } from '../monitor/monitor.js';
import type { Agent } from './agent.js';
import { AgentRun } from './agent-run.js';
import { Cancellations } from './requests/cancellations.js';
import { RunRoom, type RunsLimits } from './requests/run-room.js';
import type { RunPlan, RunRequest } from './requests/run-plan.js';
import {
  readRuns,
  storeRun,
  storing,
  type OpenAsk,
  type OpenRun,
  type RunRecord
} from './run-record.js';
import type { RunChange } from '../nodes/node-message.js';
import { changeHere } from './requests/change-here.js';
import { RunsElsewhere, type RunNodes } from './requests/runs-elsewhere.js';
import type { RunOutcome, RunPorts, RunRefusal } from './run-ports.js';
import { RunActors } from './seeing/run-actors.js';
import { RunTally, type AgentRow } from './seeing/run-tally.js';

/** Options of {@link Runs}. */
export interface RunsOptions extends Omit<RunPorts, 'onFault' | 'tally' | 'actors'> {
  readonly agents: ReadonlyMap<string, Agent>;
  readonly bounds: RunsLimits;
  readonly incidents: Pick<Incidents, 'note'>;
  /** The other nodes; null or absent on a single node. */
  readonly elsewhere?: (Pick<Elsewhere, 'node' | 'owns' | 'onOrphans'> & RunNodes) | null;
}

/** A run as subscribers see it. */
export interface ToldRun {
  readonly run: string;
  readonly agent: string;
  readonly state: 'queued' | 'streaming' | 'waiting';
  readonly mid: string;
  readonly text: string;
  readonly at: number;
  readonly attempt: number;
  /** The open question; absent unless it waits for an answer. */
  readonly ask?: OpenAsk;
}

/** The runs of a thread that have not ended. */
interface Lane {
  current: AgentRun | null;
  readonly queue: AgentRun[];
}

/** The runs. */
export class Runs {
  /** The actors of the open runs. */
  readonly actors = new RunActors();
  private readonly options: RunsOptions;
  private readonly lanes = new Map<string, Lane>();
  private readonly byId = new Map<string, AgentRun>();
  private readonly room: RunRoom;
  private readonly cancellations: Cancellations;
  readonly tally: RunTally;
  private readonly ports: RunPorts;
  private readonly elsewhere: RunsElsewhere;
  private isStopped = false;
  private stopAdopting: (() => void) | undefined;
  private onEmpty: () => void = () => undefined;

  constructor(options: RunsOptions) {
    this.options = options;
    this.elsewhere = new RunsElsewhere(options.elsewhere ?? null, options.log);
    this.room = new RunRoom(options);
    this.cancellations = new Cancellations(options.clock);
    this.tally = new RunTally(options.agents, options.clock, (agents) => {
      options.marks.open(agents);
    });
    this.ports = {
      ...options,
      tally: this.tally,
      actors: this.actors,
      onFault: (agent, thread, reason) => {
        const fields = { actor: 'agents', thread, reason };
        options.incidents.note(`the agent ${agent} failed`, fields, 'warning');
      }
    };
  }

  /** Whether there is any agent. */
  get hasAgents(): boolean {
    return this.options.agents.size > 0;
  }

  /** Whether there is an agent of that name. */
  hasAgent(name: string): boolean {
    return this.options.agents.has(name);
  }

  /** Names and purposes of the agents. */
  get agents(): readonly Agent[] {
    return [...this.options.agents.values()];
  }

  /** Returns the runs of each agent. */
  status(): AgentRow[] {
    return this.tally.rows(this.byId.values());
  }

  /** Returns the measures for the monitor. */
  measures(): AgentMeasures {
    return this.tally.measures(this.byId.values());
  }

  /**
   * Takes over the runs of an earlier process: queued ones begin, waiting ones wait on, others end as interrupted. With
   * several nodes, those of nodes that are gone are taken over by one of the others, now or when that is sure.
   */
  restore(): void {
    this.takeOver();
    this.stopAdopting = this.options.elsewhere?.onOrphans(() => {
      this.takeOver();
    });
  }

  private takeOver(): void {
    const { log, incidents, elsewhere = null } = this.options;
    if (this.isStopped) return;
    const found = readRuns(log, (reason) => {
      incidents.note('a run of an agent cannot be taken up again', { actor: 'agents', reason });
    });
    const threads = new Set<string>();
    for (const { record, text, pieces } of found) {
      const node = elsewhere?.node;
      // What this process has begun is at work here already, or is about to be.
      if (elsewhere !== null && (record.node === node || elsewhere.owns(record.node) !== true)) {
        continue;
      }
      const own: RunRecord = node === undefined ? record : { ...record, node };
      // When this fails, the run is taken over again after this process.
      if (node !== undefined) void storeRun(log, own).catch(() => undefined);
      this.room.take(own.user);
      this.add(own).restore(text, pieces);
      threads.add(own.thread);
    }
    for (const thread of threads) this.pump(thread);
  }

  /** Ends the runs at work; queued runs, and runs with an open question, continue after the next start. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.stopAdopting?.();
    for (const run of this.byId.values()) run.stop();
    const isBusy = (): boolean => [...this.byId.values()].some((run) => run.hasEnded());
    while (isBusy()) {
      await new Promise<void>((resolve) => {
        this.onEmpty = resolve;
      });
    }
    for (const run of this.byId.values()) {
      run.watch.left();
      run.actor.stop();
    }
  }

  /** Returns what a message will do. A plan that is `ok` counts as a run until it is settled. */
  plan(request: RunRequest): RunPlan {
    const { thread, user, agent, whileRunning = 'enqueue' } = request;
    if (!this.hasAgent(agent)) {
      return { ok: false, code: 'not_found', reason: `there is no agent ${agent}` };
    }
    const lane = this.lanes.get(thread);
    const current = lane?.current ?? null;
    if (current !== null && whileRunning === 'reject') {
      return { ok: false, code: 'conflict', reason: 'a run of the thread is at work' };
    }
    if (current !== null && whileRunning === 'steer') return this.steering(current);
    const reason = this.room.refusal(user, lane?.queue.length ?? 0);
    if (reason !== null) return { ok: false, code: 'queue_full', reason };
    const record = this.recordOf(request);
    this.room.take(user);
    return {
      ok: true,
      records: [storing(record)],
      settle: (frame) => {
        if (frame === null) this.room.give(user);
        else this.stored(record, whileRunning === 'interrupt');
      }
    };
  }

  /** Returns the runs of a thread that have not ended. */
  of(thread: string): ToldRun[] {
    const lane = this.lanes.get(thread);
    if (lane === undefined) return [];
    const runs = lane.current === null ? lane.queue : [lane.current, ...lane.queue];
    return runs
      .filter((run) => !run.hasEnded())
      .map((run) => {
        const { run: id, agent, mid, ask } = run.record;
        const { state, text, attempt } = run.told;
        const asks = ask === null ? {} : { ask };
        return { run: id, agent, state, mid, text, at: text.length, attempt, ...asks };
      });
  }

  /** Returns the open run that answers a message, for its journey; null when there is none. */
  openRun(thread: string, mid: string): OpenRun | null {
    const found = this.found(thread, mid, null);
    if (found === undefined || found.hasEnded()) return null;
    const { run, agent, state } = found.record;
    return { run, agent, state, attempts: state === 'queued' ? 0 : found.told.attempt };
  }

  /** Returns the thread of a run that has not ended; null when there is none. */
  threadOf(run: string): string | null {
    return this.recordAnywhere(run)?.thread ?? null;
  }

  /** Returns the user whose message a run answers; null when no such run is open. */
  userOf(run: string): string | null {
    return this.recordAnywhere(run)?.user ?? null;
  }

  private recordAnywhere(run: string): RunRecord | null {
    return this.byId.get(run)?.record ?? this.elsewhere.record(run);
  }

  /** Cancels a run, also on another node. */
  cancel(run: string, by: string): void {
    const found = this.byId.get(run);
    if (found === undefined) void this.elsewhere.change({ about: 'cancel', run, by });
    else if (!found.hasEnded()) found.cancel(by);
  }

  /** Does what another node asks about a run, and calls `done` once with what has become of it. */
  changeHere(change: RunChange, done: (outcome: RunOutcome) => void): void {
    changeHere(this.byId.get(change.run), change, done);
  }

  /** Returns the open run that answers a user's message; null when there is none. */
  runOf(thread: string, mid: string, user: string): string | null {
    const found = this.found(thread, mid, user);
    return found?.record.run ?? this.elsewhere.runOf(thread, mid, user);
  }

  /**
   * Cancels the run that answers a message, also when the message has not been stored yet. Returns the run's id; null
   * when there is none yet.
   */
  cancelOf(thread: string, mid: string, by: string): string | null {
    const found = this.found(thread, mid, by);
    if (found === undefined) {
      this.cancellations.note(thread, mid, by);
      return null;
    }
    found.cancel(by);
    return found.record.run;
  }

  /** Takes a run out of the queue. */
  withdraw(run: string, by: string): 'not_found' | 'conflict' | null {
    const found = this.byId.get(run);
    if (found === undefined || found.hasEnded()) return 'not_found';
    if (found.record.state !== 'queued') return 'conflict';
    found.cancel(by);
    return null;
  }

  /** Takes a run of another node out of the queue. Resolves to the reason of a refusal, or to null. */
  withdrawElsewhere(run: string, by: string): Promise<RunRefusal | null> {
    return this.elsewhere.change({ about: 'withdraw', run, by });
  }

  /** Answers a question, also on another node. Resolves to the reason of a refusal, or to null when the answer is stored. */
  answer(run: string, ask: string, by: string, value: unknown): Promise<RunRefusal | null> {
    const found = this.byId.get(run);
    if (found !== undefined) return found.answer(by, value, ask);
    return this.elsewhere.change({ about: 'answer', run, ask, by, value });
  }

  private found(thread: string, mid: string, user: string | null): AgentRun | undefined {
    const lane = this.lanes.get(thread);
    const runs = lane === undefined ? [] : [lane.current, ...lane.queue];
    return runs
      .filter((run) => run !== null)
      .find(({ record }) => {
        return record.mid === mid && (user ?? record.user) === record.user;
      });
  }

  private stored(record: RunRecord, interrupts: boolean): void {
    const { thread, mid, user } = record;
    const run = this.add(record);
    if (this.cancellations.take(thread, mid, user)) {
      run.cancel(user);
      return;
    }
    const lane = this.lanes.get(thread);
    if (interrupts) lane?.current?.cancel(user, { interruptedBy: mid });
    else if (lane !== undefined && lane.current !== null) run.queued(lane.queue.length);
    this.pump(thread);
  }

  private steering(current: AgentRun): RunPlan {
    const { bounds, onBound } = this.options;
    const { queue } = bounds;
    if (!current.steered.expect(queue)) {
      onBound('queue');
      const reason = `${String(queue)} messages wait for the run, as many as may`;
      return { ok: false, code: 'queue_full', reason };
    }
    return {
      ok: true,
      records: [],
      settle: (frame) => {
        const message = frame === null ? null : parseMessageFrame(frame);
        if (message === null) current.steered.arrived(null);
        else if (current.hasEnded()) this.follow(current.record, message);
        else current.steer(message);
      }
    };
  }

  /** Begins a run for a message that should have steered another run, which ended before it read the message. */
  private follow({ agent }: RunRecord, { thread, mid, from }: MessageFrame): void {
    const record = this.recordOf({ thread, mid, agent, user: from.user });
    this.room.take(from.user);
    this.stored(record, false);
  }

  private recordOf({ thread, mid, user, agent, regenerates, edits, trace }: RunRequest): RunRecord {
    const { clock, elsewhere = null } = this.options;
    return {
      run: `r${randomBytes(12).toString('hex')}`,
      thread,
      agent,
      mid,
      user,
      at: clock.now(),
      state: 'queued',
      ask: null,
      answers: [],
      regenerates: regenerates ?? null,
      edits: edits ?? null,
      ...(elsewhere === null ? {} : { node: elsewhere.node }),
      ...(trace === undefined ? {} : { trace })
    };
  }

  private add(record: RunRecord): AgentRun {
    const { thread, agent } = record;
    const lane = this.lanes.get(thread) ?? { current: null, queue: [] };
    this.lanes.set(thread, lane);
    const find = (): Agent | null => this.options.agents.get(agent) ?? null;
    const run = new AgentRun(this.ports, record, find, () => {
      this.ended(run);
    });
    this.byId.set(record.run, run);
    // A run that waits for an answer is at work; an earlier process left at most one such run in a thread.
    if (record.state === 'queued' || lane.current !== null) lane.queue.push(run);
    else lane.current = run;
    return run;
  }

  private ended(run: AgentRun): void {
    const { thread, user, run: id } = run.record;
    this.byId.delete(id);
    this.room.give(user);
    const lane = this.lanes.get(thread);
    if (lane === undefined) return;
    if (lane.current === run) lane.current = null;
    const at = lane.queue.indexOf(run);
    if (at >= 0) lane.queue.splice(at, 1);
    const unread = this.isStopped ? undefined : run.steered.take().at(-1);
    if (unread !== undefined) this.follow(run.record, unread);
    this.pump(thread);
    this.onEmpty();
  }

  /** Begins the next run of a thread when none is at work. */
  private pump(thread: string): void {
    const lane = this.lanes.get(thread);
    if (lane === undefined || this.isStopped || lane.current !== null) return;
    const next = lane.queue.find((run) => !run.hasEnded());
    if (next === undefined) {
      if (lane.queue.length === 0) this.lanes.delete(thread);
      return;
    }
    lane.queue.splice(lane.queue.indexOf(next), 1);
    lane.current = next;
    next.begin();
  }
}
