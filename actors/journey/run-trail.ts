/**
 * What agents did about one message: the run that answers it, and the runs that it steered or cancelled. All of it is
 * told by entries of the thread's log, so it is known after a restart too. Pure: the same input gives the same trail.
 */
import type { MessageFrame } from '../../protocol/frames.js';
import { AGENT_PREFIX } from '../../protocol/user-name.js';
import { runEndOf, type ReadRunEnd } from '../facts/run-end.js';
import type { JourneyRun, JourneyStep, OpenRun, StepName } from './journey.js';

/** What is known of the runs that a message began, steered or cancelled. */
export interface RunTrail {
  /** The run that answers the message; null when there is none. */
  readonly run: JourneyRun | null;
  readonly steps: readonly JourneyStep[];
}

/** The trail of a message that no agent did anything about. */
export const NO_TRAIL: RunTrail = { run: null, steps: [] };

/** What a trail is made of. */
export interface TrailSources {
  /** The message: its `mid`, and when it came, Unix milliseconds. */
  readonly mid: string;
  readonly at: number;
  /** Entries of agents after the message, in the order of their offsets. */
  readonly entries: readonly MessageFrame[];
  readonly source: JourneyStep['source'];
  readonly open: OpenRun | null;
}

type Step = Omit<JourneyStep, 'at' | 'afterMs' | 'source'> & { readonly at: number };

/** Returns the id of the run that answers a message, as far as these entries tell it. */
export function runAnswering(mid: string, entries: readonly MessageFrame[]): string | null {
  const found = entries.find(({ body }) => text(body, 'inReplyTo') === mid);
  return found === undefined ? null : text(found.body, 'run');
}

/** Returns the trail of a message. */
export function tellTrail({ mid, at, entries, source, open }: TrailSources): RunTrail {
  const run = open?.run ?? runAnswering(mid, entries);
  const own = entries.filter(({ body }) => run !== null && text(body, 'run') === run);
  const end = own.map(runEndOf).find((found) => found !== null) ?? null;
  const steps = [
    ...own.flatMap((entry) => ownSteps(entry, own)),
    ...entries.filter((entry) => !own.includes(entry)).flatMap((entry) => otherStep(mid, entry))
  ];
  return {
    run: run === null ? null : { run, ...stateOf(run, own, end, open) },
    steps: steps.map((step) => ({ ...step, afterMs: Math.max(0, step.at - at), source }))
  };
}

function stateOf(
  run: string,
  own: readonly MessageFrame[],
  end: ReadRunEnd | null,
  open: OpenRun | null
): Omit<JourneyRun, 'run'> {
  if (end !== null) return { agent: end.agent, state: end.outcome, attempts: end.attempts };
  if (open?.run === run) {
    return { agent: open.agent, state: open.state, attempts: open.attempts };
  }
  const [first] = own;
  return { agent: first === undefined ? '' : agentOf(first), state: 'unknown', attempts: 0 };
}

/** The steps that an entry of the message's own run tells. */
function ownSteps(entry: MessageFrame, own: readonly MessageFrame[]): Step[] {
  const { kind, body, at, offset } = entry;
  const run = text(body, 'run') ?? '';
  const about = { at, offset, run, agent: agentOf(entry) };
  switch (kind) {
    case 'agent_queued':
      return [{ step: 'run_queued', ...about, ...positionIn(body) }];
    case 'agent_started':
      return [{ step: 'run_started', ...about }];
    case 'tool_executing':
      return [{ step: 'run_tool', ...about, ...toolOf(entry, own) }];
    case 'agent_waiting':
      return [{ step: 'run_asked', ...about }];
    case 'agent_answered':
      return [{ step: 'run_answered', ...about, user: text(body, 'by') ?? '' }];
    case 'agent_steered':
      return [{ step: 'run_steered', ...about, mid: text(body, 'mid') ?? '' }];
  }
  const end = runEndOf(entry);
  return end === null ? [] : endSteps(about, end);
}

function endSteps(about: Omit<Step, 'step'>, end: ReadRunEnd): Step[] {
  const { ms, firstTextMs, outcome, code, attempts, by, interruptedBy } = end;
  const steps: Step[] = [];
  if (ms !== null && firstTextMs !== null) {
    // Both count from the same call of the agent, which may have been after a restart.
    steps.push({ ...about, step: 'run_first_text', at: about.at - Math.round(ms - firstTextMs) });
  }
  const step: StepName = `run_${outcome}`;
  steps.push({
    ...about,
    step,
    attempts,
    ...(ms === null ? {} : { tookMs: ms }),
    ...(code === '' ? {} : { code }),
    ...(by === '' ? {} : { user: by }),
    ...(interruptedBy === '' ? {} : { mid: interruptedBy })
  });
  return steps;
}

/** A tool call with its end, if it has one. */
function toolOf(
  { body, offset }: MessageFrame,
  own: readonly MessageFrame[]
): Pick<Step, 'tool' | 'ok' | 'tookMs'> {
  const call = text(body, 'call');
  const tool = text(body, 'tool') ?? '';
  const ended = own.find(
    (other) =>
      other.kind === 'tool_completed' && other.offset > offset && text(other.body, 'call') === call
  );
  if (ended === undefined) return { tool };
  const ms = field(ended.body, 'ms');
  const took = typeof ms === 'number' ? { tookMs: ms } : {};
  return { tool, ok: field(ended.body, 'ok') === true, ...took };
}

/** The step that an entry of another run tells, when the message did something to that run. */
function otherStep(mid: string, entry: MessageFrame): Step[] {
  const { kind, body, at, offset } = entry;
  const about = { at, offset, run: text(body, 'run') ?? '', agent: agentOf(entry) };
  if (kind === 'agent_steered' && text(body, 'mid') === mid) {
    return [{ step: 'steered_run', ...about }];
  }
  if (kind === 'agent_cancelled' && text(body, 'interruptedBy') === mid) {
    return [{ step: 'cancelled_run', ...about }];
  }
  return [];
}

function agentOf({ from }: MessageFrame): string {
  return from.user.startsWith(AGENT_PREFIX) ? from.user.slice(AGENT_PREFIX.length) : from.user;
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

function text(body: unknown, name: string): string | null {
  const value = field(body, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

function positionIn(body: unknown): { readonly position?: number } {
  const value = field(body, 'position');
  return typeof value === 'number' ? { position: value } : {};
}
