/**
 * The one table of HTTP routes: method, path, access and handler, a row each. What rows have in common is decided here
 * once: which row a path means, 405 with `Allow` for other methods, who is let in, and what a refusal looks like.
 *
 * Own code and not a library: there are some twenty rows, most of them fixed paths, and a path that is known with
 * another method has to be told from one that is not known, in our own words.
 */
import { AccessError } from '../auth/api-access.js';
import { notAllowed, problem } from '../transport/problem.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../transport/transport.js';

/** What a handler answers, at once or later. */
export type Answer = HttpReply | HttpStreamReply | Promise<HttpReply | HttpStreamReply>;

/** A row of the table. */
export interface Route {
  readonly methods: readonly string[];
  /** Segments of the form `{name}` take one non-empty segment of the request's path, as it is encoded. */
  readonly path: string;
  /** Says what is wrong with the parts of the path, whatever the method and whoever asks; null when nothing is. */
  readonly refuses?: (asked: Asked) => HttpReply | null;
  /** Lets the request in, and answers it. */
  readonly answer: (asked: Asked) => Answer;
}

/** A request that has found its row. */
export interface Asked {
  readonly request: TransportRequest;
  /** A part of the path by the name that the row gives it, percent-encoded; empty when the row has no such part. */
  readonly part: (name: string) => string;
}

/** A row that not everybody may use. `C` is what its access knows of the caller. */
export interface GuardedRoute<C> extends Omit<Route, 'answer'> {
  /** @throws {AccessError} when the request is not let in */
  readonly access: (request: TransportRequest) => C | Promise<C>;
  readonly handler: (asked: Asked, caller: C) => Answer;
  /** The answer to an error that access or handler threw; null for one that is not expected. */
  readonly failed?: (error: unknown) => HttpReply | null;
}

/** Makes a row that asks who is there before its handler works, and answers what that throws. */
export function guarded<C>({ access, handler, failed, ...row }: GuardedRoute<C>): Route {
  const answer = async (asked: Asked): Promise<HttpReply | HttpStreamReply> => {
    try {
      return await handler(asked, await access(asked.request));
    } catch (error) {
      if (error instanceof AccessError) return problem(error.code, error.message);
      const reply = failed?.(error) ?? null;
      if (reply === null) throw error;
      return reply;
    }
  };
  return { ...row, answer };
}

/** A part of a path without its percent encoding; null when that is broken. */
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

/** Routes by path. Rows can be added while requests are answered. */
export class RouteTable {
  /** Rows without parts, by path. */
  private readonly fixed = new Map<string, Route[]>();
  /** Rows with parts, by path as it is written. */
  private readonly places = new Map<string, Place>();

  constructor(routes: readonly Route[] = []) {
    this.add(routes);
  }

  /** Adds rows; those of one path may have several methods, but each method once. */
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
