/** `/openapi.json`: the HTTP API as OpenAPI 3.1, made of the schemas that check the requests. */
import { ERRORS, type ErrorCode } from '../../protocol/errors.js';
import { ADMIN_OPERATIONS } from './admin-operations.js';
import { AGENT_OPERATIONS } from './agent-operations.js';
import { ANALYTICS_OPERATIONS } from './analytics-operations.js';
import {
  GUARDED_ERRORS,
  TAGS,
  type Operation,
  type OperationAnswer,
  type Operations,
  type Parameter
} from './operation.js';
import { PEOPLE_OPERATIONS } from './people-operations.js';
import { SERVER_OPERATIONS } from './server-operations.js';
import { Problem, schemaJson, sharedSchemas } from './shared-schemas.js';
import { THREAD_OPERATIONS } from './thread-operations.js';
import { UPKEEP_OPERATIONS } from './upkeep-operations.js';
import { WEBHOOK_OPERATIONS } from './webhook-operations.js';

/** Every operation, in an order in which the examples can be sent one after the other. */
export const OPERATIONS: Operations = {
  ...THREAD_OPERATIONS,
  ...PEOPLE_OPERATIONS,
  ...ANALYTICS_OPERATIONS,
  ...UPKEEP_OPERATIONS,
  ...ADMIN_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...AGENT_OPERATIONS,
  ...SERVER_OPERATIONS
};

/** Returns the document. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = route.split(' ');
    const methods = (paths[path] ??= {});
    methods[method.toLowerCase()] = operationJson(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rollcall',
      version,
      summary: 'Chat and agent-chat server',
      description:
        'The HTTP API. The WebSocket is in `/asyncapi.json`. Errors are `application/problem+json` with the codes of the protocol.',
      license: { name: 'MIT', identifier: 'MIT' }
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: sharedSchemas(),
      securitySchemes: {
        key: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'An API key; also as `Authorization: Bearer`.'
        },
        token: { type: 'http', scheme: 'bearer', description: 'The token of a user.' }
      }
    }
  };
}

function operationJson(operation: Operation): object {
  const { id, tag, summary, description, body, isOpen, isForKeys } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: isOpen ? [] : isForKeys ? [{ key: [] }] : [{ key: [] }, { token: [] }],
    parameters: [
      ...parametersOf('path', operation.path),
      ...parametersOf('query', operation.query),
      ...parametersOf('header', operation.headers)
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.isOptional !== true,
            content: {
              'application/json': { schema: schemaJson(body.schema), example: body.example }
            }
          }
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [status, answerJson(answer)])
      ),
      ...errorsJson(operation)
    }
  };
}

function parametersOf(
  place: 'path' | 'query' | 'header',
  parameters: Readonly<Record<string, Parameter>> = {}
): object[] {
  return Object.entries(parameters).map(([name, { description, schema, example }]) => ({
    name,
    in: place,
    description,
    required: place === 'path',
    schema: schemaJson(schema),
    ...(example === undefined ? {} : { example })
  }));
}

function answerJson({ description, type = 'application/json', schema }: OperationAnswer): object {
  if (schema === undefined && type === 'application/json') return { description };
  return {
    description,
    content: { [type]: { schema: schema === undefined ? { type: 'string' } : schemaJson(schema) } }
  };
}

/** The errors of an operation by status; each names its codes. */
function errorsJson({ errors = [], isOpen, answers }: Operation): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...errors, ...(isOpen ? [] : GUARDED_ERRORS)]) {
    const { http } = ERRORS[code];
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  const content = { 'application/problem+json': { schema: schemaJson(Problem) } };
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !(status in answers))
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join('; '),
          content
        }
      ])
  );
}
