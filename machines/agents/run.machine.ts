/**
 * Chart of one run of an agent. It receives only the events that change the state of the run, not the text, and decides
 * when the run has taken too long. A run has one end: the first event that ends it counts, and the run is over when the
 * log has stored the entry of that end.
 */
import { assign, emit, setup } from 'xstate';

/** How a run can end. `interrupted`: the server stopped or died while the run was at work. */
export const RUN_ENDS = ['completed', 'failed', 'cancelled', 'interrupted'] as const;

/** One of {@link RUN_ENDS}. */
export type RunEnd = (typeof RUN_ENDS)[number];

/** Input of {@link runMachine}. */
export interface RunInput {
  readonly run: string;
  readonly agent: string;
  readonly thread: string;
  /** State of the run in the log: `waiting` is restored after a restart. */
  readonly from: 'queued' | 'waiting';
  /** Longest time of running, in milliseconds; time with an open question does not count. */
  readonly limitMs: number;
  /** Time left to answer the open question, in milliseconds; read only in `waiting`. */
  readonly answerMs: number;
}

/** Context of the chart. */
export interface RunContext extends RunInput {
  readonly attempt: number;
  readonly end: RunEnd | null;
}

/** Events of the chart. */
export type RunEvent =
  | { type: 'run.begun' }
  | { type: 'run.asked'; answerMs: number }
  | { type: 'run.answered' }
  | { type: 'run.retried' }
  | { type: 'run.ended'; end: RunEnd }
  | { type: 'run.stored' };

/** Events that the chart emits to the part that runs the agent. */
export type RunEmitted = { type: 'run.overdue' } | { type: 'answer.overdue' };

/** Chart of one run. */
export const runMachine = setup({
  types: {
    context: {} as RunContext,
    input: {} as RunInput,
    events: {} as RunEvent,
    emitted: {} as RunEmitted
  },
  delays: {
    limit: ({ context }) => context.limitMs,
    answer: ({ context }) => context.answerMs
  },
  guards: {
    isWaiting: ({ context }) => context.from === 'waiting',
    isEnd: ({ context }, end: RunEnd) => context.end === end
  },
  actions: {
    noteAnswerTime: assign(({ event }) =>
      event.type === 'run.asked' ? { answerMs: event.answerMs } : {}
    ),
    noteAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    noteEnd: assign(({ event }) => (event.type === 'run.ended' ? { end: event.end } : {}))
  }
}).createMachine({
  id: 'run',
  context: ({ input }) => ({ ...input, attempt: 1, end: null }),
  initial: 'restoring',
  on: { 'run.ended': { target: '.ending', actions: 'noteEnd' } },
  states: {
    restoring: {
      always: [{ guard: 'isWaiting', target: 'waiting' }, { target: 'queued' }]
    },
    queued: {
      on: { 'run.begun': 'running' }
    },
    running: {
      tags: 'open',
      on: {
        'run.asked': { target: 'waiting', actions: 'noteAnswerTime' },
        'run.retried': { actions: 'noteAttempt' }
      },
      after: { limit: { target: 'overdue', actions: emit({ type: 'run.overdue' }) } }
    },
    // The part that runs the agent ends it at once.
    overdue: { tags: 'open' },
    waiting: {
      tags: 'open',
      on: { 'run.answered': 'running' },
      after: { answer: { actions: emit({ type: 'answer.overdue' }) } }
    },
    // The end is decided, and its entry is being written to the log.
    ending: {
      on: {
        'run.ended': {},
        'run.stored': [
          { guard: { type: 'isEnd', params: 'completed' }, target: 'completed' },
          { guard: { type: 'isEnd', params: 'failed' }, target: 'failed' },
          { guard: { type: 'isEnd', params: 'cancelled' }, target: 'cancelled' },
          { target: 'interrupted' }
        ]
      }
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
    interrupted: { type: 'final' }
  }
});
