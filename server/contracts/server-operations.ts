/** Probes, status, metrics, the inspector's files and the documents themselves. */
import Type from 'typebox';
import type { Operation, Operations } from './operation.js';

const Any = Type.Record(Type.String(), Type.Unknown());

const Phase = Type.Object(
  { complete: Type.Boolean(), phase: Type.String() },
  { additionalProperties: true }
);

/** What `/readyz` tells, and `/status` in more words. */
const Report = Type.Object(
  {
    status: Type.Union([
      Type.Literal('initializing'),
      Type.Literal('ready'),
      Type.Literal('degraded'),
      Type.Literal('draining'),
      Type.Literal('failed')
    ]),
    environment: Type.String(),
    version: Type.String(),
    node: Type.String(),
    since: Type.String(),
    uptimeMs: Type.Number(),
    startup: Phase,
    handlers: Any,
    services: Type.Array(Any),
    monitor: Any,
    threads: Any,
    connections: Any,
    waitingFor: Type.Array(Any)
  },
  { additionalProperties: true }
);

const probe = (
  id: string,
  summary: string,
  schema: Operation['answers'][200]['schema'] & object
): Operation => ({
  id,
  tag: 'server',
  summary,
  answers: { 200: { description: 'Yes.', schema } },
  isOpen: true
});

const Words = Type.Object({ status: Type.String() });

/** Probes, status, metrics, inspector, documents. */
export const SERVER_OPERATIONS: Operations = {
  'GET /livez': probe('isLive', 'Whether the event loop turns', Words),
  'GET /startupz': {
    ...probe('hasStarted', 'Whether the start is complete', Words),
    answers: {
      200: { description: 'Yes.', schema: Words },
      503: { description: 'Not yet.', schema: Words }
    }
  },
  'GET /readyz': {
    ...probe('isReady', 'Whether clients may connect', Report),
    answers: {
      200: { description: '`ready` or `degraded`.', schema: Report },
      503: {
        description: 'It starts, drains or has failed; `Retry-After` says when to ask again.',
        schema: Report
      }
    }
  },
  'GET /status': {
    ...probe('readStatus', 'The whole report', Report),
    description: 'Names of threads are shown to callers with an API key only.'
  },
  'GET /metrics': {
    id: 'readMetrics',
    tag: 'server',
    summary: 'Figures for Prometheus',
    answers: { 200: { description: 'Text format of Prometheus.', type: 'text/plain' } },
    isForKeys: true
  },
  'GET /inspect/recording': {
    id: 'readRecording',
    tag: 'server',
    summary: 'The inspector’s recording, as a file',
    query: {
      charts: {
        description: '`false`: without the layouts of the charts.',
        schema: Type.Union([Type.Literal('true'), Type.Literal('false')]),
        example: 'false'
      }
    },
    answers: { 200: { description: 'The recording.', schema: Any } },
    isForKeys: true
  },
  'GET /inspect/charts/{hash}': {
    id: 'readChart',
    tag: 'server',
    summary: 'The layout of a chart that was seen',
    path: {
      hash: {
        description: 'Hash of the machine, as a recording names it.',
        schema: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
        example: 'unknown'
      }
    },
    answers: {
      200: { description: 'The layout.', schema: Any },
      404: { description: 'No such chart was seen.' }
    },
    exampleStatus: 404,
    errors: ['too_large'],
    isForKeys: true
  },
  'GET /openapi.json': {
    id: 'readOpenApi',
    tag: 'server',
    summary: 'The HTTP API as OpenAPI 3.1',
    answers: { 200: { description: 'This document.', schema: Any } },
    isOpen: true
  },
  'GET /asyncapi.json': {
    id: 'readAsyncApi',
    tag: 'server',
    summary: 'The WebSocket as AsyncAPI 3.0',
    answers: { 200: { description: 'The document.', schema: Any } },
    isOpen: true
  }
};
