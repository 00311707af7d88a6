/** The HTTP side of the server: probes, status, pages, and the routes that other parts add. */
import type { Origins } from '../auth/origins.js';
import { credentialInAddress } from '../auth/tickets.js';
import type { WrongKeys } from '../chat/work/wrong-keys.js';
import type { ErrorCounts } from '../metrics/error-counts.js';
import type { Pages } from './pages.js';
import { RouteTable, type Answer, type Route } from './route-table.js';
import { codeIn, json, nothingAt, problem } from '../transport/problem.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../transport/transport.js';

/** Methods of pages and reports. The engines leave the body out of a reply to HEAD. */
const READ = ['GET', 'HEAD'];

/** Seconds after which a request that got 503 while starting or draining should be sent again. */
export const RETRY_AFTER_SECONDS = 1;

/** The part of the server's report that the probes read; `/status` sends all of it. */
export interface ProbedReport {
  readonly status: string;
  readonly startup: { readonly complete: boolean; readonly phase: string };
}

/**
 * Returns the reply of `/readyz`, and to an upgrade that comes too early: the status without the timeline, 503 unless
 * serving.
 */
export function readiness(report: ProbedReport): HttpReply {
  const { startup, ...rest } = report;
  const body = { ...rest, startup: { complete: startup.complete, phase: startup.phase } };
  const isServing = report.status === 'ready' || report.status === 'degraded';
  return isServing
    ? json(200, body)
    : json(503, body, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}

/** Paths that a setting has switched off. */
export interface OffPaths {
  /** This path and all below it. */
  readonly under: string;
  readonly why: string;
}

/** Whether a path is the inspector's, which may be asked with its token in the address. */
const isInspector = (path: string): boolean => path.startsWith('/inspect/');

/**
 * Whether a path may hold data. Others are asked by whatever name and page: probes, and pages, which are the same for
 * everybody.
 */
const isData = (path: string): boolean =>
  path === '/status' ||
  path === '/metrics' ||
  path === '/agui' ||
  path.startsWith('/agui/') ||
  path.startsWith('/ai/') ||
  path.startsWith('/api/') ||
  isInspector(path);

/** Options of {@link Http}. */
export interface HttpOptions {
  /** Returns the report, with or without names of threads depending on who sent the request. */
  readonly report: (request: TransportRequest) => ProbedReport;
  readonly pages: Pages;
  readonly routes: readonly Route[];
  readonly off: readonly OffPaths[];
  readonly origins: Origins;
  readonly wrongKeys: Pick<WrongKeys, 'refusal' | 'judge'>;
  /** Counts the errors that are answered. Default: nobody does. */
  readonly errors?: Pick<ErrorCounts, 'note'>;
}

/** Answers every HTTP request. */
export class Http {
  private readonly table: RouteTable;
  private readonly off: readonly OffPaths[];
  private readonly origins: Origins;
  private readonly wrongKeys: HttpOptions['wrongKeys'];
  private readonly errors: HttpOptions['errors'];

  constructor({ report, pages, routes, off, origins, wrongKeys, errors }: HttpOptions) {
    this.errors = errors;
    this.off = off;
    this.origins = origins;
    this.wrongKeys = wrongKeys;
    this.table = new RouteTable([
      read('/livez', () => json(200, { status: 'live' })),
      read('/startupz', (request) => startedness(report(request))),
      read('/readyz', (request) => readiness(report(request))),
      read('/status', (request) => json(200, report(request))),
      ...Array.from(pages, ([path, page]) => read(path, (request) => page.answer(request))),
      ...routes
    ]);
  }

  /** Adds the routes of parts that are made later; until then their paths answer 404. */
  add(routes: readonly Route[]): void {
    this.table.add(routes);
  }

  /** Returns the reply to a request. */
  answer(request: TransportRequest): Answer {
    const limited = this.wrongKeys.refusal(request);
    if (limited !== null) {
      this.count(limited);
      return withHeaders(limited, this.origins.replyHeaders(request));
    }
    const answer = this.found(request);
    if (answer instanceof Promise) return answer.then((reply) => this.judged(request, reply));
    return this.judged(request, answer);
  }

  private judged<R extends HttpReply | HttpStreamReply>(request: TransportRequest, reply: R): R {
    this.wrongKeys.judge(request, reply);
    this.count(reply);
    return reply;
  }

  private count(reply: HttpReply | HttpStreamReply): void {
    const code = reply.status >= 400 ? codeIn(reply) : null;
    if (code !== null) this.errors?.note(code);
  }

  private found(request: TransportRequest): Answer {
    const { path } = request;
    const off = this.off.find(({ under }) => path === under || path.startsWith(`${under}/`));
    if (off !== undefined) return problem('not_found', off.why);
    if (!isData(path)) return this.table.answer(request) ?? nothingAt(path);
    const foreign = this.origins.refusal(request);
    if (foreign !== null) return problem('forbidden', foreign);
    const shown = isInspector(path) ? null : credentialInAddress(request);
    const answer =
      this.origins.preflight(request) ??
      (shown === null ? null : problem('unauthorized', shown)) ??
      this.table.answer(request) ??
      nothingAt(path);
    return withHeaders(answer, this.origins.replyHeaders(request));
  }
}

function read(path: string, answer: (request: TransportRequest) => HttpReply): Route {
  return { methods: READ, path, answer: ({ request }) => answer(request) };
}

function startedness({ startup, status }: ProbedReport): HttpReply {
  return startup.complete
    ? json(200, { status: 'started' })
    : json(503, { status, phase: startup.phase }, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}

function withHeaders(answer: Answer, more: Readonly<Record<string, string>>): Answer {
  if (Object.keys(more).length === 0) return answer;
  if (answer instanceof Promise) return answer.then((reply) => added(reply, more));
  return added(answer, more);
}

function added<R extends HttpReply | HttpStreamReply>(
  reply: R,
  more: Readonly<Record<string, string>>
): R {
  return { ...reply, headers: { ...reply.headers, ...more } };
}
