import { isErasure, type MessageFrame, type Run } from '../../../sdk/client.js';
import type { AskNote, RunNotes } from '../agents/run-notes.js';
import { failureWords } from './failure-words.js';
import { messageText } from './message-text.js';
import { plainLine } from '../rich-text/plain-line.js';
import { safeName } from '../../../sdk/safe-name.js';
import { laidOutJson, writtenJson } from './written-json.js';

/** Most characters of a finished answer that a screen reader reads out; the rest is in the log. */
const READ_MAX = 300;

/** Most characters of JSON shown, since a tool may return more than anybody reads. */
export const JSON_SHOWN_MAX = 20_000;

/** Names the agent of a run. */
export function agentName({ agent }: Pick<Run, 'agent'>): string {
  return agent === null || agent === '' ? 'Agent' : safeName(agent);
}

/** What {@link runWords} says besides the run itself. */
export interface RunCircumstances {
  /** Number of runs that come before a queued one. */
  readonly ahead: number;
  /** Whether another version was asked for and has not begun. */
  readonly isAwaited: boolean;
  readonly notes: Pick<RunNotes, 'wasQueued' | 'isInterrupted' | 'steered'>;
}

/** Says the state of a run, for the line below its answer. */
export function runWords(run: Run, live: boolean, more?: RunCircumstances): string {
  const awaited = more?.isAwaited === true ? ' Asked again…' : '';
  switch (run.state) {
    case 'queued':
      return live ? queueWords(more?.ahead ?? 1) : 'Its end is not here';
    case 'waiting':
      return live ? 'Waits for an answer' : 'Its end is not here';
    case 'streaming':
      if (!live) return 'Its end is not here';
      if (run.hole) return 'Answering… Some of it has not come; the whole comes at the end';
      return activity(run);
    case 'completed':
      return `${run.ms === null ? 'Done' : `Done in ${durationWords(run.ms)}`}${awaited}`;
    case 'failed':
      return `${failureWords(run)}${awaited}`;
    case 'cancelled':
      return `${cancelledWords(run, more)}${awaited}`;
    case 'lost':
      return 'Its end is not kept by the server any more';
  }
}

/** Says what a person has answered, and who. */
export function answerWords({ by, value }: NonNullable<AskNote['answer']>): string {
  if (by === null) return 'Nobody answered in time';
  return `${safeName(by)}: ${valueWords(value)}`;
}

function valueWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value.slice(0, READ_MAX);
  const line = jsonLine(value);
  return line === '' ? writtenJson(value) : line;
}

/** Says to others who may answer a question. */
export function answerersWords(asker: string | null): string {
  const who = asker === null ? 'who wrote the message' : safeName(asker);
  return `Only ${who} can answer this, or who manages the thread.`;
}

function queueWords(ahead: number): string {
  if (ahead <= 1) return 'Next in line: it begins when the answer before it is done';
  return `Waits in line: ${String(ahead)} answers come before it`;
}

function cancelledWords(run: Run, more: RunCircumstances | undefined): string {
  const by = run.by === null ? '' : ` by ${safeName(run.by)}`;
  if (more?.notes.isInterrupted === true)
    return `Stopped by a newer message${by === '' ? '' : ` of${by.slice(3)}`}`;
  // It never began: it was taken out of the queue.
  if (more?.notes.wasQueued === true && run.startOffset === null) return `Withdrawn${by}`;
  return `Stopped${by}${run.ms === null ? '' : ` after ${durationWords(run.ms)}`}`;
}

/** Says for screen readers how a run ended, in whole sentences. */
export function spokenWords(run: Run): string {
  const name = agentName(run);
  if (run.state === 'streaming') return `${name} is answering`;
  if (run.state === 'queued') return `${name} will answer later`;
  if (run.state === 'waiting') return `${name} asks: ${run.ask?.prompt ?? 'something'}`;
  if (run.state === 'completed') {
    const text = run.text.slice(0, READ_MAX);
    return `${name} answered: ${plainLine(text)}${run.text.length > READ_MAX ? '… The rest is in the log.' : ''}`;
  }
  if (run.state === 'failed') return `${name}: ${failureWords(run)}`;
  if (run.state === 'cancelled') return `${name} was stopped`;
  return `The answer of ${name} was lost`;
}

/** Returns the content of a message in one line, for lists. */
export function lineOf(message: MessageFrame): string {
  const { kind } = message;
  if (kind === 'agent_started') return 'is answering…';
  if (kind === 'agent_thinking') return 'is thinking…';
  if (kind === 'tool_executing' || kind === 'tool_completed') return 'is using a tool…';
  if (kind === 'agent_queued') return 'will answer later…';
  if (kind === 'agent_waiting') return 'asks something…';
  if (kind === 'agent_answered') return 'got an answer…';
  if (kind === 'agent_steered') return 'got a message…';
  if (kind === 'agent_failed') return 'failed';
  if (kind === 'agent_cancelled') return 'was stopped';
  if (isErasure(message)) return 'erased a message';
  const { text, json } = messageText(message);
  return json ? jsonLine(message.body) : plainLine(text.slice(0, READ_MAX));
}

/** Names a time span as people do. */
export function durationWords(ms: number): string {
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}

/** Returns a JSON value as text over several lines, cut when it is too long. */
export function jsonText(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : laidOutJson(value);
  if (text.length <= JSON_SHOWN_MAX) return text;
  const left = (text.length - JSON_SHOWN_MAX).toLocaleString('en');
  return `${text.slice(0, JSON_SHOWN_MAX)}\n… ${left} more characters`;
}

/** Returns the fields of a JSON value in one short line, for a summary. */
export function jsonLine(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object' || Array.isArray(value)) return clipped(writtenJson(value));
  const parts = Object.entries(value).map(([name, part]) => {
    const shown = typeof part === 'string' ? part : writtenJson(part);
    return `${name}: ${clipped(shown)}`;
  });
  return parts.join(', ').slice(0, 200);
}

function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function activity(run: Run): string {
  const step = run.steps.at(-1);
  if (step?.type === 'tool' && step.state === 'executing') return `Using ${safeName(step.tool)}…`;
  if (run.text === '') return 'Thinking…';
  return 'Answering…';
}
