/** The steps of one run: thoughts and tool calls. Each is an entry, and each tool call gets an end. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import {
  AgentError,
  type ThinkingEvent,
  type ToolCallEvent,
  type ToolResultEvent
} from './agent.js';
import type { RunBody, RunWriter } from './run-writer.js';
import type { RunWatch } from './seeing/run-watch.js';
import type { OpenSpan } from '../traces/traces.js';

/** Most steps of a run. */
export const RUN_STEPS_MAX = 1_000;

/** Most characters of one step, as JSON. */
export const STEP_CHARS_MAX = 65_536;

interface OpenTool {
  readonly tool: string;
  readonly sinceMs: number;
  /** Null when the run is not traced. */
  readonly span: OpenSpan | null;
}

/** Writes the steps of a run. */
export class RunSteps {
  private readonly writer: RunWriter;
  private readonly clock: Pick<Clock, 'elapsed'>;
  /** Part of the entries' names: differs from that of an earlier process. */
  private readonly session = randomBytes(4).toString('hex');
  private readonly open = new Map<string, OpenTool>();
  private count = 0;
  /** The attempt that the steps belong to; the first is 1. */
  attempt = 1;

  private readonly watch: Pick<RunWatch, 'tool'>;
  private readonly onBound: () => void;

  /** `onBound` is called when a bound of the steps is reached. */
  constructor(
    writer: RunWriter,
    clock: Pick<Clock, 'elapsed'>,
    watch: Pick<RunWatch, 'tool'>,
    onBound: () => void
  ) {
    this.writer = writer;
    this.clock = clock;
    this.watch = watch;
    this.onBound = onBound;
  }

  /** Takes over the tool calls that an earlier process left open. */
  restore(tools: ReadonlyMap<string, string>): void {
    const sinceMs = this.clock.elapsed();
    for (const [call, tool] of tools) this.open.set(call, { tool, sinceMs, span: null });
  }

  /** Open tool calls, with their start as a time of `elapsed()`. */
  get openTools(): ReadonlyMap<string, OpenTool> {
    return this.open;
  }

  /** Counts a step that other code writes. @throws {AgentError} `too_many_steps` */
  note(): void {
    this.count++;
    if (this.count > RUN_STEPS_MAX) {
      this.onBound();
      throw new AgentError('too_many_steps', `a run has at most ${String(RUN_STEPS_MAX)} steps`);
    }
  }

  /** Writes a step. @throws {AgentError} when it contradicts earlier steps or is too large */
  async take(event: ThinkingEvent | ToolCallEvent | ToolResultEvent): Promise<void> {
    this.note();
    if (event.type === 'thinking') await this.write('agent_thinking', { text: event.text });
    else if (event.type === 'toolCall') {
      const { call, tool, args } = event;
      if (this.open.has(call)) {
        throw new AgentError('bad_event', `the call ${call} is open already`);
      }
      const span = this.watch.tool(tool, call);
      this.open.set(call, { tool, sinceMs: this.clock.elapsed(), span });
      await this.write('tool_executing', { call, tool, args });
    } else {
      const { call, ok, result, error } = event;
      const open = this.open.get(call);
      if (open === undefined) throw new AgentError('bad_event', `there is no open call ${call}`);
      this.open.delete(call);
      open.span?.end(ok ? null : 'tool_failed');
      const ms = this.clock.elapsed() - open.sinceMs;
      const outcome = ok ? { result: result ?? null } : { error: error ?? 'it failed' };
      await this.write('tool_completed', { call, tool: open.tool, ok, ms, ...outcome });
    }
  }

  /** Ends all open tool calls. */
  async close(error: string): Promise<void> {
    for (const [call, { tool, sinceMs, span }] of this.open) {
      this.open.delete(call);
      span?.end('no_result');
      const ms = this.clock.elapsed() - sinceMs;
      const outcome = { ok: false, ms, error, ...this.ofAttempt };
      await this.writer.write(this.name(), 'tool_completed', { call, tool, ...outcome });
    }
  }

  /** What the body of each step says of its attempt: readers then know which steps another attempt has superseded. */
  get ofAttempt(): { readonly attempt?: number } {
    return this.attempt > 1 ? { attempt: this.attempt } : {};
  }

  private async write(kind: string, body: RunBody): Promise<void> {
    if (JSON.stringify(body).length > STEP_CHARS_MAX) {
      this.onBound();
      const most = String(STEP_CHARS_MAX);
      throw new AgentError('too_large', `a step has at most ${most} characters of JSON`);
    }
    await this.writer.write(this.name(), kind, { ...body, ...this.ofAttempt });
  }

  private written = 0;

  private name(): string {
    return `${this.session}:${String(this.written++)}`;
  }
}
