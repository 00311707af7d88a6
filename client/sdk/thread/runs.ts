/**
 * The runs of agents in one thread, computed from the server's frames. Pure: the same frames give the same runs, and
 * repeated, late or damaged frames change nothing. Log entries may come in any order, so that a page of history
 * completes a run that was joined in the middle.
 */
import type { AgentKind, MessageFrame, ServerFrame } from '../../../protocol/frames.js';
import { isRecord } from '../json.js';

/** Most characters of a run's answer; the rest is left out and `truncated` is set. */
export const RUN_TEXT_MAX = 262_144;

/** Most steps of a run; later ones are left out and `truncated` is set. */
export const RUN_STEPS_MAX = 200;

/** Most ended runs; above it the one that ended first is removed. */
export const RUNS_ENDED_MAX = 100;

/** Most active runs, far more than a thread has agents; above it the oldest known one is removed. */
export const RUNS_LIVE_MAX = 100;

/** Longest id of a run that `cancel` accepts, in characters. */
const RUN_ID_MAX = 64;

/**
 * State of a run. `lost`: the server no longer lists it and the entry of its end was trimmed.
 */
export type RunState = 'streaming' | 'completed' | 'failed' | 'cancelled' | 'lost';

/** One thing that an agent did before its answer was complete. */
export type RunStep =
  | { readonly type: 'thinking'; readonly offset: number; readonly text: string }
  | {
      readonly type: 'tool';
      readonly offset: number;
      readonly call: string;
      readonly tool: string;
      readonly state: 'executing' | 'ok' | 'failed';
      /** Any JSON value; undefined until the call has been received. */
      readonly args: unknown;
      /** Any JSON value; undefined until the tool is done. */
      readonly result: unknown;
      /** How long the tool took, in milliseconds; null until it is done. */
      readonly ms: number | null;
    };

/** One run of an agent. Immutable: a change makes a new object. */
export interface Run {
  readonly run: string;
  readonly state: RunState;
  /** Name of the agent; null until `agent_started` has been received. */
  readonly agent: string | null;
  /** `mid` of the message that the run answers; null when unknown. */
  readonly inReplyTo: string | null;
  /** In the order of the log. */
  readonly steps: readonly RunStep[];
  /** The answer: partial while `streaming`, complete once `completed`. */
  readonly text: string;
  /** Whether chunks after `text` are missing; the end of the run brings the whole text. */
  readonly hole: boolean;
  /** Whether text or steps were left out because there were too many. */
  readonly truncated: boolean;
  /** How long the run took, in milliseconds; null unless `completed`. */
  readonly ms: number | null;
  /** Why it failed; null unless `failed`. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Who cancelled it; null unless `cancelled`. */
  readonly by: string | null;
  /** Offset of `agent_started`; null until it has been received. */
  readonly startOffset: number | null;
  /** Offset of the terminal event; null until it has been received. */
  readonly endOffset: number | null;
}

/** All known runs of a thread. Begin with {@link NO_RUNS}. */
export interface Runs {
  readonly epoch: string | null;
  readonly live: ReadonlyMap<string, Run>;
  readonly ended: ReadonlyMap<string, Run>;
  /** A log entry up to this offset whose run is unknown belongs to a run that was removed. */
  readonly floor: number;
  /** Runs and offset of the last `subscribed`; kept until the replay is complete. */
  readonly joining: { readonly listed: ReadonlySet<string>; readonly offset: number } | null;
}

/** The state before the first frame. */
export const NO_RUNS: Runs = {
  epoch: null,
  live: new Map(),
  ended: new Map(),
  floor: 0,
  joining: null
};

type Body = Readonly<Record<string, unknown>>;
type Fold = (run: Run, body: Body, message: MessageFrame) => Run;

const FOLDS: Readonly<Record<AgentKind, Fold>> = {
  agent_started: (run, body, { offset, from }) => {
    if (run.startOffset !== null && run.startOffset <= offset) return run;
    const agent = string(body['agent']) ?? from.user;
    return { ...run, agent, inReplyTo: string(body['inReplyTo']), startOffset: offset };
  },
  agent_thinking: (run, body, { offset }) => {
    const text = string(body['text']);
    if (text === null || run.steps.some((step) => step.offset === offset)) return run;
    return withStep(run, { type: 'thinking', offset, text });
  },
  tool_executing: (run, body, { offset }) => {
    const call = string(body['call']);
    if (call === null) return run;
    const known = toolStep(run, call);
    if (known !== undefined && known.offset <= offset) return run;
    const tool = string(body['tool']) ?? known?.tool ?? '';
    const done = known ?? { state: 'executing' as const, result: undefined, ms: null };
    return withStep(run, { ...done, type: 'tool', offset, call, tool, args: body['args'] });
  },
  tool_completed: (run, body, { offset }) => {
    const call = string(body['call']);
    if (call === null) return run;
    const known = toolStep(run, call);
    if (known !== undefined && known.state !== 'executing') return run;
    return withStep(run, {
      type: 'tool',
      offset: known?.offset ?? offset,
      call,
      tool: known?.tool ?? string(body['tool']) ?? '',
      state: body['ok'] === true ? 'ok' : 'failed',
      args: known?.args,
      result: body['result'] ?? body['error'],
      ms: milliseconds(body['ms'])
    });
  },
  agent_completed: (run, body, { offset }) =>
    ended(run, body, offset, { state: 'completed', ms: milliseconds(body['ms']) }),
  agent_failed: (run, body, { offset }) => {
    const error = isRecord(body['error']) ? body['error'] : {};
    const code = string(error['code']) ?? 'unknown';
    const message = string(error['message']) ?? '';
    return ended(run, body, offset, { state: 'failed', error: { code, message } });
  },
  agent_cancelled: (run, body, { offset }) =>
    ended(run, body, offset, { state: 'cancelled', by: string(body['by']) })
};

