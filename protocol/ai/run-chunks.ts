/**
 * Turns one run of an agent, its entries of the log and the pieces of its text, into what the AI SDK reads. Used by the
 * server's doors and by `rollcall/ai`. Pure: repeated and late input gives nothing.
 */
import { endsRun } from '../agent-kinds.js';
import {
  isKnownTo,
  type AiChunk7,
  type AiChunks,
  type AiRunMetadata,
  type AiVersion
} from './ai-chunk.js';
import { isBody, text, words, type Body } from './entry-body.js';

/** The name of the tool that a question of an agent is shown as. */
export const ASK_TOOL = 'ask';

/** The part of a log entry that is used. */
export interface RunEntry {
  readonly kind: string;
  readonly offset: number;
  readonly body: unknown;
}

/** What ended a run: an entry, or that its end cannot be known any more. */
type End = 'completed' | 'failed' | 'cancelled' | 'lost';

/**
 * One answer as a stream: `start`, its parts, then exactly one of `finish`, `error` and `abort`. At a question it ends with
 * `finish` as well, since `useChat` sends the answer as a new request; see {@link RunChunks.skip}.
 */
export class RunChunks<V extends AiVersion> {
  readonly #version: V | 5;
  readonly #run: string;
  #out: AiChunks[V][] = [];
  #metadata: AiRunMetadata;
  #state: 'before' | 'queued' | 'begun' | 'asked' | 'skipped' | 'ended' = 'before';
  #offset = 0;
  #attempt = 1;
  /** The answer as far as it is known. */
  #text = '';
  /** The part of it that an earlier stream of the same message has shown. */
  #shown = '';
  /** What this stream has shown. */
  #written = '';
  /** Id of the part of text that is open. */
  #part: string | null = null;
  #parts = 0;
  /** Id of the part of each call. */
  readonly #calls = new Map<string, string>();
  /** The question that has no answer yet. */
  #ask: string | null = null;
  /** Whether an earlier stream has begun the message. */
  #goesOn = false;
  /** Questions that are over, so that the stream does not end at them. */
  readonly #settled = new Set<string>();

  /** @param run id of the run, which is the id of the message too */
  constructor(version: V | 5, run: string) {
    this.#version = version;
    this.#run = run;
    this.#metadata = { run, state: 'streaming' };
  }

