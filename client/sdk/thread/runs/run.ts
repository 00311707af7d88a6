/**
 * One run of an agent, computed from the entries of the log. Pure: the same entries give the same run, in any order, and
 * repeated or damaged ones change nothing.
 */
import type { AgentKind } from '../../../../protocol/agent-kinds.js';
import { ERASED_KIND } from '../../../../protocol/erased.js';
import type { MessageFrame } from '../../../../protocol/frames.js';
import { isRecord } from '../../json.js';

/** Most characters of a run's answer; the rest is left out and `truncated` is set. */
export const RUN_TEXT_MAX = 262_144;

/** Most steps of a run; later ones are left out and `truncated` is set. */
export const RUN_STEPS_MAX = 200;

/** Longest id of a run that `cancel` accepts, in characters. */
export const RUN_ID_MAX = 64;

/**
 * State of a run. `queued`: another run of the thread is at work. `waiting`: it has asked something, see `ask`. `lost`: the
 * server no longer lists it and the entry of its end was trimmed.
 */
export type RunState =
  'queued' | 'streaming' | 'waiting' | 'completed' | 'failed' | 'cancelled' | 'lost';

/** Returns whether a run has not ended, as far as is known. */
export function isOpen({ state }: Pick<Run, 'state'>): boolean {
  return state === 'queued' || state === 'streaming' || state === 'waiting';
}

/** A question of an agent that waits for an answer. */
export interface RunAsk {
  readonly ask: string;
  readonly prompt: string;
  /** JSON Schema of the answer; null: any text. */
  readonly schema: object | null;
  /** Last time for an answer, Unix milliseconds; null when unknown. */
  readonly expiresAt: number | null;
}

/** The cost of an answer in tokens, as far as the agent reported it. */
export interface RunUsage {
  readonly input: number | null;
  readonly output: number | null;
  /** Tokens of `input` that came from the provider's cache. */
  readonly cached: number | null;
  /** Tokens of `output` for thinking; they are not in the text. */
  readonly reasoning: number | null;
  readonly model: string | null;
}

/** The message whose answer a run generates again (`regenerates`), or that was edited (`edits`). */
export interface RunReplaces {
  readonly how: 'regenerates' | 'edits';
  readonly mid: string;
}

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
  /** How long the run took since the agent was called, in milliseconds; null until it has ended, and when it never was. */
  readonly ms: number | null;
  /** Why it failed; null unless `failed`. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Who cancelled it; null unless `cancelled`. */
  readonly by: string | null;
  /** Questions that have been answered. */
  readonly answered: readonly string[];
  /** The question that waits for an answer; null unless `waiting`. */
  readonly ask: RunAsk | null;
  /** 1, or higher when the agent was tried again; the text of earlier attempts is discarded. */
  readonly attempt: number;
  /** The cost of the answer; null until the run has ended, and when the agent did not report it. */
  readonly usage: RunUsage | null;
  /** What the run replaces; null when nothing. `runBranches` puts all versions of an answer together. */
  readonly replaces: RunReplaces | null;
  /** Offset of `agent_started`; null until it has been received. */
  readonly startOffset: number | null;
  /** Offset of the terminal event; null until it has been received. */
  readonly endOffset: number | null;
}

type Body = Readonly<Record<string, unknown>>;
type Fold = (run: Run, body: Body, message: MessageFrame) => Run;