function isAgentKind(kind: string): kind is AgentKind {
  return Object.hasOwn(FOLDS, kind);
}

/** Returns the id of the run that a log entry belongs to; null for any other entry and for a damaged one. */
export function runOf({ kind, body }: Pick<MessageFrame, 'kind' | 'body'>): string | null {
  if (!isAgentKind(kind) || !isRecord(body)) return null;
  const run = string(body['run']);
  return run === null || run === '' || run.length > RUN_ID_MAX ? null : run;
}

/**
 * Returns a run after a log entry, and the same object when the entry changes nothing. Entries of other runs
 * are ignored.
 * @param run the run so far; undefined before its first entry
 */
export function foldRun(run: Run | undefined, message: MessageFrame): Run | undefined {
  const id = runOf(message);
  if (id === null || (run !== undefined && run.run !== id)) return run;
  const { kind, body } = message;
  if (!isAgentKind(kind) || !isRecord(body)) return run;
  return FOLDS[kind](run ?? begun(id), body, message);
}

/** Returns the runs after a frame, and the same object when the frame changes nothing. Never throws. */
export function reduceRuns(runs: Runs, frame: ServerFrame): Runs {
  if (frame.type === 'chunk') return withChunk(runs, frame);
  if (frame.type === 'message') return withMessage(runs, frame);
  if (frame.type === 'subscribed') return withSubscribed(runs, frame);
  if (frame.type === 'caught_up') return withCaughtUp(runs);
  return runs;
}

/** Returns the runs of `after` that are new or changed since `before`. */
export function changedRuns(before: Runs, after: Runs): Run[] {
  const changed: Run[] = [];
  for (const part of ['live', 'ended'] as const) {
    if (before[part] === after[part]) continue;
    for (const [id, run] of after[part]) if (runIn(before, id) !== run) changed.push(run);
  }
  return changed;
}

/** Returns the runs in the order of their start; those with an unknown start come last. */
export function runList({ live, ended: over }: Runs): Run[] {
  const place = ({ startOffset }: Run): number => startOffset ?? Number.MAX_SAFE_INTEGER;
  return [...over.values(), ...live.values()].sort((one, other) => place(one) - place(other));
}

function runIn(runs: Runs, id: string): Run | undefined {
  return runs.live.get(id) ?? runs.ended.get(id);
}

function begun(run: string): Run {
  return {
    run,
    state: 'streaming',
    agent: null,
    inReplyTo: null,
    steps: [],
    text: '',
    hole: false,
    truncated: false,
    ms: null,
    error: null,
    by: null,
    startOffset: null,
    endOffset: null
  };
}

/** Ends a run. Only the first terminal event counts; later ones are ignored. */
function ended(
  run: Run,
  body: Body,
  offset: number,
  end: Pick<Run, 'state'> & Partial<Pick<Run, 'ms' | 'error' | 'by'>>
): Run {
  if (run.endOffset !== null && run.endOffset <= offset) return run;
  const text = string(body['text']) ?? run.text;
  return {
    ...run,
    ms: null,
    error: null,
    by: null,
    ...end,
    text: text.slice(0, RUN_TEXT_MAX),
    truncated: run.truncated || text.length > RUN_TEXT_MAX,
    hole: false,
    endOffset: offset
  };
}

function toolStep(run: Run, call: string): Extract<RunStep, { type: 'tool' }> | undefined {
  return run.steps.find(
    (step): step is Extract<RunStep, { type: 'tool' }> => step.type === 'tool' && step.call === call
  );
}

/** Inserts a step in log order; the step of a tool call replaces the earlier one of the same call. */
function withStep(run: Run, step: RunStep): Run {
  const known = step.type === 'tool' ? toolStep(run, step.call) : undefined;
  const others = run.steps.filter((one) => one !== known);
  const after = others.findIndex(({ offset }) => offset > step.offset);
  const steps = others.toSpliced(after < 0 ? others.length : after, 0, step);
  if (steps.length <= RUN_STEPS_MAX) return { ...run, steps };
  // Already full, and this step is the one left out: only the first such step is a change.
  if (run.truncated && steps.at(-1) === step) return run;
  return { ...run, steps: steps.slice(0, RUN_STEPS_MAX), truncated: true };
}

