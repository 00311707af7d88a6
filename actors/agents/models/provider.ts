/**
 * Sends a request to the server of a model, and reads the answer as a stream of events. Every failure becomes an {@link
 * AgentError}; a temporary one says when to retry. Only the operator sees what the server said, since it may name
 * accounts and repeat what people wrote.
 */
import { fullJitterMs } from '../../../machines/supervision/backoff.js';
import type { Clock } from '../../clock.js';
import { AgentError } from '../agent.js';
import { EventReader, EventTooLongError } from './event-stream.js';
import { retryAfterMs } from './retry-after.js';

/** Most bytes of a refusal that are read, and most characters of it that the operator sees. */
const REFUSAL_BYTES_MAX = 4_096;
const REFUSAL_CHARS_MAX = 500;

/** Longest wait before a retry. If the server asks for more, the run fails, so that people do not wait for minutes. */
export const WAIT_MAX_MS = 60_000;

/** Waits before further attempts when the server names none. */
const BACKOFF = { baseMs: 1_000, maxMs: 10_000 };

/** Shortest wait before a further attempt, in milliseconds. */
const WAIT_MIN_MS = 250;

/** How long to wait for further events after the complete answer, in milliseconds: the count of tokens comes last. */
export const LINGER_MS = 2_000;

/** Statuses below 500 of temporary failures. All statuses from 500 on count as temporary. */
const PASSING = [408, 425, 429];

/** Reason of an abort. */
const STALLED = 'stalled';

/** Replaces a key in what the operator sees. */
const MASK = '••••';

/** Options of {@link Provider}. */
export interface ProviderOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly url: URL;
  /** Sent as a bearer token; undefined: none is sent. */
  readonly key: string | undefined;
  /** Longest time without an event, in milliseconds. */
  readonly stallMs: number;
  /** Tells the operator why the server gave no answer. */
  readonly note: (reason: string) => void;
}

/** One question. */
export interface ProviderQuestion {
  /** Sent as JSON. */
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** 1 for the first attempt of a run. */
  readonly attempt: number;
  /** Whether the answer is complete. Then the wait for more is short, and a cut connection is no fault. */
  readonly isComplete: () => boolean;
  /** Sent as a header; undefined or absent: none is sent. */
  readonly traceparent?: string | undefined;
}

/** The server of a model. */
export class Provider {
  private readonly options: ProviderOptions;

  constructor(options: ProviderOptions) {
    this.options = options;
  }

