/**
 * The HTTP server API of threads: history and publishing for backends, server-sent events for clients whose network
 * lets no WebSocket through.
 */
import type { Clock } from '../../actors/clock.js';
import { LogCorruptError, LogUnavailableError } from '../../actors/log/log-errors.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { AppendResult, LogWriter } from '../../actors/log/log-writer.js';
import type { ThreadRecords } from '../../actors/log/thread-records.js';
import type { Threads } from '../../actors/threads/threads.js';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ApiAccess, Caller } from '../auth/api-access.js';
import type { EventStreams } from './event-streams.js';
import { encodeAck } from '../chat/frame-encoder.js';
import { decodedPart, guarded, type Asked, type Route } from './route-table.js';
import { json, problem } from '../transport/problem.js';
import {
  HISTORY_LIMIT_MAX,
  isAgentKind,
  isThreadId,
  PUBLISH_FIELDS,
  USER_MAX
} from '../../protocol/frames.js';
import { HISTORY_CHARS_MAX, PAGE_DEFAULT } from '../chat/routes.js';
import {
  BodyTooLargeError,
  type HttpReply,
  type HttpStreamReply,
  type TransportRequest
} from '../transport/transport.js';

/** What the API works with. */
export interface ApiOptions {
  readonly access: ApiAccess;
  readonly log: LogReader & ThreadRecords & Pick<LogWriter, 'durability'>;
  readonly threads: Threads;
  readonly events: EventStreams;
  readonly clock: Clock;
  /** Longest request body, in bytes. */
  readonly bodyBytes: number;
  /** Whether clients are let in now; publishing and streams wait for it, history does not. */
  readonly isServing: () => boolean;
}

const Name = Type.String({ minLength: 1, maxLength: USER_MAX });
const PublishBody = Type.Object({
  ...PUBLISH_FIELDS,
  from: Type.Union([Name, Type.Object({ user: Name })]),
  /** Names the thread's owner, in place of its first publisher. */
  owner: Type.Optional(Name)
});
const publishBody = Compile(PublishBody);

/** The routes of everything below `/api/threads/`. */
export function createApi(options: ApiOptions): Route[] {
  const { access } = options;
  const backend = (request: TransportRequest): Caller => access.backend(request);
  const reader = (request: TransportRequest): Promise<Caller> => access.reader(request);
  const refuses = (asked: Asked): HttpReply | null =>
    isThreadId(threadOf(asked)) ? null : problem('bad_thread');
  const messages = { path: '/api/threads/{thread}/messages', refuses, failed };
  const events = { path: '/api/threads/{thread}/events', refuses, failed };
  return [
    guarded({
      ...messages,
      methods: ['GET'],
      access: reader,
      handler: (asked) => history(options, asked.request, threadOf(asked))
    }),
    guarded({
      ...messages,
      methods: ['POST'],
      access: backend,
      handler: (asked) => publish(options, asked.request, threadOf(asked))
    }),
    guarded({
      ...events,
      methods: ['GET'],
      access: reader,
      handler: (asked, caller) => stream(options, asked.request, threadOf(asked), caller)
    })
  ];
}

/** The thread of the path; empty, which is no thread, when its encoding is broken. */
function threadOf({ part }: Asked): string {
  return decodedPart(part('thread')) ?? '';
}

function failed(error: unknown): HttpReply | null {
  if (error instanceof BodyTooLargeError) return problem('too_large', error.message);
  if (error instanceof LogUnavailableError || error instanceof LogCorruptError) {
    // The error names a directory, which is nobody's business out there.
    return problem('unavailable', 'this part of the thread log cannot be read now');
  }
  return null;
}

/** A whole number of the query; `fallback` when it is not given, null when it is no such number. */
function numberOf(query: URLSearchParams, name: string, fallback: number): number | null {
  const text = query.get(name);
  if (text === null) return fallback;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function history(options: ApiOptions, request: TransportRequest, thread: string): HttpReply {
  const query = new URLSearchParams(request.query);
  const after = numberOf(query, 'after', 0);
  const limit = numberOf(query, 'limit', PAGE_DEFAULT);
  if (after === null) return problem('bad_frame', 'after must be an offset, 0 or more');
  if (limit === null || limit < 1 || limit > HISTORY_LIMIT_MAX) {
    return problem('bad_frame', `limit must be 1 to ${String(HISTORY_LIMIT_MAX)}`);
  }
  const { log } = options;
  const head = log.head(thread) ?? log.ensure(thread);
  const page = log.read(thread, after, limit, HISTORY_CHARS_MAX);
  const last = page.at(-1)?.offset ?? after;
  // Asking from 0 asks for all that is kept; only an offset that was once there can be missed.
  const gap =
    after > 0 && after < head.first - 1
      ? `{"from":${String(after + 1)},"to":${String(head.first - 1)},"reason":"trimmed"}`
      : 'null';
  const body =
    `{"thread":"${thread}","epoch":"${head.epoch}","offset":${String(head.last)},"gap":${gap},` +
    `"messages":[${page.map(({ frame }) => frame).join(',')}],"more":${String(last < head.last)}}`;
  return { ...json(200, null), body };
}

async function publish(
  options: ApiOptions,
  request: TransportRequest,
  thread: string
): Promise<HttpReply> {
  if (!options.isServing()) return problem('unavailable', 'the server is not serving yet');
  const entry = parse(await request.body(options.bodyBytes));
  if (typeof entry === 'string') return problem('bad_frame', entry);
  if (entry === null) return problem('bad_json');
  const { mid, kind = 'user_message', from, owner } = entry;
  if (isAgentKind(kind)) {
    return problem('forbidden_kind', `${kind} is the server's own kind`);
  }
  const { log, threads, clock } = options;
  if (owner !== undefined) {
    try {
      await log.setOwner(thread, owner);
    } catch {
      return problem('unavailable', 'the owner was not stored');
    }
  }
  const message = {
    mid,
    user: typeof from === 'string' ? from : from.user,
    kind,
    bodyJson: JSON.stringify(entry.body),
    at: clock.now()
  };
  const result = await new Promise<AppendResult>((resolve) => {
    threads.publish(threads.get(thread), message, entry.expect === 'stored', resolve);
  });
  if (!result.ok) return problem(result.code, result.reason);
  return {
    ...json(result.duplicate ? 200 : 201, null),
    body: encodeAck({ thread, mid }, result, log.durability)
  };
}

/** A publish body; a sentence when it does not fit; null when it is not JSON. */
function parse(text: string): Static<typeof PublishBody> | string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (publishBody.Check(value)) return value;
  const [first] = publishBody.Errors(value);
  return first === undefined
    ? 'the body does not fit'
    : `${first.instancePath} ${first.message}`.trimStart();
}

function stream(
  options: ApiOptions,
  request: TransportRequest,
  thread: string,
  caller: Caller
): HttpReply | HttpStreamReply {
  if (!options.isServing()) return problem('unavailable', 'the server is not serving yet');
  const query = new URLSearchParams(request.query);
  const resumed = request.header('last-event-id');
  if (resumed !== undefined) query.set('after', resumed);
  // Without a place to start from it is live from now on, as a subscription is.
  const after = numberOf(query, 'after', -1);
  if (after === null) return problem('bad_frame', 'after must be an offset, 0 or more');
  const user = caller.kind === 'user' ? caller.user : null;
  return options.events.open(thread, after < 0 ? null : after, user, request.address);
}
