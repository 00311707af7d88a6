/**
 * The HTTP side of the transport: probes, status, pages. Errors are `application/problem+json` with the codes of the
 * protocol.
 */
import { ERRORS, type ErrorCode } from '../../protocol/errors.js';
import type { Pages } from './pages.js';
import type { StatusReport } from '../wiring/status.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../transport/transport.js';

/** What a path answers; null passes the request on. */
export type HttpRoute = (
  request: TransportRequest
) => HttpReply | HttpStreamReply | Promise<HttpReply | HttpStreamReply> | null;

/** Seconds after which whoever got a 503 while starting or draining should ask again. */
export const RETRY_AFTER_SECONDS = 1;

const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store'
};

/** A JSON answer that no cache keeps. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): HttpReply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

/** What an answer says otherwise than the table, which speaks of frames and messages. */
export interface OwnWords {
  readonly title?: string;
  readonly retry?: boolean;
}

/** An error of the table as `application/problem+json`; `detail` says more than the table does. */
export function problem(code: ErrorCode, detail?: string, own: OwnWords = {}): HttpReply {
  const rule = ERRORS[code];
  const { title = rule.message, retry = rule.retry } = own;
  return json(
    rule.http,
    { type: 'about:blank', title, status: rule.http, code, detail, retry },
    { 'content-type': 'application/problem+json' }
  );
}

/** The same answer, with so many seconds after which to ask again. */
export function askAgain(reply: HttpReply, seconds: number): HttpReply {
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(seconds) } };
}

/** A part of a path without its percent encoding; null when that is broken. */
export function decodedPart(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** `/readyz` and the answer to an upgrade that comes too early: status without the timeline, 503 unless serving. */
export function readiness(report: StatusReport): HttpReply {
  const { startup, ...rest } = report;
  const body = { ...rest, startup: { complete: startup.complete, phase: startup.phase } };
  const isServing = report.status === 'ready' || report.status === 'degraded';
  return isServing
    ? json(200, body)
    : json(503, body, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}

/** What the HTTP side asks. */
export interface HttpOptions {
  readonly report: () => StatusReport;
  readonly pages: Pages;
  /** Further paths, asked in order before "not found". */
  readonly routes: readonly HttpRoute[];
}

/** Makes the function that answers every HTTP request. */
export function createHttp(
  options: HttpOptions
): (request: TransportRequest) => ReturnType<HttpRoute> & object {
  const { report, pages, routes } = options;
  const probes = new Map<string, () => HttpReply>([
    ['/livez', () => json(200, { status: 'live' })],
    [
      '/startupz',
      () => {
        const { startup, status } = report();
        return startup.complete
          ? json(200, { status: 'started' })
          : json(
              503,
              { status, phase: startup.phase },
              { 'retry-after': String(RETRY_AFTER_SECONDS) }
            );
      }
    ],
    ['/readyz', () => readiness(report())],
    ['/status', () => json(200, report())]
  ]);
  return (request) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const probe = probes.get(request.path);
    if (probe !== undefined) return isRead ? probe() : notAllowed('GET', 'HEAD');
    const page = pages.find(request.path);
    if (page !== null) return isRead ? page : notAllowed('GET', 'HEAD');
    for (const answer of routes) {
      const reply = answer(request);
      if (reply !== null) return reply;
    }
    return problem('not_found', `nothing is at ${request.path.slice(0, 200)}`);
  };
}

/** 405 for a path that answers these methods only. */
export function notAllowed(...methods: readonly string[]): HttpReply {
  const title = `only ${methods.join(' and ')} ${methods.length === 1 ? 'is' : 'are'} answered here`;
  return json(
    405,
    { type: 'about:blank', title, status: 405 },
    { 'content-type': 'application/problem+json', allow: methods.join(', ') }
  );
}
