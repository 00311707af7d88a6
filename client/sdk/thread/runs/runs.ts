/**
 * The runs of agents in one thread, computed from the server's frames. Pure: the same frames give the same runs, and
 * repeated, late or damaged frames change nothing. Log entries may come in any order, so that a page of history
 * completes a run that was joined in the middle.
 */
import type { MessageFrame, ServerFrame } from '../../../../protocol/frames.js';
import {
  begun,
  foldRun,
  isOpen,
  RUN_ID_MAX,
  RUN_TEXT_MAX,
  runOf,
  type Run,
  type RunState
} from './run.js';

/** Most ended runs; above it the one that ended first is removed. */
export const RUNS_ENDED_MAX = 100;

/** Most active runs, far more than a thread has agents; above it the oldest known one is removed. */
export const RUNS_LIVE_MAX = 100;

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

function withRun(runs: Runs, run: Run): Runs {
  if (!isOpen(run)) return withEnded(runs, run);
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
function withChunk(runs: Runs, frame: ServerFrame<'chunk'>): Runs {
  const { run: id, at, text: chunk, attempt = 1 } = frame;
  const run = runIn(runs, id);
  // A chunk proves that a `lost` run is still active.
  if (run === undefined || !(isOpen(run) || run.state === 'lost')) return runs;
  if (attempt > run.attempt) {
    return withChunk(
      withRun(runs, { ...run, attempt, text: '', hole: false, state: 'streaming' }),
      frame
    );
  }
  if (attempt < run.attempt) return runs;
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
  const attempt = told.attempt ?? 1;
  // The answer to an earlier request may come late: a known text that continues the described one is newer.
  const isNewer = run.attempt >= attempt && run.text.startsWith(told.text);
  const text = isNewer ? run.text : told.text;
  const state = toldState(told.state);
  return {
    ...run,
    state,
    ask: state === 'waiting' ? (run.ask ?? told.ask ?? null) : null,
    agent: run.agent ?? told.agent ?? null,
    attempt: Math.max(run.attempt, attempt),
    inReplyTo: run.inReplyTo ?? (told.mid === '' ? null : told.mid),
    text: text.slice(0, RUN_TEXT_MAX),
    truncated: run.truncated || text.length > RUN_TEXT_MAX,
    hole: run.hole && isNewer && text.length > told.text.length
  };
}

/** Treats an unknown state as an active run. */
function toldState(state: string): RunState {
  const known = ['queued', 'waiting', 'completed', 'failed', 'cancelled'] as const;
  return known.find((one) => one === state) ?? 'streaming';
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
