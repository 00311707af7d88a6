/**
 * Measures one run for the operator: how long the agent has been silent, how long its code has blocked the event loop,
 * and how long the first text has taken. The run of a traced message has a span, and so has each of its tool calls.
 */
import type { Clock } from '../../clock.js';
import type { RunEnd } from '../../../machines/agents/run.machine.js';
import type { OpenSpan, Traces } from '../../traces/traces.js';
import { runSpan, toolSpan, type TracedRun } from '../../traces/run-spans.js';
import { markOf, type LoopMarks } from './loop-marks.js';
import type { RunTally } from './run-tally.js';

/** The measures of one run. */
export class RunWatch {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly tally: RunTally;
  private readonly marks: LoopMarks;
  private readonly agent: string;
  private readonly mark: string;
  private readonly traces: Traces | null;
  private readonly run: TracedRun;
  private span: OpenSpan | null = null;
  /** When the agent began; null before, and for a run that only an earlier process has begun. */
  private startedMs: number | null = null;
  /** When the wait for the agent's next event began; null while there is no wait. */
  private awaitedMs: number | null = null;
  private firstTextMs: number | null = null;

  constructor(
    clock: Pick<Clock, 'elapsed'>,
    {
      tally,
      marks,
      traces = null
    }: {
      readonly tally: RunTally;
      readonly marks: LoopMarks;
      readonly traces?: Traces | null;
    },
    run: TracedRun
  ) {
    this.clock = clock;
    this.tally = tally;
    this.marks = marks;
    this.agent = run.agent;
    this.mark = markOf(run);
    this.traces = traces;
    this.run = run;
  }

  /** Notes that the agent begins. */
  begun(): void {
    this.startedMs = this.clock.elapsed();
    this.tally.opened(this.agent, 1);
    if (this.traces !== null) this.span = runSpan(this.traces, this.run);
  }

  /** What the agent gets about the trace of its run; nothing when it is not recorded. */
  get traced(): { readonly traceparent?: string } {
    return this.span === null ? {} : { traceparent: this.span.traceparent };
  }

  /** Begins the span of a tool call; null when the run is not recorded. */
  tool(tool: string, call: string): OpenSpan | null {
    const { traces, span } = this;
    return traces === null || span === null ? null : toolSpan(traces, span, tool, call);
  }

  /** Notes that the server stops and the run goes on after the next start. */
  left(): void {
    this.span?.end(null, { 'rollcall.run.end': 'left' });
  }

  /** Times for the entry of the end, in milliseconds since {@link begun}; what is not known is absent. */
  get times(): { readonly ms?: number; readonly firstTextMs?: number } {
    const { startedMs, firstTextMs } = this;
    if (startedMs === null) return {};
    const ms = this.clock.elapsed() - startedMs;
    return firstTextMs === null ? { ms } : { ms, firstTextMs };
  }

  /** How long the run has waited for the agent's next event, in milliseconds: 0 while people or the log are awaited. */
  get silentMs(): number {
    return this.awaitedMs === null ? 0 : this.clock.elapsed() - this.awaitedMs;
  }

  /** Runs code of the agent. While it keeps the event loop, it is known whose it is, and afterwards for how long. */
  within<T>(code: () => T): T {
    const calledMs = this.clock.elapsed();
    this.marks.enter(this.mark);
    try {
      return code();
    } finally {
      this.marks.leave();
      this.tally.called(this.agent, this.clock.elapsed() - calledMs);
    }
  }

  /** Calls the agent for its next event. */
  call<T>(next: () => Promise<T>): Promise<T> {
    this.awaitedMs = this.clock.elapsed();
    const event = this.within(next);
    const came = (): void => {
      this.awaitedMs = null;
    };
    event.then(came, came);
    return event;
  }

  /** Notes that the answer has text. */
  text(): void {
    if (this.firstTextMs !== null || this.startedMs === null) return;
    this.firstTextMs = this.clock.elapsed() - this.startedMs;
    this.tally.firstText(this.agent, this.firstTextMs);
  }

  /** Notes that the end is decided. */
  ended(end: RunEnd): void {
    this.tally.ended(this.agent, end, this.times.ms);
    this.span?.end(end === 'failed' || end === 'interrupted' ? end : null, {
      'rollcall.run.end': end
    });
    if (this.startedMs !== null) this.tally.opened(this.agent, -1);
  }
}
