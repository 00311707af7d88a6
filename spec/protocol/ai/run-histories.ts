/** Histories of one run of an agent, as frames of the server: everything that a run can do. */
import type { MessageFrame, ServerFrame } from '../../../protocol/frames.js';
import { recordedRun } from '../../client/sdk/recorded-runs.js';

/** A frame of a history. */
export type RunFrame = MessageFrame | ServerFrame<'chunk'>;

/** How the AI SDK is told that an answer is over. */
export type AiEnd = 'finish' | 'error' | 'abort';

/** One history. */
export interface RunHistory {
  readonly name: string;
  readonly run: string;
  readonly frames: readonly RunFrame[];
  /** The answer that people see at the end. */
  readonly text: string;
  readonly end: AiEnd;
}

const THREAD = 'lobby';
const RUN = 'r1';

/** Writes the frames of one run. */
export class HistoryWriter {
  readonly frames: RunFrame[] = [];
  #offset = 0;
  #at = 0;

  constructor() {
    this.#message('ada', 'user_message', { text: 'what is it?' }, 'q1');
  }

  entry(kind: string, body: object): this {
    return this.#message('agent:helper', kind, { run: RUN, ...body });
  }

  queued(position = 1): this {
    return this.entry('agent_queued', { position, inReplyTo: 'q1' });
  }

  started(): this {
    return this.entry('agent_started', { agent: 'helper', inReplyTo: 'q1' });
  }

  /** Pieces of the answer; those of a further attempt begin at 0 again. */
  text(pieces: readonly string[], attempt = 1): this {
    if (attempt > 1) this.#at = 0;
    for (const text of pieces) {
      const chunk = { type: 'chunk', thread: THREAD, run: RUN, at: this.#at, text } as const;
      this.frames.push(attempt === 1 ? chunk : { ...chunk, attempt });
      this.#at += text.length;
    }
    return this;
  }

  tool(call: string, outcome: { ok: true; result: unknown } | { ok: false; error: string }): this {
    this.entry('tool_executing', { call, tool: 'look', args: { at: call } });
    return this.entry('tool_completed', { call, tool: 'look', ms: 5, ...outcome });
  }

  ask(ask: string, prompt = 'How many?', schema: object | null = null): this {
    return this.entry('agent_waiting', { ask, prompt, schema, expiresAt: 1_800_000_000_000 });
  }

  answered(ask: string, value: unknown): this {
    return this.entry('agent_answered', { ask, by: 'ada', value });
  }

  completed(text: string): this {
    return this.entry('agent_completed', { text, ms: 7, usage: { input: 3, output: 4 } });
  }

  failed(text: string, code: string, message: string): this {
    return this.entry('agent_failed', { text, error: { code, message } });
  }

  cancelled(text: string): this {
    return this.entry('agent_cancelled', { text, by: 'bob' });
  }

  #message(user: string, kind: string, body: unknown, mid?: string): this {
    const offset = ++this.#offset;
    this.frames.push({
      type: 'message',
      thread: THREAD,
      offset,
      mid: mid ?? `m${String(offset)}`,
      from: { user },
      at: 1_700_000_000_000 + offset,
      kind,
      body
    });
    return this;
  }
}

function history(name: string, text: string, end: AiEnd, { frames }: HistoryWriter): RunHistory {
  return { name, run: RUN, frames, text, end };
}

function recorded(question: 'q1' | 'q2' | 'q3' | 'q4'): RunHistory {
  const frames = recordedRun(question);
  const body = (frame: RunFrame | undefined): Record<string, unknown> =>
    frame?.type === 'message' ? (frame.body as Record<string, unknown>) : {};
  const last = frames.findLast(
    (frame) => frame.type === 'message' && frame.kind.startsWith('agent_')
  );
  const kind = last?.type === 'message' ? last.kind : '';
  const end = kind === 'agent_completed' ? 'finish' : kind === 'agent_failed' ? 'error' : 'abort';
  const run = String(body(last)['run']);
  return { name: `recorded: ${question}`, run, frames, text: String(body(last)['text']), end };
}

const begun = (): HistoryWriter => new HistoryWriter().started();

/** All of them. */
export const RUN_HISTORIES: readonly RunHistory[] = [
  history('text', 'one two', 'finish', begun().text(['one ', 'two']).completed('one two')),
  history('no text', '', 'finish', begun().completed('')),
  history('text that only the end brings', 'all', 'finish', begun().completed('all')),
  history('a hole in the text', 'one two', 'finish', begun().text(['one ']).completed('one two')),
  history(
    'thinking',
    'so',
    'finish',
    begun()
      .entry('agent_thinking', { text: 'hm' })
      .entry('agent_thinking', { text: 'hm again' })
      .text(['so'])
      .completed('so')
  ),
  history(
    'tools, between text',
    'first then',
    'finish',
    begun()
      .text(['first '])
      .tool('c1', { ok: true, result: { hits: 3 } })
      .tool('c2', { ok: true, result: null })
      .text(['then'])
      .completed('first then')
  ),
  history(
    'a tool that fails',
    'sorry',
    'finish',
    begun().tool('c1', { ok: false, error: 'no network' }).text(['sorry']).completed('sorry')
  ),
  history(
    'a tool whose call is not in the log any more',
    'found',
    'finish',
    begun()
      .entry('tool_completed', { call: 'c9', tool: 'look', ok: true, ms: 1, result: 1 })
      .completed('found')
  ),
  history(
    'a question',
    'so many: 3',
    'finish',
    begun().text(['so many: ']).ask('a1').answered('a1', 3).text(['3']).completed('so many: 3')
  ),
  history(
    'two questions, one that nobody answers',
    'well',
    'finish',
    begun()
      .ask('a1')
      .answered('a1', 'yes')
      .ask('a2', 'Sure?', { type: 'boolean' })
      .entry('agent_answered', { ask: 'a2', by: null, expired: true })
      .text(['well'])
      .completed('well')
  ),
  history(
    'a question, after which the server was started again',
    'so many: 3',
    'finish',
    begun()
      .text(['so many: '])
      .ask('a1')
      .answered('a1', 3)
      .entry('agent_thinking', { text: 'once more' })
      .completed('so many: 3')
  ),
  history(
    'a question that is cancelled',
    'so',
    'abort',
    begun().text(['so']).ask('a1').cancelled('so')
  ),
  history(
    'a further attempt',
    'second try',
    'finish',
    begun()
      .text(['first '])
      .tool('c1', { ok: false, error: 'the attempt failed' })
      .text(['second ', 'try'], 2)
      .completed('second try')
  ),
  history(
    'a third attempt that begins as the first',
    'one two',
    'finish',
    begun().text(['one ']).text(['other'], 2).text(['one ', 'two'], 3).completed('one two')
  ),
  history('cancelled', 'half', 'abort', begun().text(['half']).cancelled('half')),
  history('cancelled before its first word', '', 'abort', begun().cancelled('')),
  history('withdrawn', '', 'abort', new HistoryWriter().queued().cancelled('')),
  history(
    'interrupted',
    'half an',
    'error',
    begun().text(['half ']).failed('half an', 'interrupted', 'the server stopped')
  ),
  history(
    'queued, then answered',
    'at last',
    'finish',
    new HistoryWriter().queued(2).started().text(['at ', 'last']).completed('at last')
  ),
  history(
    'a message that came meanwhile',
    'both',
    'finish',
    begun().entry('agent_steered', { mid: 'q2' }).text(['both']).completed('both')
  ),
  ...(['q1', 'q2', 'q3', 'q4'] as const).map(recorded)
];