function withRun(runs: Runs, run: Run): Runs {
  if (run.state !== 'streaming') return withEnded(runs, run);
  const live = new Map(runs.live).set(run.run, run);
  const [oldest] = live.keys();
  if (live.size > RUNS_LIVE_MAX && oldest !== undefined) live.delete(oldest);
  if (!runs.ended.has(run.run)) return { ...runs, live };
  const over = new Map(runs.ended);
  over.delete(run.run);
  return { ...runs, live, ended: over };
}

function withEnded(runs: Runs, run: Run): Runs {
  const live = new Map(runs.live);
  live.delete(run.run);
  const over = new Map(runs.ended).set(run.run, run);
  let { floor } = runs;
  if (over.size > RUNS_ENDED_MAX) {
    let first = run;
    for (const one of over.values()) if (endOf(one) < endOf(first)) first = one;
    over.delete(first.run);
    floor = Math.max(floor, endOf(first));
  }
  return { ...runs, live, ended: over, floor };
}

function endOf({ endOffset, startOffset }: Run): number {
  return endOffset ?? startOffset ?? 0;
}

function withMessage(runs: Runs, message: MessageFrame): Runs {
  const id = runOf(message);
  if (id === null) return runs;
  const known = runIn(runs, id);
  // A run that was removed must not come back as an active one.
  if (known === undefined && message.offset <= runs.floor) return runs;
  const run = foldRun(known, message);
  return run === undefined || run === known ? runs : withRun(runs, run);
}

/**
 * `text.slice(0, at) + chunk`. Appending needs no copy; existing text is compared only where it overlaps.
 */
function withChunk(runs: Runs, { run: id, at, text: chunk }: ServerFrame<'chunk'>): Runs {
  const run = runIn(runs, id);
  // A chunk proves that a `lost` run is still active.
  if (run === undefined || (run.state !== 'streaming' && run.state !== 'lost')) return runs;
  const { text } = run;
  if (at < 0 || chunk === '') return runs;
  if (at > text.length) {
    if (run.hole || run.truncated) return runs;
    return withRun(runs, { ...run, state: 'streaming', hole: true });
  }
  const end = at + chunk.length;
  if (end <= text.length && text.startsWith(chunk, at)) return runs;
  const isFull = at === RUN_TEXT_MAX;
  if (isFull && run.truncated) return runs;
  const next = at === text.length ? text + chunk : text.slice(0, at) + chunk;
  return withRun(runs, {
    ...run,
    state: 'streaming',
    text: isFull ? text : next.slice(0, RUN_TEXT_MAX),
    truncated: run.truncated || end > RUN_TEXT_MAX,
    hole: false
  });
}

function withSubscribed(runs: Runs, frame: ServerFrame<'subscribed'>): Runs {
  const { epoch, offset } = frame;
  // Offsets and runs of another epoch are invalid.
  const same = runs.epoch === null || runs.epoch === epoch;
  const listed = new Set(frame.runs.map(({ run }) => run));
  let next: Runs = { ...(same ? runs : NO_RUNS), epoch, joining: { listed, offset } };
  for (const told of frame.runs) {
    if (told.run === '' || told.run.length > RUN_ID_MAX) continue;
    const known = runIn(next, told.run);
    const run = withTold(known ?? begun(told.run), told);
    if (run !== known) next = withRun(next, run);
  }
  return next;
}

type Told = ServerFrame<'subscribed'>['runs'][number];

/** Applies the server's description of a run. It overrides all but an end that the log has recorded. */
function withTold(run: Run, told: Told): Run {
  if (run.endOffset !== null) return run;
  // The answer to an earlier request may come late: a known text that continues the described one is newer.
  const isNewer = run.text.startsWith(told.text);
  const text = isNewer ? run.text : told.text;
  return {
    ...run,
    state: toldState(told.state),
    inReplyTo: run.inReplyTo ?? (told.mid === '' ? null : told.mid),
    text: text.slice(0, RUN_TEXT_MAX),
    truncated: run.truncated || text.length > RUN_TEXT_MAX,
    hole: run.hole && isNewer && text.length > told.text.length
  };
}

/** Treats an unknown state as an active run. */
function toldState(state: string): RunState {
  return state === 'completed' || state === 'failed' || state === 'cancelled' ? state : 'streaming';
}

/** Handles the end of a replay: an active run that the server did not list and whose end did not come is `lost`. */
function withCaughtUp(runs: Runs): Runs {
  if (runs.joining === null) return runs;
  const { listed, offset } = runs.joining;
  let next: Runs = { ...runs, joining: null };
  for (const run of runs.live.values()) {
    if (listed.has(run.run) || (run.startOffset ?? 0) > offset) continue;
    next = withRun(next, { ...run, state: 'lost', hole: false });
  }
  return next;
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function milliseconds(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}
