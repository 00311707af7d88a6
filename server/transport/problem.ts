/**
 * The one place that makes JSON answers and errors over HTTP. Errors are `application/problem+json` (RFC 9457), with
 * the codes of the protocol where there is one. Beside the transport, because the engines and the chat refuse too.
 */
import { ERRORS, type ErrorCode } from '../../protocol/errors.js';
import type { HttpReply } from './transport.js';

const PROBLEM_TYPE = { 'content-type': 'application/problem+json' };

const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store'
};

/** Members of a problem after `type`, in the order in which they are written; undefined ones are left out. */
interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code?: ErrorCode | undefined;
  readonly detail?: string | undefined;
  readonly retry?: boolean | undefined;
}

/** What an answer says otherwise than the table, which speaks of frames and messages. */
export interface OwnWords {
  readonly title?: string;
  readonly retry?: boolean;
}

/** A JSON answer that no cache keeps. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): HttpReply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

/** An error of the table; `detail` says more than the table does. */
export function problem(code: ErrorCode, detail?: string, own: OwnWords = {}): HttpReply {
  const rule = ERRORS[code];
  const { title = rule.message, retry = rule.retry } = own;
  return problemReply({ title, status: rule.http, code, detail, retry }, JSON_HEADERS);
}

/** An error in few words: that of a refused upgrade, or of a request whose handler threw. */
export function plainProblem(status: number, title: string, code?: ErrorCode): HttpReply {
  return problemReply({ title, status, code });
}

/** 404 for a path that nothing is at. */
export function nothingAt(path: string): HttpReply {
  return problem('not_found', `nothing is at ${path.slice(0, 200)}`);
}

/** 405 for a path that answers these methods only. */
export function notAllowed(methods: readonly string[]): HttpReply {
  const title = `only ${methods.join(' and ')} ${methods.length === 1 ? 'is' : 'are'} answered here`;
  return problemReply({ title, status: 405 }, { ...JSON_HEADERS, allow: methods.join(', ') });
}

/** The same answer, with so many seconds after which to ask again. */
export function askAgain(reply: HttpReply, seconds: number): HttpReply {
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(seconds) } };
}

function problemReply(
  { title, status, code, detail, retry }: Problem,
  headers: Record<string, string> = {}
): HttpReply {
  return {
    status,
    headers: { ...headers, ...PROBLEM_TYPE },
    body: JSON.stringify({ type: 'about:blank', title, status, code, detail, retry })
  };
}
