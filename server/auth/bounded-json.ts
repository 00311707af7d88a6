/**
 * Asks another server for JSON, with a limit on the time and the size of the answer. Redirects are not followed: they
 * would lead to a server that nobody has configured.
 */

/** One question. */
export interface Question {
  /** User and password in it are sent as basic authentication. */
  readonly url: URL;
  /** Sent as JSON by POST; absent: the question is a GET. */
  readonly body?: unknown;
  /** Time for the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest answer, in bytes after decompression. */
  readonly bytesMax: number;
}

/** The other server gave no usable answer. The message continues "the server …" and has no part of the answer. */
export class NoAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoAnswerError';
  }
}

/**
 * Returns the parsed answer.
 * @throws {NoAnswerError} when there is none in time, its status is not 200, it is too long or no JSON
 */
export async function askJson(question: Question): Promise<unknown> {
  const { timeoutMs } = question;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return JSON.parse(await textOf(question, signal));
  } catch (error) {
    if (error instanceof NoAnswerError) throw error;
    if (signal.aborted) throw new NoAnswerError(`has not answered within ${String(timeoutMs)} ms`);
    if (error instanceof SyntaxError) throw new NoAnswerError('answered something that is no JSON');
    throw new NoAnswerError(`cannot be reached (${causeOf(error)})`);
  }
}

async function textOf({ url, body, bytesMax }: Question, signal: AbortSignal): Promise<string> {
  const address = new URL(url);
  const { username, password } = address;
  // `fetch` refuses addresses with a user in them.
  address.username = '';
  address.password = '';
  const response = await fetch(address, {
    method: body === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    signal,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(username === '' && password === '' ? {} : { authorization: basic(username, password) })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    const { status } = response;
    const isRedirect = status >= 300 && status < 400;
    throw new NoAnswerError(
      `answered ${String(status)}${isRedirect ? ', a redirect, which is not followed' : ''}`
    );
  }
  return response.body === null ? '' : await read(response.body, bytesMax);
}

async function read(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    bytes += value.length;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw new NoAnswerError(`answered more than ${bytesMax.toLocaleString('en')} bytes`);
    }
    chunks.push(value);
  }
}

function basic(username: string, password: string): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** `fetch` says "fetch failed" only, and gives the system's code as the cause. */
function causeOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) {
    if (typeof cause.code === 'string') return cause.code;
  }
  return cause instanceof Error ? cause.message : 'no reason given';
}