const FOLDS: Readonly<Record<AgentKind, Fold>> = {
  agent_queued: (run, body, { from }) => {
    if (run.startOffset !== null) return run;
    const state = run.endOffset === null ? 'queued' : run.state;
    return {
      ...run,
      state,
      agent: run.agent ?? agentIn(from.user),
      inReplyTo: run.inReplyTo ?? string(body['inReplyTo']),
      replaces: run.replaces ?? replacesIn(body)
    };
  },
  agent_waiting: (run, body) => {
    const ask = string(body['ask']);
    if (ask === null || !isOpen(run) || run.answered.includes(ask)) return run;
    return { ...run, state: 'waiting', ask: askIn(ask, body) };
  },
  agent_answered: (run, body) => {
    const ask = string(body['ask']);
    if (ask === null || run.answered.includes(ask)) return run;
    const answered = [...run.answered, ask];
    if (run.ask?.ask !== ask) return { ...run, answered };
    return {
      ...run,
      answered,
      ask: null,
      state: run.state === 'waiting' ? 'streaming' : run.state
    };
  },
  agent_steered: (run) => run,
  agent_started: (run, body, { offset, from }) => {
    if (run.startOffset !== null && run.startOffset <= offset) return run;
    const agent = string(body['agent']) ?? from.user;
    const state = run.state === 'queued' ? 'streaming' : run.state;
    const inReplyTo = string(body['inReplyTo']);
    return { ...run, state, agent, inReplyTo, replaces: replacesIn(body), startOffset: offset };
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
      ms: count(body['ms'])
    });
  },
  agent_completed: (run, body, { offset }) => ended(run, body, offset, { state: 'completed' }),
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

/**
 * Returns the id of the run that a log entry belongs to; null for any other entry and for a damaged one. An entry that says
 * that something of a run was erased belongs to that run.
 */
export function runOf({ kind, body }: Pick<MessageFrame, 'kind' | 'body'>): string | null {
  if (!isRecord(body)) return null;
  // The mid of an entry is made of its run.
  const erased = kind === ERASED_KIND ? /^(.*):/.exec(String(body['mid']))?.[1] : null;
  const run = string(isAgentKind(kind) ? body['run'] : erased);
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
  if (!isRecord(body)) return run;
  if (isAgentKind(kind)) return FOLDS[kind](run ?? begun(id), body, message);
  // What is not known needs not be forgotten.
  return run && withoutEntry(run, body['target']);
}

/** Returns a run of which only the id is known. */
export function begun(run: string): Run {
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
    ask: null,
    attempt: 1,
    answered: [],
    usage: null,
    replaces: null,
    startOffset: null,
    endOffset: null
  };
}

/** Ends a run. Only the first terminal event counts; later ones are ignored. */
function ended(
  run: Run,
  body: Body,
  offset: number,
  end: Pick<Run, 'state'> & Partial<Pick<Run, 'error' | 'by'>>
): Run {
  if (run.endOffset !== null && run.endOffset <= offset) return run;
  const text = string(body['text']) ?? run.text;
  return {
    ...run,
    ms: count(body['ms']),
    inReplyTo: run.inReplyTo ?? string(body['inReplyTo']),
    error: null,
    by: null,
    ...end,
    text: text.slice(0, RUN_TEXT_MAX),
    truncated: run.truncated || text.length > RUN_TEXT_MAX,
    hole: false,
    ask: null,
    usage: usageIn(body['usage']),
    attempt: count(body['attempt']) ?? run.attempt,
    endOffset: offset
  };
}

/** Forgets what an erased entry said: the answer, or the steps, since it is not known which of them. */
function withoutEntry(run: Run, target: unknown): Run {
  return {
    ...run,
    ...(target === run.endOffset ? { text: '', error: null } : { steps: [], ask: null })
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

function askIn(ask: string, body: Body): RunAsk {
  const { schema, expiresAt } = body;
  return {
    ask,
    prompt: string(body['prompt']) ?? '',
    schema: isRecord(schema) ? schema : null,
    expiresAt: typeof expiresAt === 'number' ? expiresAt : null
  };
}

function usageIn(usage: unknown): RunUsage | null {
  if (!isRecord(usage)) return null;
  return {
    input: count(usage['input']),
    output: count(usage['output']),
    cached: count(usage['cached']),
    reasoning: count(usage['reasoning']),
    model: string(usage['model'])
  };
}

function replacesIn(body: Body): RunReplaces | null {
  for (const how of ['regenerates', 'edits'] as const) {
    const mid = string(body[how]);
    if (mid !== null) return { how, mid };
  }
  return null;
}

/** Returns the name of the agent that an entry is from. */
function agentIn(user: string): string {
  return user.replace(/^agent:/, '');
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}
