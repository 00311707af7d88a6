import {
  defineAgent,
  type Agent,
  type AgentEvent,
  type Answer,
  type RunContext
} from '../../../actors/agents/agent.js';
import { createEcho } from '../../../actors/agents/echo.js';
import type { RunBound } from '../../../actors/agents/run-ports.js';
import type { RunRequest } from '../../../actors/agents/requests/run-plan.js';
import { Runs, type RunsOptions } from '../../../actors/agents/runs.js';
import type { LoopMarks } from '../../../actors/agents/seeing/loop-marks.js';
import { awakeTimers } from '../../../actors/awake-timers.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { parseMessageFrame } from '../../../protocol/message-frame.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';

export type Script = (context: RunContext) => AsyncGenerator<AgentEvent, void, Answer | undefined>;

export const LIMITS = { runMs: 60_000, askMs: 30_000, answerChars: 100_000 };

/** The bounds that the code of an end names. */
export function boundsOf(end: string): RunBound[] {
  const bounds: Readonly<Record<string, RunBound>> = {
    timeout: 'runMs',
    too_long: 'answerChars',
    too_many_steps: 'steps',
    too_large: 'steps'
  };
  return [bounds[end.split(' ').at(-1) ?? ''] ?? []].flat();
}

/** Runs on a log in memory and on virtual time. */
export class RunRig {
  readonly clock = new VirtualClock();
  readonly log: MemoryLog;
  readonly chunks: { run: string; at: number; text: string; attempt: number }[] = [];
  /** Runs that said that they send nothing more, in order. */
  readonly quiet: string[] = [];
  readonly faults: string[] = [];
  /** What was marked for the watch of the event loop, in order. */
  readonly marked: string[] = [];
  readonly marks: LoopMarks = {
    enter: (run) => this.marked.push(`enter ${run}`),
    leave: () => this.marked.push('leave'),
    open: (agents) => this.marked.push(`open ${agents.join()}`)
  };
  /** Bounds that were reached, in order. */
  readonly reached: RunBound[] = [];
  readonly runs: Runs;
  private readonly agents: Map<string, Agent>;
  private mids = 0;

  constructor(
    scripts: Readonly<Record<string, Script>>,
    bounds = { runs: 100, perUser: 10, queue: 3 },
    log = new MemoryLog(),
    limits: Partial<typeof LIMITS> = {},
    present: ReadonlyMap<string, Agent> | null = null,
    elsewhere: RunsOptions['elsewhere'] = null
  ) {
    this.log = log;
    const agents = (this.agents = new Map<string, Agent>([['echo', createEcho(this.clock, 10)]]));
    for (const [name, run] of Object.entries(scripts)) agents.set(name, defineAgent({ name, run }));
    this.runs = new Runs({
      agents: present ?? agents,
      clock: this.clock,
      timers: awakeTimers(this.clock),
      log,
      elsewhere,
      append: (thread, entry, done) => {
        log.append(thread, entry, done);
      },
      tell: (chunk) => this.chunks.push(chunk),
      onEnd: (run) => this.quiet.push(run),
      limits: { ...LIMITS, ...limits },
      bounds,
      marks: this.marks,
      onBound: (bound) => this.reached.push(bound),
      incidents: { note: (message, { reason }) => this.faults.push(`${message}: ${reason}`) }
    });
  }

  /** Publishes a message that an agent answers; returns why it was refused, or its mid. */
  async say(text: string, request: Partial<RunRequest> = {}): Promise<string> {
    const mid = request.mid ?? `m${String(++this.mids)}`;
    const asked = { thread: 't', user: 'ada', agent: 'echo', ...request, mid };
    const plan = this.runs.plan(asked);
    if (!plan.ok) return plan.code;
    const entry = {
      mid,
      user: asked.user,
      kind: 'user_message',
      bodyJson: JSON.stringify({ text }),
      at: this.clock.now(),
      records: plan.records
    };
    this.log.append(asked.thread, entry, (result) => {
      plan.settle(result.ok && !result.duplicate ? result.frame : null);
    });
    await this.turns();
    return mid;
  }

  /** Adds an agent. */
  offer(agent: Parameters<typeof defineAgent>[0]): void {
    this.agents.set(agent.name, defineAgent(agent));
  }

  /** Resolves when no run of the thread is open. The agents may wait for something outside of the rig. */
  async ended(thread: string): Promise<void> {
    while (this.runs.of(thread).length > 0) await settle();
    await this.turns();
  }

  /** Lets everything happen that needs no time to pass. */
  async turns(count = 30): Promise<void> {
    for (let turn = 0; turn < count; turn++) await settle();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.turns();
  }

  /** The entries of a thread. */
  entries(thread = 't'): MessageFrame[] {
    return this.log
      .read(thread, 0, 10_000, 1e9)
      .flatMap(({ frame }) => parseMessageFrame(frame) ?? []);
  }

  /** What the runs have written to a thread, in short. */
  told(thread = 't'): string[] {
    return this.entries(thread)
      .filter(({ kind }) => kind !== 'user_message')
      .map(({ kind, body }) => {
        const { text, error, by } = body as {
          text?: string;
          error?: { code: string } | string;
          by?: string;
        };
        const code = typeof error === 'object' ? error.code : error;
        return [kind, text, code, by]
          .filter((part) => part !== undefined && part !== null && part !== '')
          .join(' ');
      });
  }

  /** Records of runs that have not ended. */
  left(): string[] {
    return [
      ...this.log.records('rollcall:runs', 'run'),
      ...this.log.records('rollcall:runs', 'run_text')
    ].map(({ id }) => id);
  }
}