  /**
   * Yields the data of each event of the answer, until the server ends it. The caller decides whether the answer is
   * complete.
   * @throws {AgentError} `provider_unreachable`, `provider_stalled`, `provider_busy`, `provider_failed`,
   * `provider_refused`, `provider_cut` or `provider_answer`
   */
  async *ask(question: ProviderQuestion): AsyncGenerator<string, void, void> {
    const { clock, stallMs } = this.options;
    const { signal, attempt, isComplete } = question;
    const request = new AbortController();
    const abort = (): void => {
      request.abort();
    };
    const wait = (): unknown =>
      clock.setTimeout(
        () => {
          request.abort(STALLED);
        },
        isComplete() ? LINGER_MS : stallMs
      );
    let timer = wait();
    let hasBegun = false;
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    try {
      const response = await this.send(question, request.signal);
      if (!isEventStream(response)) throw await this.refusal(response, attempt);
      const reader = readerOf(response);
      if (reader === null) return;
      hasBegun = true;
      const events = new EventReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const data of events.read(value)) {
          clock.clearTimeout(timer);
          yield data;
          timer = wait();
        }
      }
    } catch (error) {
      if (error instanceof AgentError) throw error;
      if (isComplete()) return;
      if (error instanceof EventTooLongError) throw this.unusable(error.message);
      const waitMs = this.backoffMs(attempt);
      if (request.signal.reason === STALLED) {
        throw this.noted(
          new AgentError(
            'provider_stalled',
            `the model's server has sent nothing for ${String(stallMs)} ms`,
            waitMs
          )
        );
      }
      if (signal.aborted) throw new AgentError('cancelled', 'the run is over');
      throw hasBegun ? this.cut(attempt, causeOf(error)) : this.away(waitMs, causeOf(error));
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // Closes the connection if the answer was not read to its end.
      abort();
    }
  }

  /** Returns the error for an answer that ended too early, or has a part that cannot be read. */
  cut(attempt: number, reason: string): AgentError {
    const message = "the model's server broke off its answer";
    return this.noted(
      new AgentError('provider_cut', message, this.backoffMs(attempt)),
      `broke off its answer: ${reason}`
    );
  }

  /** Returns the error for one that the server sent in the middle of its answer. */
  failed(attempt: number, said: string): AgentError {
    const message = "the model's server failed";
    return this.noted(
      new AgentError('provider_failed', message, this.backoffMs(attempt)),
      `told an error: ${this.masked(said)}`
    );
  }

  /** Returns the error for an answer that a retry would not improve. */
  unusable(reason: string): AgentError {
    const message = "the model's server gave an answer that cannot be used";
    return this.noted(
      new AgentError('provider_answer', message),
      `answered what cannot be used: ${this.masked(reason)}`
    );
  }

  private send({ body, traceparent }: ProviderQuestion, signal: AbortSignal): Promise<Response> {
    const { url, key } = this.options;
    return fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(traceparent === undefined ? {} : { traceparent })
      },
      body: JSON.stringify(body)
    });
  }

  private away(waitMs: number, cause: string): AgentError {
    const message = "the model's server cannot be reached";
    return this.noted(
      new AgentError('provider_unreachable', message, waitMs),
      `cannot be reached: ${cause}`
    );
  }

  /** Reads the server's reason for sending no stream of events. */
  private async refusal(response: Response, attempt: number): Promise<AgentError> {
    const { status, headers } = response;
    const said = this.masked(await headOf(response));
    if (status === 200) {
      const type = headers.get('content-type') ?? 'nothing that has a type';
      return this.unusable(`${type} in place of text/event-stream: ${said}`);
    }
    const reason = `answered ${String(status)}: ${said}`;
    const isPassing = PASSING.includes(status) || status >= 500;
    if (!isPassing) {
      const message = `the model's server refused the request with status ${String(status)}`;
      return this.noted(new AgentError('provider_refused', message), reason);
    }
    const askedMs = retryAfterMs(headers, this.options.clock.now());
    const isBusy = status === 429;
    const code = isBusy ? 'provider_busy' : 'provider_failed';
    const what = isBusy ? 'has too much to do' : `failed with status ${String(status)}`;
    if (askedMs !== null && askedMs > WAIT_MAX_MS) {
      const seconds = String(Math.ceil(askedMs / 1_000));
      const message = `the model's server ${what} and can be asked again in ${seconds} s`;
      return this.noted(new AgentError(code, message), reason);
    }
    const waitMs = askedMs ?? this.backoffMs(attempt);
    return this.noted(new AgentError(code, `the model's server ${what}`, waitMs), reason);
  }

  private backoffMs(attempt: number): number {
    return WAIT_MIN_MS + fullJitterMs(Math.max(1, attempt), this.options.random(), BACKOFF);
  }

  private noted(error: AgentError, reason?: string): AgentError {
    this.options.note(reason === undefined ? error.message : `the model's server ${reason}`);
    return error;
  }

  private masked(text: string): string {
    const { key } = this.options;
    const masked = key === undefined ? text : text.replaceAll(key, MASK);
    // Keep only the beginning: the bytes read may end inside the key, and half a key is not masked.
    return masked.slice(0, REFUSAL_CHARS_MAX).replaceAll(/\s+/g, ' ');
  }
}

function isEventStream({ status, headers }: Response): boolean {
  const type = headers.get('content-type') ?? '';
  return status === 200 && /^text\/event-stream\s*(;|$)/i.test(type);
}

/** The beginning of an answer's text. */
async function headOf(response: Response): Promise<string> {
  const reader = readerOf(response);
  if (reader === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < REFUSAL_BYTES_MAX) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  // The rest is not needed.
  await reader.cancel().catch(() => undefined);
  return Buffer.concat(chunks).subarray(0, REFUSAL_BYTES_MAX).toString('utf8');
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> | null {
  const body: ReadableStream<Uint8Array> | null = response.body;
  return body === null ? null : body.getReader();
}

/** Returns the system's code from the cause, since `fetch` itself says only "fetch failed" or "terminated". */
function causeOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const hasCode = typeof cause === 'object' && cause !== null && 'code' in cause;
  if (hasCode && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.message : 'no reason given';
}
