import type { ClientFrame, ClientFrameType, ServerFrame } from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { jsonText } from '../json.js';
import { RollcallError, clientError, serverError } from '../rollcall-error.js';

/** A frame that asks for an answer, without the id that {@link Requests} gives it. */
export type Question = {
  [T in ClientFrameType]: Omit<ClientFrame<T>, 'id'>;
}[ClientFrameType];

/** How a request ended. */
export type Reply =
  | { readonly ok: true; readonly frame: ServerFrame }
  | { readonly ok: false; readonly error: RollcallError };

/** How a request waits. */
export interface RequestOptions {
  readonly timeoutMs: number;
  /**
   * What happens after that time. `again`: it is asked again under the same id for as long as the connection holds, and
   * the first answer to any of the attempts counts: a server that is slow all the time is heard all the same. It must
   * do no harm twice. `fail`: it ends as `timeout`.
   */
  readonly late: 'again' | 'fail';
  /** Whether the request outlives a connection and is sent again on the next; else it ends as `disconnected`. */
  readonly keep: boolean;
}

/** How long a question waits for its answer, connections included, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** Most requests under way; past it a new one is refused as `overflow`. Far above what 128 subscriptions ask for. */
export const REQUESTS_MAX = 2_048;

interface Waiting {
  readonly type: string;
  /** The frame as JSON. */
  readonly text: string;
  readonly keep: boolean;
  readonly done: (reply: Reply) => void;
  cancelTimer: () => void;
}

/** Pairs questions with answers by `id`. Every request ends exactly once: answer, error, timeout, disconnect or close. */
export class Requests {
  readonly #clock: ClientClock;
  readonly #send: (text: string) => boolean;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed: RollcallError | null = null;

  constructor(clock: ClientClock, send: (text: string) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Sends a question, or keeps it for the next connection, and calls `done` once with how it ended. The answer gives it up:
   * then `done` is not called any more.
   */
  start(question: Question, options: RequestOptions, done: (reply: Reply) => void): () => void {
    const refuse = (error: RollcallError): (() => void) => {
      done({ ok: false, error });
      return () => undefined;
    };
    if (this.#closed !== null) return refuse(this.#closed);
    if (this.#waiting.size >= REQUESTS_MAX) {
      const message = `${String(REQUESTS_MAX)} requests are under way already: wait for some to end`;
      return refuse(clientError('overflow', message, true));
    }
    const id = ++this.#lastId;
    const frame: ClientFrame = { ...question, id };
    const text = jsonText(frame);
    if (text === null) {
      return refuse(new RollcallError('bad_frame', `${question.type}: give values that JSON has`));
    }
    const { type } = question;
    const waiting: Waiting = { type, text, keep: options.keep, done, cancelTimer: () => undefined };
    this.#waiting.set(id, waiting);
    this.#wait(id, waiting, options);
    if (!this.#send(text) && !options.keep) this.#end(id, { ok: false, error: gone() });
    return () => {
      if (this.#waiting.get(id) !== waiting) return;
      waiting.cancelTimer();
      this.#waiting.delete(id);
    };
  }

  /** As {@link start}, with the answer of the given type as a promise. */
  ask<F extends ServerFrame>(
    question: Question,
    isAnswer: (frame: ServerFrame) => frame is F
  ): Promise<F> {
    return new Promise((resolve, reject) => {
      const options = { timeoutMs: REQUEST_TIMEOUT_MS, late: 'fail', keep: true } as const;
      this.start(question, options, (reply) => {
        if (!reply.ok) reject(reply.error);
        else if (isAnswer(reply.frame)) resolve(reply.frame);
        else {
          reject(clientError('bad_reply', `${question.type} was answered by ${reply.frame.type}`));
        }
      });
    });
  }

  /** Takes a frame that may be an answer; false when no request has its id. */
  answer(frame: ServerFrame): boolean {
    if (!('id' in frame) || typeof frame.id !== 'number') return false;
    if (!this.#waiting.has(frame.id)) return false;
    this.#end(
      frame.id,
      frame.type === 'error' ? { ok: false, error: serverError(frame) } : { ok: true, frame }
    );
    return true;
  }

  /** A connection is there: what was kept is sent again, in the order it was asked. */
  opened(): void {
    for (const { text } of [...this.#waiting.values()]) this.#send(text);
  }

  /** The connection is gone: what does not outlive it ends. */
  lost(): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (!waiting.keep) this.#end(id, { ok: false, error: gone() });
    }
  }

  /** Ends all with this error, and all that will be asked. */
  close(error: RollcallError): void {
    this.#closed = error;
    for (const id of [...this.#waiting.keys()]) this.#end(id, { ok: false, error });
  }

  #wait(id: number, waiting: Waiting, options: RequestOptions): void {
    waiting.cancelTimer = this.#clock.after(options.timeoutMs, () => {
      if (options.late === 'again') {
        this.#wait(id, waiting, options);
        this.#send(waiting.text);
        return;
      }
      const message = `no answer to ${waiting.type} within ${String(options.timeoutMs)} ms`;
      this.#end(id, { ok: false, error: clientError('timeout', message, true) });
    });
  }

  #end(id: number, reply: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.cancelTimer();
    waiting.done(reply);
  }
}

function gone(): RollcallError {
  return clientError('disconnected', 'the connection went before the answer came', true);
}
