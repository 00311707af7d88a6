/** `GET /api/incidents`: the warnings and errors that the server has logged, for operators. */
import type { Clock } from '../../../actors/clock.js';
import type { Operators } from '../../auth/operators.js';
import { KEPT_LEVELS, KEPT_LINES_MS, type LineKeeper } from '../../logger/kept-lines.js';
import { json, problem } from '../../transport/problem.js';
import type { Route } from '../route-table.js';

/** Options of {@link createIncidentsApi}. */
export interface IncidentsApiOptions {
  readonly operators: Pick<Operators, 'refusal'>;
  readonly lines: Pick<LineKeeper, 'since'>;
  readonly node: string;
  /** When the server was started, Unix milliseconds. */
  readonly startedAt: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** Returns the route. It answers before the start is complete too: that is when its lines are most needed. */
export function createIncidentsApi(options: IncidentsApiOptions): Route[] {
  const { operators, lines, node, startedAt, clock } = options;
  return [
    {
      methods: ['GET'],
      path: '/api/incidents',
      scope: 'reports',
      answer: ({ request }) => {
        const refusal = operators.refusal(request);
        if (refusal !== null) return problem(refusal.code, refusal.detail);
        const asked = new URLSearchParams(request.query).get('since');
        const until = clock.now();
        const earliest = Math.max(startedAt, until - KEPT_LINES_MS);
        const wanted = asked === null ? earliest : timeOf(asked);
        if (wanted === null) {
          return problem('bad_frame', 'since is neither an ISO 8601 time nor Unix milliseconds');
        }
        const since = Math.max(wanted, earliest);
        const { isComplete, lines: found } = lines.since(since);
        const counts = KEPT_LEVELS.map((level): [string, number] => [
          level,
          found.filter((line) => line.level === level).length
        ]);
        return json(200, {
          node,
          startedAt: new Date(startedAt).toISOString(),
          since: new Date(since).toISOString(),
          until: new Date(until).toISOString(),
          complete: isComplete,
          counts: Object.fromEntries<number>(counts),
          lines: found
        });
      }
    }
  ];
}

/** Returns the Unix milliseconds of a text; null when it is no time. */
function timeOf(text: string): number | null {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(
    text
  );
  const at = isTime ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}
