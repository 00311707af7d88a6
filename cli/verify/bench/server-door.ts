/** HTTP requests of `rollcall verify`: none follows a redirect, each has a time limit, and failures are in words. */
import { codeOf } from '../../../machines/error-code.js';
import { reasonOf } from '../../../machines/reason.js';
import { parsedJson } from '../../../client/sdk/json.js';
import { faultOf } from '../../chat/noted-socket.js';
import { VerifyFault } from './verify-fault.js';

/** Time limit of a request, in milliseconds. */
export const REQUEST_MS = 10_000;

/** Most characters that are read of an answer. */
const BODY_MAX = 4_000_000;

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly header: (name: string) => string | null;
  /** The body when it is JSON, else null. */
  readonly body: unknown;
  readonly tookMs: number;
}

/** What to ask with. */
export interface Asking {
  readonly method?: string;
  readonly bearer?: string | undefined;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** Asks one server. */
export class ServerDoor {
  /** Address that paths are below; ends in a slash. */
  readonly base: string;
  private readonly signal: AbortSignal;
  private readonly elapsed: () => number;

  /** `socketUrl`: the address of the WebSocket; the paths of HTTP are beside it. */
  constructor(socketUrl: string, signal: AbortSignal, elapsed: () => number) {
    this.base = new URL('.', socketUrl.replace(/^ws/, 'http')).href;
    this.signal = signal;
    this.elapsed = elapsed;
  }

  /** Sends a request to a path without a leading slash. @throws {VerifyFault} when nobody answers */
  async ask(path: string, asking: Asking = {}): Promise<Reply> {
    const began = this.elapsed();
    const response = await this.open(path, asking);
    const text = await response.text().catch((error: unknown) => {
      throw this.fault(path, error);
    });
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: text.length > BODY_MAX ? null : parsedJson(text),
      tookMs: this.elapsed() - began
    };
  }

  /** Sends a request and returns the response before its body. @throws {VerifyFault} when nobody answers */
  async open(path: string, asking: Asking = {}, ends?: AbortSignal): Promise<Response> {
    const { method = 'GET', bearer, body, timeoutMs = REQUEST_MS } = asking;
    const signals = [this.signal, ends ?? AbortSignal.timeout(timeoutMs)];
    try {
      return await fetch(new URL(path, this.base), {
        method,
        redirect: 'manual',
        signal: AbortSignal.any(signals),
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
    } catch (error) {
      throw this.fault(path, error);
    }
  }

  private fault(path: string, error: unknown): VerifyFault {
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new VerifyFault(`/${path}: no answer within ${String(REQUEST_MS / 1_000)} s`);
    }
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const isKnown = cause instanceof Error && codeOf(cause) !== '';
    return new VerifyFault(`/${path}: ${isKnown ? faultOf(cause).words : reasonOf(cause)}`);
  }
}

/** Returns code and detail of a problem in words, or the status. */
export function refusalText({ status, body }: Reply): string {
  const { code, detail } = typeof body === 'object' && body !== null ? fieldsOf(body) : {};
  const words = [code, detail].filter((text) => typeof text === 'string').join(': ');
  return words === '' ? `status ${String(status)}` : `${String(status)} ${words}`;
}

function fieldsOf(body: object): { code?: unknown; detail?: unknown } {
  return { code: Reflect.get(body, 'code'), detail: Reflect.get(body, 'detail') };
}
