/** Validates the requests of viewers: it turns text into a request, or into a sentence that says what is wrong. */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import {
  INSPECT_PAGE_MAX,
  WATCHED_THREADS_MAX,
  type InspectRequest
} from '../../protocol/inspection.js';
import { THREAD_ID_MAX, USER_MAX } from '../../protocol/frames.js';

/** Longest request, in bytes: enough for a hundred thread ids, or an event written by hand. */
export const REQUEST_BYTES_MAX = 65_536;

const Id = Type.Integer({ minimum: 0 });
const Limit = Type.Integer({ minimum: 1, maximum: INSPECT_PAGE_MAX });
const Search = Type.String({ maxLength: USER_MAX });
const After = Type.Union([Type.String({ maxLength: USER_MAX }), Type.Null()]);
const State = Type.Union([
  Type.Literal('idle'),
  Type.Literal('delivering'),
  Type.Literal('waiting'),
  Type.Literal('flushing'),
  Type.Literal('undelivered'),
  Type.Literal('passive'),
  Type.Null()
]);

const request = Compile(
  Type.Union([
    Type.Object({
      type: Type.Literal('inspect.watch'),
      id: Id,
      threads: Type.Array(Type.String({ maxLength: THREAD_ID_MAX }), {
        maxItems: WATCHED_THREADS_MAX
      }),
      everything: Type.Boolean()
    }),
    Type.Object({
      type: Type.Literal('inspect.threads'),
      id: Id,
      search: Search,
      state: State,
      connection: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
      after: After,
      limit: Limit
    }),
    Type.Object({
      type: Type.Literal('inspect.connections'),
      id: Id,
      search: Search,
      after: After,
      limit: Limit
    }),
    Type.Object({ type: Type.Literal('inspect.record'), id: Id, on: Type.Boolean() }),
    Type.Object({
      type: Type.Literal('inspect.send'),
      id: Id,
      sessionId: Type.String({ maxLength: 64 }),
      event: Type.Object({ type: Type.String({ minLength: 1, maxLength: 128 }) })
    })
  ])
);

/** A request, or why it is not valid. `id` is the request's, if it could be read. */
export type DecodedRequest =
  | { readonly ok: true; readonly request: InspectRequest }
  | { readonly ok: false; readonly id: number | null; readonly message: string };

/** Reads one request. */
export function decodeRequest(text: string | null): DecodedRequest {
  if (text === null) return { ok: false, id: null, message: 'requests are text, not binary' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, id: null, message: 'the request is not JSON' };
  }
  if (isRequest(value)) return { ok: true, request: value };
  const [type, id] = ['type', 'id'].map((name): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  );
  return {
    ok: false,
    id: typeof id === 'number' && Number.isSafeInteger(id) ? id : null,
    message: `the request does not fit the schema of ${typeof type === 'string' ? type.slice(0, 40) : 'any request'}`
  };
}

/** Parsed JSON contains only JSON, so the fields of an event need no further check. */
function isRequest(value: unknown): value is InspectRequest {
  return request.Check(value);
}
