import type {
  ClientFrame,
  ClientFrameType,
  ServerFrame,
  ServerFrameType
} from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { jsonText } from '../json.js';
import { RollcallError, badReply, clientError, serverError } from '../rollcall-error.js';

/** A frame that expects an answer, without its id: {@link Requests} assigns that. */
export type Question = {
  [T in ClientFrameType]: Omit<ClientFrame<T>, 'id'>;
}[ClientFrameType];

/** How a request ended. */
export type Reply =
  | { readonly ok: true; readonly frame: ServerFrame }
  | { readonly ok: false; readonly error: RollcallError };

/** How a request reacts to time and to a lost connection. */
export interface RequestOptions {
  readonly timeoutMs: number;
  /**
   * What happens at the timeout. `again`: the request is sent again under the same id while the connection lasts, and
   * the first answer to any attempt counts, so that a server that is always slow can still answer. The request must be
   * idempotent. `fail`: it ends as `timeout`.
   */
  readonly late: 'again' | 'fail';
  /** Whether the request is sent again on the next connection; otherwise it ends as `disconnected`. */
  readonly keep: boolean;
}

/** Time that a request waits for its answer, in milliseconds, reconnects included. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** Most open requests; above it a new one fails with `overflow`. 128 subscriptions need far fewer. */
export const REQUESTS_MAX = 2_048;

interface Waiting {
  readonly type: string;
  /** The frame as JSON text, ready to be sent again. */
  readonly text: string;
  readonly keep: boolean;
  readonly done: (reply: Reply) => void;
  cancelTimer: () => void;
}

/** Matches answers to requests by `id`. Every request ends exactly once: answer, error, timeout, disconnect or close. */
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
   * Sends a request, or keeps it for the next connection, and calls `done` once with the outcome. The returned function
   * cancels it: `done` is then not called.
   */
  start(question: Question, options: RequestOptions, done: (reply: Reply) => void): () => void {
    const refuse = (error: RollcallError): (() => void) => {
      done({ ok: false, error });
      return () => undefined;
    };
    if (this.#closed !== null) return refuse(this.#closed);
    if (this.#waiting.size >= REQUESTS_MAX) {
      const message = `${String(REQUESTS_MAX)} requests are under way`;
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

  /** Like {@link start}, but returns a promise of the answer, which must have the given type. */
  ask<T extends ServerFrameType>(question: Question, answer: T): Promise<ServerFrame<T>> {
    return new Promise((resolve, reject) => {
      const options = { timeoutMs: REQUEST_TIMEOUT_MS, late: 'fail', keep: true } as const;
      this.start(question, options, (reply) => {
        if (!reply.ok) reject(reply.error);
        else if (isOf(reply.frame, answer)) resolve(reply.frame);
        else reject(badReply(question.type, reply.frame));
      });
    });
  }

  /** Handles a frame that may be an answer; false when no open request has its id. */
  answer(frame: ServerFrame): boolean {
    if (!('id' in frame) || typeof frame.id !== 'number') return false;
    if (!this.#waiting.has(frame.id)) return false;
    this.#end(
      frame.id,
      frame.type === 'error' ? { ok: false, error: serverError(frame) } : { ok: true, frame }
    );
    return true;
  }

  /** Handles a new connection: sends the kept requests again, in their original order. */
  opened(): void {
    for (const { text } of [...this.#waiting.values()]) this.#send(text);
  }

  /** Handles a lost connection: ends the requests that are not kept for the next one. */
  lost(): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (!waiting.keep) this.#end(id, { ok: false, error: gone() });
    }
  }

  /** Ends all open requests and every later one with this error. */
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

function isOf<T extends ServerFrameType>(frame: ServerFrame, type: T): frame is ServerFrame<T> {
  return frame.type === type;
}
