/** Sends the requests of the page with the key or token that was given to this tab. */
import { isRecord, parsedJson } from '../../../sdk/json.js';
import type { TabSecret } from '../../shared/tab-secret.js';

/** A request without an answer is given up after this time, in milliseconds. */
const PATIENCE_MS = 8_000;

/** What came back: a body, or why not. */
export type Answered =
  | { readonly ok: true; readonly body: unknown }
  | {
      readonly ok: false;
      /** Whether another key or token is needed. */
      readonly isRefused: boolean;
      /** Whether there is no such thing on this server. */
      readonly isMissing: boolean;
      /** What happened and what to do, as a sentence. */
      readonly words: string;
    };

/** Asks the server as the operator of this tab. */
export class Operator {
  readonly #secret: TabSecret;

  constructor(secret: TabSecret) {
    this.#secret = secret;
  }

  /** Sends a request. It never throws. */
  async ask(path: string, method = 'GET', content?: object): Promise<Answered> {
    const headers = new Headers({ accept: 'application/json' });
    const secret = this.#secret.value;
    try {
      if (secret !== null) headers.set('authorization', `Bearer ${secret}`);
    } catch {
      return failure(401, null);
    }
    try {
      const response = await fetch(path, {
        method,
        headers,
        signal: AbortSignal.timeout(PATIENCE_MS),
        cache: 'no-store',
        ...(content === undefined ? {} : { body: JSON.stringify(content) })
      });
      const body = parsedJson(await response.text());
      return response.ok ? { ok: true, body } : failure(response.status, body);
    } catch {
      return failure(0, null);
    }
  }
}

/** Returns a failure in words; status 0: no answer. */
export function failure(status: number, body: unknown): Extract<Answered, { ok: false }> {
  const said: unknown = isRecord(body) ? body['detail'] : null;
  const detail = typeof said === 'string' && said !== '' ? said : null;
  return {
    ok: false,
    isRefused: status === 401 || status === 403,
    isMissing: status === 404,
    words: wordsOf(status, detail)
  };
}

function wordsOf(status: number, detail: string | null): string {
  if (status === 0)
    return 'The server does not answer. See whether it runs; this page tries again.';
  if (status === 401) return 'The server does not accept this key or token. Give another one.';
  const why = detail === null ? '' : `: ${detail}`;
  if (status === 403) return `Not allowed${why}.`;
  if (status === 404) return `There is nothing like that${why}.`;
  if (status === 429) return `Too many requests${why}. Wait a moment.`;
  if (status === 503) return `The server cannot do it now${why}. Try again.`;
  return `The server answers ${String(status)}${why}.`;
}
