/** Makes the messages of a `MESSAGES_SNAPSHOT` from the entries of a thread and the text so far of its runs. */
import { textOf } from '../../../actors/agents/echo.js';
import type { ToldRun } from '../../../actors/agents/runs.js';
import { endsRun } from '../../../protocol/agent-kinds.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { AGENT_PREFIX } from '../../../protocol/user-name.js';
import { runEntryOf, type RunEntry } from '../../chat/runs/run-reader.js';
import { argsIn, attemptIn, resultIn, textIn } from './agui-body.js';
import { stepId, textId, type AgUiMessage } from './agui-event.js';

/** Kind of the messages of people. */
const PEOPLE_KIND = 'user_message';

/** The history of a thread, as AG-UI has it. */
export interface AgUiHistory {
  readonly messages: readonly AgUiMessage[];
  /** Ids of the tool calls that have begun and not ended, by {@link callKey}. */
  readonly calls: ReadonlyMap<string, string>;
  /** The ends of runs, by run. */
  readonly ends: ReadonlyMap<string, RunEntry>;
  /** The newest run that answers a message, by the `mid` of the message. */
  readonly answers: ReadonlyMap<string, string>;
}

/** Names a call of a run's tool. */
export function callKey(run: string, call: string): string {
  return `${run} ${call}`;
}

/** Returns the name of the agent that has written an entry. */
export function agentOf(from: string): string {
  return from.startsWith(AGENT_PREFIX) ? from.slice(AGENT_PREFIX.length) : from;
}

/** Returns a message that somebody has written to the thread; null for other entries. */
export function personMessage({
  kind,
  mid,
  from,
  body
}: MessageFrame): Extract<AgUiMessage, { role: 'user' }> | null {
  return kind === PEOPLE_KIND
    ? { id: mid, role: 'user', name: from.user, content: textOf(body) }
    : null;
}

/** What a history has of a run that has not ended. */
export type OpenRun = Pick<ToldRun, 'run' | 'agent' | 'attempt' | 'text'>;

/**
 * Returns the history: of entries that follow each other, and of the runs that have not ended. It has nothing of attempts
 * that a further one has superseded.
 */
export function agUiHistory(
  entries: readonly MessageFrame[],
  told: readonly OpenRun[]
): AgUiHistory {
  const attempts = attemptsOf(entries, told);
  const messages: AgUiMessage[] = [];
  const calls = new Map<string, string>();
  const ends = new Map<string, RunEntry>();
  const answers = new Map<string, string>();
  for (const frame of entries) {
    const message = personMessage(frame);
    if (message !== null) messages.push(message);
    const entry = runEntryOf(frame);
    if (entry === null) continue;
    const { run, kind, body, offset, from } = entry;
    const id = stepId(run, offset);
    if (kind === 'agent_started') answers.set(textIn(body, 'inReplyTo'), run);
    else if (attemptIn(body) < (attempts.get(run) ?? 1)) continue;
    else if (kind === 'agent_thinking') {
      messages.push({ id, role: 'reasoning', content: textIn(body, 'text') });
    } else if (kind === 'tool_executing') {
      calls.set(callKey(run, textIn(body, 'call')), id);
      const call = { name: textIn(body, 'tool'), arguments: argsIn(body) };
      messages.push({
        id,
        role: 'assistant',
        toolCalls: [{ id, type: 'function', function: call }]
      });
    } else if (kind === 'tool_completed') {
      const key = callKey(run, textIn(body, 'call'));
      const toolCallId = calls.get(key);
      // Its beginning is not kept any more.
      if (toolCallId === undefined) continue;
      calls.delete(key);
      addResult(messages, { id, role: 'tool', toolCallId, ...resultIn(body) });
    } else if (endsRun(kind)) {
      ends.set(run, entry);
      // It may have been taken out of the queue.
      answers.set(textIn(body, 'inReplyTo'), run);
      const content = textIn(body, 'text');
      if (content === '') continue;
      const name = agentOf(from);
      messages.push({ id: textId(run, attemptIn(body), 0), role: 'assistant', name, content });
    }
  }
  for (const { run, agent, attempt, text } of told) {
    if (text === '' || ends.has(run)) continue;
    messages.push({ id: textId(run, attempt, 0), role: 'assistant', name: agent, content: text });
  }
  return { messages, calls, ends, answers };
}

/** Returns the last attempt of each run that had several. */
function attemptsOf(
  entries: readonly MessageFrame[],
  told: readonly OpenRun[]
): ReadonlyMap<string, number> {
  const attempts = new Map<string, number>();
  const note = (run: string, attempt: number): void => {
    if (attempt > (attempts.get(run) ?? 1)) attempts.set(run, attempt);
  };
  for (const frame of entries) {
    const entry = runEntryOf(frame);
    if (entry !== null) note(entry.run, attemptIn(entry.body));
  }
  for (const { run, attempt } of told) note(run, attempt);
  return attempts;
}

/** Adds a result behind its call, as the readers of AG-UI do. */
function addResult(messages: AgUiMessage[], result: Extract<AgUiMessage, { role: 'tool' }>): void {
  const of = messages.findIndex(({ id }) => id === result.toolCallId);
  let at = of + 1;
  while (messages[at]?.role === 'tool') at++;
  messages.splice(at, 0, result);
}
