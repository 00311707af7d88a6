/** The operations that ClickHouse answers, and the journey of a message. */
import Type from 'typebox';
import { REPORTS } from '../../actors/clickhouse/reports.js';
import { SERVER_FRAMES } from '../../protocol/frames.js';
import { Mid } from '../../protocol/run-fields.js';
import { SearchQuery, SpanQuery } from '../http/api/analytics-api.js';
import type { Operation, Operations, Parameter } from './operation.js';
import { THREAD } from './thread-operations.js';

const MID: Parameter = {
  description: 'The `mid` of the message.',
  schema: Mid,
  example: 'order-17'
};

const { q, thread, from, since, until, before, limit } = SearchQuery.properties;

const time = (description: string, schema: Parameter['schema']): Parameter => ({
  description: `${description}, Unix milliseconds.`,
  schema
});

const MINUTES: Readonly<Record<string, Parameter>> = {
  minutes: {
    description: 'The last minutes that count; 60 by default.',
    schema: SpanQuery.properties.minutes,
    example: 60
  }
};

const {
  thread: Thread,
  offset,
  mid,
  from: author,
  at,
  kind,
  body
} = SERVER_FRAMES.message.properties;

const Count = Type.Integer({ minimum: 0 });
const Ms = Type.Union([Type.Number(), Type.Null()]);
// Answers may have more members.
const OPEN = { additionalProperties: true } as const;
const Row = Type.Record(Type.String(), Type.Unknown());

const Stats = Type.Object({
  since: Type.Number(),
  until: Type.Number(),
  messagesPerMinute: Type.Array(Type.Object({ at: Type.Number(), messages: Count })),
  outcomes: Type.Record(Type.String(), Count),
  delivery: Type.Object({ p50Ms: Ms, p99Ms: Ms, count: Count }),
  timeInState: Type.Array(
    Type.Object({
      chart: Type.String(),
      state: Type.String(),
      count: Count,
      totalMs: Type.Number()
    })
  ),
  runs: Type.Array(Row)
});

const Step = Type.Object(
  {
    step: Type.String(),
    at: Ms,
    afterMs: Ms,
    source: Type.Union([Type.Literal('log'), Type.Literal('clickhouse'), Type.Literal('now')])
  },
  OPEN
);

const Journey = Type.Object({
  thread: Type.String(),
  epoch: Type.String(),
  offset: Count,
  from: Type.Object({ user: Type.String() }),
  kind: Type.String(),
  at: Type.Number(),
  sizeBytes: Count,
  status: Type.String(),
  steps: Type.Array(Step),
  run: Type.Union([Type.Null(), Row]),
  complete: Type.Boolean(),
  notes: Type.Array(Type.String())
});

const JOURNEY: Omit<Operation, 'id' | 'path' | 'query'> = {
  tag: 'analytics',
  summary: 'Every step in the life of one message',
  answers: {
    200: {
      description: 'A journey for each thread that has the `mid`, up to eight.',
      schema: Type.Object({
        mid: Type.String(),
        now: Type.Number(),
        clickhouse: Type.Union([Type.Literal('asked'), Type.Literal('off'), Type.Literal('away')]),
        more: Type.Boolean(),
        journeys: Type.Array(Journey)
      })
    }
  },
  errors: ['bad_frame', 'bad_thread', 'not_found'],
  isForKeys: true
};

/** Search, reports, figures, journeys. */
export const ANALYTICS_OPERATIONS: Operations = {
  'GET /api/messages/{mid}/journey': {
    ...JOURNEY,
    id: 'readJourney',
    path: { mid: MID },
    query: { thread: THREAD }
  },
  'GET /api/journey': {
    ...JOURNEY,
    id: 'readJourneyByQuery',
    description: 'The same, for a `mid` that no path can have.',
    query: { mid: MID, thread: THREAD }
  },
  'GET /api/search': {
    id: 'search',
    tag: 'analytics',
    summary: 'Find messages, newest first',
    description: 'At least one of `q`, `thread` and `from` is needed.',
    query: {
      q: { description: 'Words that must all occur.', schema: q, example: 'order shipped' },
      thread: { description: 'Only this thread.', schema: thread, example: 'orders' },
      from: { description: 'Only this author.', schema: from },
      since: time('Not older', since),
      until: time('Not newer', until),
      before: time('Older than this: the `at` of the last message, for the next page', before),
      limit: { description: 'Most messages; 50 by default.', schema: limit, example: 20 }
    },
    answers: {
      200: {
        description: 'What was found. All messages up to `asOf` have been searched.',
        schema: Type.Object({
          messages: Type.Array(
            Type.Object({
              thread: Thread,
              epoch: Type.String(),
              offset,
              mid,
              from: author,
              at,
              kind,
              body
            })
          ),
          more: Type.Boolean(),
          next: Type.Optional(Type.Number()),
          asOf: Type.Union([Type.Number(), Type.Null()])
        })
      }
    },
    errors: ['bad_frame', 'bad_thread']
  },
  'GET /api/reports': {
    id: 'listReports',
    tag: 'analytics',
    summary: 'List the reports',
    answers: {
      200: {
        description: 'Their names.',
        schema: Type.Object({
          reports: Type.Array(Type.Object({ name: Type.String(), title: Type.String() }))
        })
      }
    },
    isForKeys: true
  },
  'GET /api/reports/{name}': {
    id: 'readReport',
    tag: 'analytics',
    summary: 'Run a report',
    path: {
      name: {
        description: 'Name of the report.',
        schema: Type.Union(REPORTS.map(({ name }) => Type.Literal(name))),
        example: 'outcomes'
      }
    },
    query: MINUTES,
    answers: {
      200: {
        description: 'Columns and rows.',
        schema: Type.Object({
          report: Type.String(),
          title: Type.String(),
          columns: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() })),
          rows: Type.Array(Row),
          since: Type.Number(),
          until: Type.Number()
        })
      }
    },
    errors: ['bad_frame', 'not_found'],
    isForKeys: true
  },
  'GET /api/stats': {
    id: 'readStats',
    tag: 'analytics',
    summary: 'The figures of the last minutes',
    query: MINUTES,
    answers: { 200: { description: 'The figures.', schema: Stats } },
    errors: ['bad_frame'],
    isForKeys: true
  }
};
