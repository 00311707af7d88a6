/** What to show of a chat, computed from a thread. Pure. */
import type { Outgoing, Run, RunAsk, RunUsage, ThreadSnapshot } from '../sdk/client.js';
import { partsOfBody } from '../../protocol/ai/ui-message.js';
import type { RollcallError } from '../sdk/rollcall-error.js';
import { chatView, userPart, type ChatView, type MadeMessages } from './messages/chat-messages.js';
import type { RollcallUiMessage } from './messages/ui-message.js';

/** A run that waits for others of its thread. */
export interface QueuedRun {
  readonly run: string;
  readonly agent: string | null;
  /** 1 for the next. */
  readonly position: number;
  /** `mid` of its message, and what that says; null when unknown. */
  readonly mid: string | null;
  readonly text: string | null;
}

/** A question of an agent that waits for an answer. */
export interface OpenAsk extends RunAsk {
  readonly run: string;
  readonly agent: string | null;
}

/** Tokens of all runs that are known; null where no agent has told them. */
export type ChatUsage = Omit<RunUsage, 'model'>;

/** As of `useChat`; `error` after an action that failed, and when the last answer has. */
export type ChatStatus = 'submitted' | 'streaming' | 'ready' | 'error';

/** What to show of a chat; each change makes a new object. */
export interface RollcallChatSnapshot {
  /** All messages, of everybody and from every tab, and the answers; those that are being sent come last. */
  readonly messages: readonly RollcallUiMessage[];
  readonly status: ChatStatus;
  /** Why the last action failed, or the thread cannot be read; null when nothing has. */
  readonly error: RollcallError | null;
  /** Runs that wait, in their order. */
  readonly queue: readonly QueuedRun[];
  /** Questions that wait for an answer. */
  readonly asks: readonly OpenAsk[];
  readonly usage: ChatUsage;
  /** The agent that answers in the thread; null when none does. */
  readonly agent: string | null;
  readonly runs: readonly Run[];
  readonly present: readonly string[];
  readonly typists: readonly string[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Whether live messages are received on the current connection. */
  readonly isLive: boolean;
}

const NO_USAGE: ChatUsage = { input: null, output: null, cached: null, reasoning: null };

/** Snapshot of a chat that nobody looks at yet. */
export const EMPTY_CHAT: RollcallChatSnapshot = {
  messages: [],
  status: 'ready',
  error: null,
  queue: [],
  asks: [],
  usage: NO_USAGE,
  agent: null,
  runs: [],
  present: [],
  typists: [],
  hasMore: false,
  isLoading: true,
  isLive: false
};

/** A snapshot, and what it was made from. */
export interface MadeChat {
  readonly snapshot: RollcallChatSnapshot;
  readonly view: ChatView;
}

/** Makes the snapshot of a chat. @param error of the last action */
export function chatSnapshot(
  thread: ThreadSnapshot,
  chosen: ReadonlyMap<string, string>,
  made: MadeMessages,
  error: RollcallError | null
): MadeChat {
  const entries = thread.items.flatMap((item) => (item.type === 'message' ? [item.message] : []));
  const view = chatView(7, entries, thread.runs, chosen, made);
  const { runs } = view;
  const sending = thread.outgoing.map(sendingMessage);
  const messages = [...view.messages, ...sending];
  const question = (mid: string | null): { offset: number; text: string | null } => {
    const entry = entries.find((one) => one.mid === mid);
    const [part] = entry === undefined ? [] : partsOfBody(entry.body).flatMap(userPart);
    const text = part?.type === 'text' ? part.text : null;
    return { offset: entry?.offset ?? Number.MAX_SAFE_INTEGER, text };
  };
  const queue = runs
    .filter(({ state }) => state === 'queued')
    .map((run) => ({ run, ...question(run.inReplyTo) }))
    .sort((one, other) => one.offset - other.offset)
    .map(({ run: { run, agent, inReplyTo: mid }, text }, index) => ({
      run,
      agent,
      mid,
      text,
      position: index + 1
    }));
  const asks = runs.flatMap(({ run, agent, ask }) =>
    ask === null ? [] : [{ run, agent, ...ask }]
  );
  const { present, typists, hasMore, isLoading, isLive, agent, refused } = thread;
  const problem = error ?? refused;
  const snapshot: RollcallChatSnapshot = {
    messages,
    status: statusOf(messages, runs, thread.outgoing, problem),
    error: problem,
    queue,
    asks,
    usage: usageOf(runs),
    agent,
    runs,
    present,
    typists,
    hasMore,
    isLoading,
    isLive
  };
  return { snapshot, view };
}

function statusOf(
  messages: readonly RollcallUiMessage[],
  runs: readonly Run[],
  outgoing: readonly Outgoing[],
  problem: RollcallError | null
): ChatStatus {
  if (runs.some(({ state }) => state === 'streaming')) return 'streaming';
  if (problem !== null) return 'error';
  const isSending = outgoing.some(({ state }) => state !== 'failed');
  if (isSending || runs.some(({ state }) => state === 'queued')) return 'submitted';
  return messages.at(-1)?.metadata.state === 'failed' ? 'error' : 'ready';
}

/** A message of the user that has not come back yet. */
function sendingMessage({ mid, body, state }: Outgoing): RollcallUiMessage {
  const parts = partsOfBody(body).flatMap(userPart);
  return { id: mid, role: 'user', metadata: { sending: state }, parts };
}

function usageOf(runs: readonly Run[]): ChatUsage {
  const sum = { ...NO_USAGE };
  for (const { usage } of runs) {
    if (usage === null) continue;
    for (const name of ['input', 'output', 'cached', 'reasoning'] as const) {
      const tokens = usage[name];
      if (tokens !== null) sum[name] = (sum[name] ?? 0) + tokens;
    }
  }
  return sum;
}
