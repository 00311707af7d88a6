/** The spans of agents: one for a run, and one for each of its tool calls. */
import { messageFacts } from './message-spans.js';
import type { OpenSpan, Traces } from './traces.js';

/** The run that a span is about. */
export interface TracedRun {
  readonly run: string;
  readonly agent: string;
  readonly thread: string;
  /** The message that is answered. */
  readonly mid: string;
  /** `traceparent` of its publish; absent when it is not recorded. */
  readonly trace?: string;
}

/** Begins the span of a run; null when the trace of its message is not recorded. */
export function runSpan(traces: Traces, run: TracedRun): OpenSpan | null {
  const { trace: parent, agent } = run;
  if (parent === undefined) return null;
  const facts = {
    ...messageFacts('run', run),
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': agent,
    'rollcall.run.id': run.run
  };
  return traces.begin({ name: 'agent run', role: 'consumer', parent, facts });
}

/** Begins the span of a tool call of a run. */
export function toolSpan(
  traces: Traces,
  run: OpenSpan,
  tool: string,
  call: string
): OpenSpan | null {
  const facts = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool,
    'gen_ai.tool.call.id': call
  };
  return traces.begin({ name: 'tool call', role: 'internal', parent: run.traceparent, facts });
}
