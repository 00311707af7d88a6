/** What `/openapi.json` tells of one operation of the HTTP API: parameters, body, answers and an example that can be sent. */
import type { TSchema } from 'typebox';
import type { ErrorCode } from '../../protocol/errors.js';

/** Groups of operations, in the order in which they are shown. */
export const TAGS = {
  threads: 'Messages of a thread: publish, read, follow.',
  people: 'Owner, members and agent of a thread; tickets and revoked tokens.',
  analytics: 'Search, reports, figures and the journey of a message.',
  upkeep: 'Backups, erasing, the audit log and incidents.',
  operators: 'Who is connected, users and threads; closing connections.',
  agents: 'Runs of agents for clients of the AI SDK and of AG-UI.',
  server: 'Probes, status, metrics, the inspector and these documents.'
} as const;

/** One parameter of the path, the query or a header. */
export interface Parameter {
  readonly description: string;
  readonly schema: TSchema;
  /** A value with which the example is sent; absent: the example leaves it out. */
  readonly example?: string | number;
}

/** One answer: JSON of a schema, another type, or no body. */
export interface OperationAnswer {
  readonly description: string;
  /** `application/json` if it is absent. */
  readonly type?: string;
  /** Absent when there is no body, or when the type is not JSON. */
  readonly schema?: TSchema;
}

/** One operation. */
export interface Operation {
  /** Name by which generators of clients call it. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** Parameters of the path by name. */
  readonly path?: Readonly<Record<string, Parameter>>;
  readonly query?: Readonly<Record<string, Parameter>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
  readonly body?: {
    readonly schema: TSchema;
    readonly example: unknown;
    /** Whether an empty body is taken as well. */
    readonly isOptional?: true;
  };
  /** Answers by status that are no errors. */
  readonly answers: Readonly<Record<number, OperationAnswer>>;
  /** Status of the answer to the example, where it is not the lowest of `answers`. */
  readonly exampleStatus?: number;
  /** Codes of the errors beside those of {@link GUARDED_ERRORS}. */
  readonly errors?: readonly ErrorCode[];
  /** Whether everybody may ask, without a key or a token. */
  readonly isOpen?: true;
  /** Whether only callers with an API key may ask. */
  readonly isForKeys?: true;
}

/** Errors of every operation that asks for a key or a token. */
export const GUARDED_ERRORS: readonly ErrorCode[] = [
  'unauthorized',
  'expired',
  'revoked',
  'forbidden',
  'rate_limited',
  'unavailable'
];

/** Operations by method and path, as in the route table. */
export type Operations = Readonly<Record<string, Operation>>;
