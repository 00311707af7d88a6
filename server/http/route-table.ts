/**
 * The one table of HTTP routes: method, path, access and handler, one row each. Rules for all rows are here: which row
 * a path means, 405 with `Allow` for other methods, access, and the form of refusals.
 *
 * Own code instead of a library: there are some twenty rows, most of them fixed paths, and a known path with another
 * method must get a reply of its own.
 */
import type { Scope } from '../access/scopes.js';
import { AccessError } from '../auth/api-access.js';
import { notAllowed, problem } from '../transport/problem.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../transport/transport.js';

/** Reply of a handler, at once or later. */
export type Answer = HttpReply | HttpStreamReply | Promise<HttpReply | HttpStreamReply>;

/** A row of the table. */
export interface Route {
  readonly methods: readonly string[];
  /** Segments of the form `{name}` match one non-empty segment of the request's path, percent-encoded. */
  readonly path: string;
  /** Returns a refusal when a part of the path is not valid, whatever the method and the caller; null when all are. */
  readonly refuses?: (asked: Asked) => HttpReply | null;
  /** Scope that an API key needs for it; null when no API key gives access. Absent when everybody has it. */
  readonly scope?: Scope | null;
  /** Checks access and answers the request. */
  readonly answer: (asked: Asked) => Answer;
}

/** A request and the row that it matches. */
export interface Asked {
  readonly request: TransportRequest;
  /** Returns a part of the path by its name in the row, percent-encoded; empty when the row has no such part. */
  readonly part: (name: string) => string;
}

/** A row with restricted access. `C` is what `access` knows of the caller, and `S` the row's scope. */
export interface GuardedRoute<C, S extends Scope | null> extends Omit<Route, 'answer' | 'scope'> {
  readonly scope: S;
  /** @throws {AccessError} when the request is refused */
  readonly access: (request: TransportRequest, scope: S) => C | Promise<C>;
  readonly handler: (asked: Asked, caller: C) => Answer;
  /** Returns the reply to an error that `access` or `handler` threw; null for an unexpected one. */
  readonly failed?: (error: unknown) => HttpReply | null;
}

/** Makes a row that checks access before it runs its handler, and answers what these throw. */
export function guarded<C, S extends Scope | null>({
  access,
  handler,
  failed,
  ...row
}: GuardedRoute<C, S>): Route {
  const answer = async (asked: Asked): Promise<HttpReply | HttpStreamReply> => {
    try {
      return await handler(asked, await access(asked.request, row.scope));
    } catch (error) {
      if (error instanceof AccessError) return problem(error.code, error.message);
      const reply = failed?.(error) ?? null;
      if (reply === null) throw error;
      return reply;
    }
  };
  return { ...row, answer };
}

/** Returns a part of a path without its percent encoding; null when that is broken. */
export function decodedPart(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** All rows of one path with parts. */
interface Place {
  readonly pattern: RegExp;
  readonly rows: Route[];
}

/** Routes by path. Rows may be added while requests are answered. */
export class RouteTable {
  /** Rows without parts, by path. */
  private readonly fixed = new Map<string, Route[]>();
  /** Rows with parts, by path as written. */
  private readonly places = new Map<string, Place>();

  constructor(routes: readonly Route[] = []) {
    this.add(routes);
  }

  /** Adds rows. The rows of one path may have several methods, but each method once. */
  add(routes: readonly Route[]): void {
    for (const route of routes) {
      const rows = this.rowsAt(route.path);
      if (rows.some(({ methods }) => methods.some((name) => route.methods.includes(name)))) {
        throw new Error(`${route.methods.join(', ')} ${route.path} has two routes`);
      }
      rows.push(route);
    }
  }

  /** Answers a request; null when no row has its path. */
  answer(request: TransportRequest): Answer | null {
    const fixed = this.fixed.get(request.path);
    if (fixed !== undefined) return answerOf(fixed, { request, part: () => '' });
    for (const { pattern, rows } of this.places.values()) {
      const match = pattern.exec(request.path);
      if (match === null) continue;
      return answerOf(rows, { request, part: (name) => match.groups?.[name] ?? '' });
    }
    return null;
  }

  private rowsAt(path: string): Route[] {
    if (!path.includes('{')) {
      const rows = this.fixed.get(path) ?? [];
      this.fixed.set(path, rows);
      return rows;
    }
    const place = this.places.get(path) ?? placeOf(path);
    this.places.set(path, place);
    return place.rows;
  }
}

function answerOf(rows: readonly Route[], asked: Asked): Answer {
  for (const { refuses } of rows) {
    const refusal = refuses?.(asked) ?? null;
    if (refusal !== null) return refusal;
  }
  const row = rows.find(({ methods }) => methods.includes(asked.request.method));
  return row === undefined ? notAllowed(rows.flatMap(({ methods }) => methods)) : row.answer(asked);
}

function placeOf(path: string): Place {
  const source = path.replace(/[.*+?^$()[\]\\|]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return { pattern: new RegExp(`^${source}$`), rows: [] };
}
