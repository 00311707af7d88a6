/**
 * The one place that makes JSON replies and errors over HTTP. Errors are `application/problem+json` (RFC 9457), with
 * the protocol's error code where there is one. It is in this folder because the engines and the chat refuse requests
 * too.
 */
import { ERRORS, type ErrorCode } from '../../protocol/errors.js';
import type { HttpReply } from './transport.js';

const PROBLEM_TYPE = { 'content-type': 'application/problem+json' };

const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store'
};

/** Members of a problem after `type`, in written order; undefined ones are left out. */
interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code?: ErrorCode | undefined;
  readonly detail?: string | undefined;
  readonly retry?: boolean | undefined;
}

/** Words of a reply that replace those of the table, which speak of frames and messages. */
export interface OwnWords {
  readonly title?: string;
  readonly retry?: boolean;
}

/** Returns a JSON reply that no cache stores. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): HttpReply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

/** Returns an error of the table; `detail` adds more information. */
export function problem(code: ErrorCode, detail?: string, own: OwnWords = {}): HttpReply {
  const rule = ERRORS[code];
  const { title = rule.message, retry = rule.retry } = own;
  return problemReply({ title, status: rule.http, code, detail, retry }, JSON_HEADERS);
}

/** Returns a short error: for a refused upgrade, or for a request whose handler threw. */
export function plainProblem(status: number, title: string, code?: ErrorCode): HttpReply {
  return problemReply({ title, status, code });
}

/** Returns the error code of a reply that {@link problem} made; null for any other reply. */
export function codeIn(reply: Partial<HttpReply>): string | null {
  if (reply.headers?.['content-type'] !== PROBLEM_TYPE['content-type']) return null;
  const body: unknown = JSON.parse(String(reply.body));
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null;
  return typeof code === 'string' ? code : null;
}

/** Returns 404 for an unknown path. */
export function nothingAt(path: string): HttpReply {
  return problem('not_found', `nothing is at ${path.slice(0, 200)}`);
}

/** Returns 405 for a path that has only these methods. */
export function notAllowed(methods: readonly string[]): HttpReply {
  const title = `only ${methods.join(' and ')} ${methods.length === 1 ? 'is' : 'are'} answered here`;
  return problemReply({ title, status: 405 }, { ...JSON_HEADERS, allow: methods.join(', ') });
}

/** Returns the reply with a `Retry-After` of this many seconds. */
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
