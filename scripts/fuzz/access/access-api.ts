/** The requests of the fuzzer over HTTP, of users and of the backend. All that comes is checked for secrets. */
import type { Holder, Reply, Shared, Token } from './access-client.js';

/** Where to send. */
export interface AccessApiOptions {
  readonly url: string;
  /** The server's API key. */
  readonly key: string;
}

/** The HTTP API of the server. */
export class AccessApi {
  readonly #options: AccessApiOptions;
  readonly #shared: Pick<Shared, 'note'>;

  constructor(options: AccessApiOptions, shared: Pick<Shared, 'note'>) {
    this.#options = options;
    this.#shared = shared;
  }

  /** A request of a user. */
  async asked(
    holder: Holder,
    token: Token,
    method: string,
    path: string,
    body?: object
  ): Promise<Reply> {
    const response = await this.#fetch(method, path, token.text, body);
    const text = await response.text();
    this.#shared.note(`user ${method} ${String(response.status)}`);
    holder.check(text, 'HTTP');
    return response.ok ? { type: 'answer', code: '' } : { type: 'error', code: codeIn(text) };
  }

  /** Follows a thread as an event stream, until it ends. */
  async follow(holder: Holder, token: Token, thread: string, signal: AbortSignal): Promise<void> {
    const path = `threads/${thread}/events?after=0`;
    const response = await this.#fetch('GET', path, token.text, undefined, signal);
    this.#shared.note(`stream ${String(response.status)}`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) return;
    let rest = '';
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const lines = (rest + piece.value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) holder.check(line, 'event stream');
    }
  }

  /** Revokes a token. Returns whether the server has done so. */
  async revokes({ user, jti }: Token): Promise<boolean> {
    const response = await this.#fetch('POST', `users/${user}/revoke`, this.#options.key, { jti });
    this.#shared.note(`revoke ${String(response.status)}`);
    await response.body?.cancel();
    return response.ok;
  }

  /** A request of the backend below `/api/threads/`. */
  async backend(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.#fetch(method, `threads/${path}`, this.#options.key, body);
    this.#shared.note(`${method} ${String(response.status)}`);
    return await response.json();
  }

  async #fetch(
    method: string,
    path: string,
    token: string,
    body?: object,
    signal?: AbortSignal
  ): Promise<Response> {
    return await fetch(`${this.#options.url}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal })
    });
  }
}

function codeIn(text: string): string {
  return /"code":"([^"]*)"/.exec(text)?.[1] ?? '';
}
