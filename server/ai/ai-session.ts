/** One WebSocket of the AI SDK: its requests, and the chunks of each in sequence. */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../actors/clock.js';
import type { AiVersion } from '../../protocol/ai/ai-chunk.js';
import { CLOSES, type CloseCode } from '../../protocol/errors.js';
import type { Identity } from '../access/identity.js';
import { BAD_FRAMES_MAX } from '../chat/chat.js';
import { UNREAD_BYTES_MAX } from '../http/stream-peer.js';
import type { NoteLimited } from '../limits/limited.js';
import { OutFrame } from '../transport/out-frame.js';
import type { HttpReply, Socket, TransportRequest } from '../transport/transport.js';
import type { AiAnswer } from './ai-answer.js';
import { isRefusal, type AiCaller, type AiDoor, type AiOutcome } from './ai-door.js';
import type { LineSocket } from './line-socket.js';
import { parsedJson } from '../../protocol/parsed-json.js';

/** Most requests of a socket that are not over, and most messages before its token is checked. */
export const AI_REQUESTS_MAX = 16;

/** Most characters of the messages before the token is checked: nobody knows yet whose memory they use. */
const EARLY_CHARS = 1_048_576;

/**
 * Milliseconds in which a further `resume` of the same chat takes back the end of one: `useChat` ends the reading of a
 * chat by the same `abort` when it begins to read it anew.
 */
export const RESUMED_MS = 50;

const RequestId = Type.String({ minLength: 1, maxLength: 128 });
const named = Compile(Type.Object({ requestId: RequestId }));
const Body = Type.Record(Type.String(), Type.Unknown());
const frames = {
  send: Compile(
    Type.Object({
      type: Type.Literal('send'),
      requestId: RequestId,
      id: Type.String(),
      trigger: Type.Unknown(),
      messages: Type.Unknown(),
      body: Type.Optional(Body)
    })
  ),
  resume: Compile(
    Type.Object({ type: Type.Literal('resume'), requestId: RequestId, id: Type.String() })
  ),
  abort: Compile(Type.Object({ type: Type.Literal('abort'), requestId: RequestId }))
};

/** Options of {@link AiSession}. */
export interface AiSessionOptions {
  readonly door: Pick<AiDoor, 'send' | 'resume' | 'open' | 'stop'>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly request: TransportRequest;
  readonly version: AiVersion;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  /** Returns what is said of an unexpected error. */
  readonly failed: (error: unknown) => string;
}

/** A request that is not over. */
interface Pending {
  answer: AiAnswer | null;
  isAborted: boolean;
  /** The chat that it resumes; null when it sends. */
  readonly resumes: string | null;
}

/** State of one socket. */
export class AiSession {
  readonly request: TransportRequest;
  private readonly options: AiSessionOptions;
  private socket: Socket<AiSession> | null = null;
  private line: LineSocket | null = null;
  private caller: AiCaller | null = null;
  /** Messages that came before the token was checked. */
  private early: string[] = [];
  private earlyChars = 0;
  private badInARow = 0;
  private readonly pending = new Map<string, Pending>();
  private readonly waiting = new Set<() => void>();
  /** Chats whose runs are cancelled soon: the timer, and the work. */
  private readonly stopping = new Map<
    string,
    { readonly timer: unknown; readonly stop: () => void }
  >();

  constructor(options: AiSessionOptions) {
    this.options = options;
    this.request = options.request;
  }

  /** Begins with an open socket, and the connection with which it counts. */
  begin(socket: Socket<AiSession>, line: LineSocket): void {
    this.socket = socket;
    this.line = line;
  }

  /** Handles what has come, and all that will come, for a caller. */
  signedIn(identity: Identity): void {
    const { request, version } = this.options;
    this.caller = { request, identity, version };
    const { early } = this;
    this.early = [];
    for (const text of early) this.take(text);
  }

  /** Takes one message. */
  take(text: string): void {
    if (this.socket === null) return;
    const { caller } = this;
    if (caller === null) {
      this.earlyChars += text.length;
      const isTooMuch = this.early.length >= AI_REQUESTS_MAX || this.earlyChars > EARLY_CHARS;
      if (isTooMuch) {
        this.options.limited('ai_requests_connection');
        this.end(3013);
      } else this.early.push(text);
      return;
    }
    const value = parsedJson(text);
    // Without the id of a request nothing can be answered: the client would close the socket itself.
    if (!named.Check(value)) this.end(3501);
    else if (frames.abort.Check(value)) this.abort(caller, value.requestId);
    else if (this.pending.has(value.requestId)) {
      this.bad(value.requestId, 'conflict: the id is in use');
    } else if (this.pending.size >= AI_REQUESTS_MAX) {
      this.options.limited('ai_requests_connection');
      const errorText = `rate_limited: a socket has at most ${String(AI_REQUESTS_MAX)} requests`;
      this.tell(value.requestId, { type: 'error', errorText });
    } else if (frames.send.Check(value)) {
      this.badInARow = 0;
      const { door } = this.options;
      const asked = { ...value.body, ...value };
      const ask = (): Promise<AiOutcome> => door.send(caller, asked, text.length);
      void this.serve(caller, value.requestId, null, ask);
    } else if (frames.resume.Check(value)) {
      this.badInARow = 0;
      const { id, requestId } = value;
      this.goesOn(id);
      void this.serve(caller, requestId, id, () => this.options.door.resume(caller, id));
    } else {
      this.bad(value.requestId, 'bad_frame: it is no send, resume or abort');
    }
  }

