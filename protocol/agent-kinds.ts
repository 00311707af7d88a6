/** What the protocol says of runs of agents besides its frames. */

/** Message kinds that only the server writes: the lifecycle of agent runs. */
export const AGENT_KINDS = [
  'agent_queued',
  'agent_started',
  'agent_thinking',
  'tool_executing',
  'tool_completed',
  'agent_waiting',
  'agent_answered',
  'agent_steered',
  'agent_completed',
  'agent_failed',
  'agent_cancelled'
] as const;

/** One of {@link AGENT_KINDS}. */
export type AgentKind = (typeof AGENT_KINDS)[number];

/** Returns whether a kind is one of {@link AGENT_KINDS}, which clients may not send. */
export function isAgentKind(kind: string): boolean {
  return AGENT_KINDS.some((agentKind) => agentKind === kind);
}

/** The kinds that end a run. */
export const RUN_END_KINDS = ['agent_completed', 'agent_failed', 'agent_cancelled'] as const;

/** Returns whether an entry of a kind ends its run. */
export function endsRun(kind: string): boolean {
  return RUN_END_KINDS.some((end) => end === kind);
}

/** What becomes of a message that comes while a run of its thread is at work; the first is the default. */
export const WHILE_RUNNING = ['enqueue', 'reject', 'interrupt', 'steer'] as const;

/** One of {@link WHILE_RUNNING}. */
export type WhileRunning = (typeof WHILE_RUNNING)[number];
