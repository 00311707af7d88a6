/** The runs of a thread that have not ended, as lines above the prompt, and as the list that `/queue` shows. */
import type { Run } from '../../../client/sdk/client.js';
import type { PassingLine } from '../../terminal/screen.js';
import { safeLine, safeText } from '../../terminal/safe-text.js';
import { cut, wrap } from '../../terminal/text-width.js';
import { answerWords } from './answer-text.js';

/** Rows that show the end of an answer that is being written; all of it comes into the chat once it is complete. */
export const ROWS_SHOWN = 8;

/** Columns of a message in the list of the queue. */
const MESSAGE_COLUMNS = 40;

/** Returns the lines above the prompt: the answer as far as it goes, an open question, and how many runs wait. */
export function runLines(runs: readonly Run[], columns: number): PassingLine[] {
  const waiting = runs.filter(({ state }) => state === 'queued').length;
  const lines = runs.flatMap((run) => lineOf(run, columns));
  if (waiting > 0) {
    const words = waiting === 1 ? '1 message waits' : `${String(waiting)} messages wait`;
    lines.push({ style: 'dim', text: `⧗ ${words} for an answer: /queue, /withdraw` });
  }
  return lines;
}

function lineOf(run: Run, columns: number): PassingLine[] {
  const name = agentName(run);
  if (run.state === 'waiting' && run.ask !== null) {
    const { prompt, schema } = run.ask;
    const words = `? ${name}: ${safeLine(prompt)} · /answer takes ${answerWords(schema)}`;
    return [{ style: 'yellow', text: words }];
  }
  if (run.state !== 'streaming') return [];
  const attempt = run.attempt > 1 ? `, attempt ${String(run.attempt)}` : '';
  const head: PassingLine = { style: 'dim', text: `▶ ${name} writes${attempt} · /stop ends it` };
  if (run.text === '') return [head];
  // The end of a text is enough: an answer may be long, and this is drawn for each of its pieces.
  const end = run.text.slice(-(ROWS_SHOWN + 1) * Math.min(columns, 1_000));
  const rows = wrap(safeText(end), columns - 3).slice(-ROWS_SHOWN);
  return [head, ...rows.map((row): PassingLine => ({ style: 'cyan', text: `│ ${row}` }))];
}

/** Returns the list of the queue: the run at work, then those that wait, numbered as `/withdraw` takes them. */
export function queueLines(
  runs: readonly Run[],
  messageOf: (mid: string) => string | null
): string[] {
  let number = 0;
  return runs.flatMap((run) => {
    const message = run.inReplyTo === null ? null : messageOf(run.inReplyTo);
    const about = message === null ? '' : `: ${cut(message, MESSAGE_COLUMNS)}`;
    if (run.state === 'streaming') return [`   ${agentName(run)} writes${about}`];
    if (run.state === 'waiting') return [`   ${agentName(run)} waits for an answer${about}`];
    return run.state === 'queued' ? [`${String(++number)}. waits${about}`] : [];
  });
}

/** Returns the name of a run's agent, in words while it is not known. */
export function agentName({ agent }: Pick<Run, 'agent'>): string {
  return agent === null ? 'the agent' : safeLine(agent);
}