  /** The client has read what was sent. */
  drained(): void {
    for (const { answer } of this.pending.values()) answer?.drained();
    this.wakeAll();
  }

  /** Ends with its socket; the runs go on. */
  close(): void {
    this.socket = null;
    for (const { answer } of this.pending.values()) answer?.close();
    this.pending.clear();
    for (const { stop } of [...this.stopping.values()]) stop();
    this.wakeAll();
    this.line?.terminate();
  }

  private async serve(
    caller: AiCaller,
    requestId: string,
    resumes: string | null,
    ask: () => Promise<AiOutcome | null>
  ): Promise<void> {
    const pending: Pending = { answer: null, isAborted: false, resumes };
    this.pending.set(requestId, pending);
    try {
      const outcome = await ask();
      if (outcome === null) this.tell(requestId, { type: 'no-active' });
      else if (isRefusal(outcome)) {
        this.tell(requestId, { type: 'error', errorText: wordsOf(outcome) });
      } else if (pending.isAborted) {
        if (resumes === null) await this.cancel(caller, outcome);
      } else await this.write(caller, requestId, pending, outcome);
    } catch (error) {
      const errorText = `unavailable: ${this.options.failed(error)}`;
      this.tell(requestId, { type: 'error', errorText });
    } finally {
      if (this.pending.get(requestId) === pending) this.pending.delete(requestId);
    }
  }

  private async write(
    caller: AiCaller,
    requestId: string,
    pending: Pending,
    answer: AiAnswer
  ): Promise<void> {
    if (this.socket === null) return;
    pending.answer = answer;
    this.options.door.open(answer, caller, { buffered: () => this.socket?.buffered() ?? 0 });
    this.tell(requestId, { type: 'start' });
    let sequence = 0;
    for (let chunks = await answer.next(); chunks !== null; chunks = await answer.next()) {
      if (pending.isAborted) return;
      for (const chunk of chunks)
        this.tell(requestId, { type: 'chunk', sequence: sequence++, chunk });
      await this.room();
    }
    if (!pending.isAborted) this.tell(requestId, { type: 'end' });
  }

  private abort(caller: AiCaller, requestId: string): void {
    const pending = this.pending.get(requestId);
    if (pending === undefined) return;
    pending.isAborted = true;
    this.pending.delete(requestId);
    const { answer, resumes } = pending;
    answer?.close();
    if (resumes !== null) this.stopSoon(caller, resumes, answer);
    else if (answer !== null) void this.cancel(caller, answer).catch(this.options.failed);
  }

  private async cancel(
    caller: AiCaller,
    { thread, run }: { readonly thread: string; readonly run?: string }
  ): Promise<void> {
    await this.options.door.stop(caller, thread, run === undefined ? {} : { run });
  }

  /** Cancels the run of a chat that was resumed, unless it is resumed again at once. */
  private stopSoon(caller: AiCaller, thread: string, answer: AiAnswer | null): void {
    this.goesOn(thread);
    const stop = (): void => {
      this.goesOn(thread);
      void this.cancel(caller, answer ?? { thread }).catch(this.options.failed);
    };
    const timer: unknown = this.options.clock.setTimeout(stop, RESUMED_MS);
    this.stopping.set(thread, { timer, stop });
  }

  private goesOn(thread: string): void {
    const timer = this.stopping.get(thread)?.timer;
    if (timer !== undefined) this.options.clock.clearTimeout(timer);
    this.stopping.delete(thread);
  }

  /** Resolves when the client has read enough for more. */
  private async room(): Promise<void> {
    while ((this.socket?.buffered() ?? 0) > UNREAD_BYTES_MAX) {
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
  }

  private wakeAll(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Refuses a bad message, and ends the socket after too many in a row. */
  private bad(requestId: string, errorText: string): void {
    this.tell(requestId, { type: 'error', errorText });
    if (++this.badInARow <= BAD_FRAMES_MAX) return;
    this.options.limited('bad_frames_connection');
    this.end(3501);
  }

  private tell(
    requestId: string,
    frame: { readonly type: string; readonly [field: string]: unknown }
  ): void {
    const { socket } = this;
    if (socket === null) return;
    const { type, ...rest } = frame;
    const out = new OutFrame(JSON.stringify({ type, requestId, ...rest }), 'ai');
    // A chunk that is lost would break the sequence.
    if (!socket.send(out)) this.end(3008);
  }

  private end(code: CloseCode): void {
    this.socket?.end(code, CLOSES[code].reason);
  }
}

/** Returns code and words of a refusal. */
function wordsOf({ body }: HttpReply): string {
  const value = parsedJson(String(body));
  const has = (name: string): string | null => {
    const field: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
    return typeof field === 'string' ? field : null;
  };
  return `${has('code') ?? 'refused'}: ${has('detail') ?? has('title') ?? ''}`;
}