  /** Whether the stream is over: the run has ended, or waits for an answer. */
  get isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'asked';
  }

  /**
   * Takes all that has happened before the stream begins, at once.
   * @param entries in the order of the log; those of other runs are left out
   * @param known the answer so far, and its attempt
   */
  replay(
    entries: readonly RunEntry[],
    known: { readonly text: string; readonly attempt: number }
  ): AiChunks[V][] {
    const own = entries.filter(({ body }) => isBody(body) && body['run'] === this.#run);
    const isEnded = own.some(({ kind }) => endsRun(kind));
    for (const { kind, body } of own) {
      const ask = isBody(body) ? text(body['ask']) : null;
      if (ask !== null && (isEnded || kind === 'agent_answered')) this.#settled.add(ask);
    }
    const out: AiChunks[V][] = [];
    for (const entry of own) {
      const ask = isBody(entry.body) ? text(entry.body['ask']) : null;
      const isOpen = entry.kind === 'agent_waiting' && ask !== null && !this.#settled.has(ask);
      if (isOpen) out.push(...this.text(0, known.text, known.attempt));
      out.push(...this.entry(entry));
    }
    out.push(...this.text(0, known.text, known.attempt));
    return out;
  }

  /** Takes an entry of the run; those of other runs and repeated ones give nothing. */
  entry({ kind, offset, body }: RunEntry): AiChunks[V][] {
    if (this.#state === 'ended' || offset <= this.#offset) return [];
    if (!isBody(body) || body['run'] !== this.#run) return [];
    this.#offset = offset;
    this.#attempted(kind, body);
    if (kind === 'agent_queued') this.#queued(body);
    else if (kind === 'agent_started') {
      this.#tell({ agent: text(body['agent']) });
      this.#begin();
    } else if (kind === 'agent_thinking') this.#thinking(offset, body);
    else if (kind === 'tool_executing') this.#called(body, offset);
    else if (kind === 'tool_completed') this.#returned(body, offset);
    else if (kind === 'agent_waiting') this.#asked(body);
    else if (kind === 'agent_answered') this.#answered(body);
    else if (kind === 'agent_completed') this.#completed(body);
    else if (kind === 'agent_failed') this.#failed(body);
    else if (kind === 'agent_cancelled') this.#cancelled(body);
    return this.#taken();
  }

  /** Takes a piece of the answer: `text.slice(0, at) + piece`; with a higher attempt the answer begins again. */
  text(at: number, piece: string, attempt = 1): AiChunks[V][] {
    // After a gap nothing is written: the end of the run brings the whole text.
    if (this.isOver || attempt < this.#attempt) return [];
    if (attempt > this.#attempt) {
      this.#attempt = attempt;
      this.#text = '';
    }
    if (at < 0 || at > this.#text.length) return [];
    const next = at === this.#text.length ? this.#text + piece : this.#text.slice(0, at) + piece;
    if (at < this.#text.length && this.#text.startsWith(next)) return [];
    this.#show(next);
    return this.#taken();
  }

  /** Takes that a question is over, whose entry comes next: the stream does not end at it. */
  passed(ask: string): void {
    this.#settled.add(ask);
  }

  /** Ends the stream of a run whose end cannot be known any more. */
  lost(reason: string): AiChunks[V][] {
    if (this.#state === 'ended') return [];
    this.#end('lost', {});
    this.#put({ type: 'error', errorText: reason });
    return this.#taken();
  }

  /**
   * Begins the stream after a question: all so far was shown by an earlier stream, and what comes continues its message.
   * @param shown the text that the message has, when that is known; by default the answer so far
   */
  skip(shown = this.#text): void {
    if (this.#state === 'ended') return;
    this.#out = [];
    this.#shown = shown;
    this.#written = '';
    this.#part = null;
    this.#state = 'skipped';
    this.#goesOn = true;
  }

  #taken(): AiChunks[V][] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #put(chunk: AiChunk7): void {
    if (isKnownTo(this.#version, chunk)) this.#out.push(chunk);
  }

  #tell(more: { readonly [K in keyof AiRunMetadata]?: AiRunMetadata[K] | null | undefined }): void {
    const known = Object.entries(more).filter(([, value]) => value !== null && value !== undefined);
    this.#metadata = { ...this.#metadata, ...Object.fromEntries(known) };
  }

  #queued(body: Body): void {
    if (this.#state !== 'before') return;
    const { position } = body;
    const messageMetadata = { ...this.#metadata, state: 'queued' };
    this.#state = 'queued';
    this.#put({
      type: 'start',
      messageId: this.#run,
      messageMetadata:
        typeof position === 'number' ? { ...messageMetadata, position } : messageMetadata
    });
  }

  /** Opens the message, unless it is open. */
  #begin(): void {
    const before = this.#state;
    if (before === 'begun' || before === 'ended') return;
    this.#state = 'begun';
    const messageMetadata = this.#metadata;
    if (before === 'queued') this.#put({ type: 'message-metadata', messageMetadata });
    else this.#put({ type: 'start', messageId: this.#run, messageMetadata });
    // Version 7 takes back whole steps: what goes on stays in that of the question, to be taken back with it.
    if (!this.#goesOn || this.#version !== 7) this.#put({ type: 'start-step' });
  }

  /** A step of a further attempt takes the place of what the attempt before has said. */
  #attempted(kind: string, { attempt }: Body): void {
    if (endsRun(kind) || typeof attempt !== 'number' || attempt <= this.#attempt) return;
    this.#attempt = attempt;
    this.#text = '';
    this.#show('');
  }

  #thinking(offset: number, body: Body): void {
    this.#begin();
    const id = `thinking-${String(offset)}`;
    this.#put({ type: 'reasoning-start', id });
    this.#put({ type: 'reasoning-delta', id, delta: text(body['text']) ?? '' });
    this.#put({ type: 'reasoning-end', id });
  }

  #called(body: Body, offset: number): void {
    const call = text(body['call']);
    if (call === null) return;
    this.#begin();
    // An agent may use the id of a call again once that has ended.
    const toolCallId = this.#calls.has(call) ? `${call}:${String(offset)}` : call;
    this.#calls.set(call, toolCallId);
    this.#put({
      type: 'tool-input-available',
      toolCallId,
      toolName: text(body['tool']) ?? 'tool',
      input: body['args'] ?? null,
      dynamic: true,
      providerExecuted: true
    });
  }

  #returned(body: Body, offset: number): void {
    const call = text(body['call']);
    if (call === null) return;
    // Its call may have been trimmed from the log. A reader throws at the end of a call that it does not know.
    if (!this.#calls.has(call)) this.#called(body, offset);
    const toolCallId = this.#calls.get(call) ?? call;
    const tool = { toolCallId, dynamic: true, providerExecuted: true } as const;
    if (body['ok'] === true) {
      this.#put({ ...tool, type: 'tool-output-available', output: body['result'] ?? null });
    } else this.#put({ ...tool, type: 'tool-output-error', errorText: words(body['error']) });
  }

  #asked(body: Body): void {
    const ask = text(body['ask']);
    if (ask === null) return;
    this.#begin();
    this.#calls.set(ask, ask);
    this.#ask = ask;
    const { schema, expiresAt } = body;
    this.#put({
      type: 'tool-input-available',
      toolCallId: ask,
      toolName: ASK_TOOL,
      input: {
        prompt: text(body['prompt']) ?? '',
        schema: schema ?? null,
        expiresAt: typeof expiresAt === 'number' ? expiresAt : null
      },
      dynamic: true
    });
    if (this.#settled.has(ask)) return;
    this.#put({ type: 'tool-approval-request', approvalId: ask, toolCallId: ask });
    this.#close();
    this.#state = 'asked';
    this.#put({
      type: 'finish',
      finishReason: 'tool-calls',
      messageMetadata: { ...this.#metadata, state: 'waiting', ask, offset: this.#offset }
    });
    this.#shown = this.#text;
    this.#written = '';
  }

  #answered(body: Body): void {
    const ask = text(body['ask']);
    if (ask === null) return;
    this.#begin();
    if (!this.#calls.has(ask)) return;
    this.#ask = null;
    const tool = { toolCallId: ask, dynamic: true } as const;
    if (body['by'] === null) {
      this.#put({ ...tool, type: 'tool-output-error', errorText: 'nobody answered in time' });
    } else this.#put({ ...tool, type: 'tool-output-available', output: body['value'] ?? null });
  }

  #completed(body: Body): void {
    this.#begin();
    this.#end('completed', body);
    this.#put({ type: 'finish', finishReason: 'stop', messageMetadata: this.#metadata });
  }

  #failed(body: Body): void {
    this.#begin();
    const error = isBody(body['error']) ? body['error'] : {};
    const code = text(error['code']) ?? 'unknown';
    const message = text(error['message']) ?? '';
    this.#tell({ error: { code, message } });
    this.#end('failed', body);
    this.#put({ type: 'message-metadata', messageMetadata: this.#metadata });
    this.#put({ type: 'error', errorText: message === '' ? code : message });
  }

  #cancelled(body: Body): void {
    this.#tell({ by: text(body['by']) });
    const isShown = this.#state !== 'before' || text(body['text']) !== '';
    if (isShown) this.#begin();
    this.#end('cancelled', body);
    if (isShown) this.#put({ type: 'message-metadata', messageMetadata: this.#metadata });
    this.#put({ type: 'abort' });
  }

  /** Writes the rest of the text and closes what is open. */
  #end(state: End, body: Body): void {
    const whole = text(body['text']);
    if (whole !== null && whole !== this.#text) this.#show(whole);
    const usage = isBody(body['usage']) ? body['usage'] : null;
    this.#tell({ state, usage, offset: state === 'lost' ? null : this.#offset });
    if (this.#state === 'begun') this.#close(this.#ask);
    // `useChat` may send by itself again as long as the last step has answered questions.
    if (this.#goesOn && this.#version === 7) this.#put({ type: 'start-step' });
    this.#state = 'ended';
  }

  #close(ask: string | null = null): void {
    if (ask !== null) {
      const tool = { toolCallId: ask, dynamic: true } as const;
      this.#put({ ...tool, type: 'tool-output-error', errorText: 'the run ended first' });
    }
    this.#closeText(false);
    this.#put({ type: 'finish-step' });
  }

  #closeText(isSuperseded: boolean): void {
    if (this.#part === null) return;
    const end = { type: 'text-end', id: this.#part } as const;
    this.#part = null;
    if (!isSuperseded) this.#put(end);
    else if (this.#version === 7) this.#put({ type: 'reset-step' });
    else this.#put({ ...end, providerMetadata: { rollcall: { superseded: true } } });
  }

  /** Writes what is new in the answer. An answer that has changed is begun again. */
  #show(next: string): void {
    const grown = next.length - this.#text.length;
    const isAppended = grown > 0 && this.#shown === '' && next.startsWith(this.#text);
    this.#text = next;
    if (isAppended && this.#written.length === next.length - grown) {
      this.#write(next.slice(-grown));
      return;
    }
    // The agent is called again after a restart and says again what an earlier stream has shown.
    if (this.#shown !== '' && this.#shown.startsWith(next)) return;
    if (this.#version === 7 && !next.startsWith(this.#shown)) this.#takeBack();
    const own = next.startsWith(this.#shown) ? next.slice(this.#shown.length) : next;
    if (!own.startsWith(this.#written)) {
      this.#closeText(true);
      if (this.#version === 7) this.#calls.clear();
      this.#written = '';
    }
    this.#write(own.slice(this.#written.length));
  }

  /** Takes back the step, with what an earlier stream has shown of it. */
  #takeBack(): void {
    this.#begin();
    this.#part = null;
    this.#written = '';
    this.#shown = '';
    this.#ask = null;
    this.#calls.clear();
    this.#put({ type: 'reset-step' });
  }

  #write(delta: string): void {
    if (delta === '') return;
    this.#begin();
    if (this.#part === null) {
      this.#part = `text-${String(++this.#parts)}`;
      this.#put({ type: 'text-start', id: this.#part });
    }
    this.#written += delta;
    this.#put({ type: 'text-delta', id: this.#part, delta });
  }
}
