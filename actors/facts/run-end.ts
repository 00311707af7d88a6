/**
 * Reads how a run ended from the entry of its end. The log has exactly one such entry for each run and keeps it over
 * restarts, so it is the record for the analytics store and for journeys; no other fact is recorded.
 */
import type { RunEnd } from '../../machines/agents/run.machine.js';
import type { MessageFrame } from '../../protocol/frames.js';
import { AGENT_PREFIX } from '../../protocol/user-name.js';

/** How a run ended. Null: the agent did not tell it, or the process that knew it died. */
export interface ReadRunEnd {
  readonly run: string;
  readonly agent: string;
  /** The user whose message the run answered; empty in entries of older versions. */
  readonly user: string;
  /** `mid` of that message; empty in entries of older versions. */
  readonly inReplyTo: string;
  readonly outcome: RunEnd;
  /** `error.code` of a run that failed; else empty. */
  readonly code: string;
  /** Who cancelled it; else empty. */
  readonly by: string;
  /** `mid` of the message that cancelled it; else empty. */
  readonly interruptedBy: string;
  /** 0 for a run that ended before the agent was called. */
  readonly attempts: number;
  /** Milliseconds since the agent was called. */
  readonly ms: number | null;
  /** Milliseconds from there to the first text of the answer. */
  readonly firstTextMs: number | null;
  readonly model: string;
  readonly input: number | null;
  readonly output: number | null;
  readonly cached: number | null;
  readonly reasoning: number | null;
}

type Body = Readonly<Record<string, unknown>>;

/** Returns the end of a run that an entry tells; null for any other entry. */
export function runEndOf({ kind, from, body }: MessageFrame): ReadRunEnd | null {
  if (!from.user.startsWith(AGENT_PREFIX) || !isBody(body)) return null;
  const error = isBody(body['error']) ? body['error'] : {};
  const code = text(error['code']);
  const outcome = outcomeOf(kind, code);
  const run = text(body['run']);
  if (outcome === null || run === '') return null;
  const usage = isBody(body['usage']) ? body['usage'] : {};
  const ms = count(body['ms']);
  // A run that a restart has interrupted had begun, but not in this process, which does not know its time.
  const least = ms === null && outcome !== 'interrupted' ? 0 : 1;
  return {
    run,
    agent: from.user.slice(AGENT_PREFIX.length),
    user: text(body['user']),
    inReplyTo: text(body['inReplyTo']),
    outcome,
    code,
    by: text(body['by']),
    interruptedBy: text(body['interruptedBy']),
    attempts: count(body['attempt']) ?? least,
    ms,
    firstTextMs: count(body['firstTextMs']),
    model: text(usage['model']),
    input: count(usage['input']),
    output: count(usage['output']),
    cached: count(usage['cached']),
    reasoning: count(usage['reasoning'])
  };
}

function outcomeOf(kind: string, code: string): RunEnd | null {
  switch (kind) {
    case 'agent_completed':
      return 'completed';
    case 'agent_cancelled':
      return 'cancelled';
    case 'agent_failed':
      return code === 'interrupted' ? 'interrupted' : 'failed';
    default:
      return null;
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
