/** Check 1: the log has no line that somebody must act on, in the time that is watched. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Bench, Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';
import { refusalText } from '../bench/server-door.js';

/** How far the check looks back, in milliseconds, but not beyond the start of the server. */
export const LOOK_BACK_MS = 30 * 60_000; // run every half hour, it sees each line once

/** Time between two looks while it watches, in milliseconds. */
export const LOOK_MS = 5_000;

/** Looks without an answer, one after the other, before that is a fault. */
const SILENT_LOOKS = 3;

/** Most lines that are named. */
const NAMED = 10;

const answerSchema = Type.Object({
  node: Type.String(),
  startedAt: Type.String(),
  until: Type.String(),
  complete: Type.Boolean(),
  lines: Type.Array(
    Type.Object({
      time: Type.String(),
      level: Type.String(),
      message: Type.String(),
      fields: Type.Record(Type.String(), Type.Unknown()),
      runbook: Type.Union([Type.String(), Type.Null()])
    })
  )
});

const compiled = Compile(answerSchema);

type Answer = Static<typeof answerSchema>;
type Line = Answer['lines'][number];

/** How the watching goes on. */
export interface Watching {
  /** How long to watch, in milliseconds; 0 looks once. */
  readonly watchMs: number;
  /** Called when a fault is found while it watches. */
  readonly found: (fault: string) => void;
  /** Called after each look. */
  readonly progress: (watchedMs: number, lines: number) => void;
}

/** Looks back and then watches. */
export async function checkLines(bench: Bench, watching: Watching): Promise<Finding> {
  const { clock, signal } = bench;
  const { watchMs, found, progress } = watching;
  const began = clock.elapsed();
  const first = await look(bench, null);
  const startedAt = Date.parse(first.startedAt);
  const since = Math.max(startedAt, Date.parse(first.until) - LOOK_BACK_MS);
  const seen = new Map<string, Line>();
  const faults: string[] = [];
  const fault = (text: string): void => {
    if (faults.includes(text)) return;
    faults.push(text);
    found(text);
  };
  let silent = 0;
  const take = (answer: Answer): void => {
    if (answer.node !== first.node) fault(`the server was started again at ${answer.startedAt}`);
    if (!answer.complete) fault('there were more lines than the server keeps: see its log');
    for (const line of answer.lines) {
      const key = `${line.time} ${line.message}`;
      if (seen.has(key)) continue;
      seen.set(key, line);
      if (isFault(line)) fault(lineText(bench, line));
    }
  };
  take(await look(bench, since));
  const watchedMs = (): number => Math.min(watchMs, clock.elapsed() - began);
  progress(watchedMs(), seen.size);
  while (watchedMs() < watchMs && !signal.aborted) {
    await clock.wait(Math.min(LOOK_MS, watchMs - watchedMs()), signal);
    try {
      take(await look(bench, since));
      silent = 0;
    } catch (error) {
      if (!(error instanceof VerifyFault)) throw error;
      silent += 1;
      if (silent === SILENT_LOOKS) fault(`the server does not answer any more: ${error.message}`);
    }
    progress(watchedMs(), seen.size);
  }
  const warnings = [...seen.values()].filter(({ level }) => level === 'warn').length;
  const bad = seen.size - warnings;
  const minutes = Math.max(
    1,
    Math.round((clock.elapsed() - began + (Date.parse(first.until) - since)) / 60_000)
  );
  const rest = faults.length - NAMED;
  return {
    figure: `${String(bad)} errors, ${String(warnings)} warnings in ${String(minutes)} min`,
    faults: rest > 0 ? [...faults.slice(0, NAMED), `and ${String(rest)} more`] : faults,
    notes: [...seen.values()]
      .filter((line) => !isFault(line))
      .slice(-NAMED)
      .map((line) => lineText(bench, line))
  };
}

function isFault({ level, message }: Line): boolean {
  return level !== 'warn' || message.includes('ZERO') || message.includes('Cannot deliver message');
}

function lineText({ door }: Bench, { time, level, message, fields, runbook }: Line): string {
  const { thread } = fields;
  const where = typeof thread === 'string' ? ` [${thread}]` : '';
  const page = runbook === null ? '' : ` → ${new URL('runbook.html', door.base).href}#${runbook}`;
  return `${time} ${level}: ${message}${where}${page}`;
}

async function look({ door, apiKey }: Bench, since: number | null): Promise<Answer> {
  const query = since === null ? '' : `?since=${String(since)}`;
  const reply = await door.ask(`api/incidents${query}`, { bearer: apiKey });
  if (reply.status === 401 || reply.status === 403) {
    throw new VerifyFault(
      apiKey === undefined
        ? 'the lines of the log are for operators: give --api-key, with the scope reports'
        : `the API key is refused: ${refusalText(reply)}`
    );
  }
  if (reply.status === 404) {
    throw new VerifyFault('the server has no /api/incidents: it is older than this command');
  }
  if (!compiled.Check(reply.body)) {
    throw new VerifyFault(`/api/incidents was answered ${refusalText(reply)}`);
  }
  return reply.body;
}
