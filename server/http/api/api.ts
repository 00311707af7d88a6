/**
 * HTTP API of threads: history and publishing, for backends and users, and server-sent events for clients in networks
 * without WebSockets.
 */
import { authorOf, refusalReply } from './author.js';
import type { LogReader } from '../../../actors/log/log-reader.js';
import { COME_BACK_MS, NO_MEMORY, type Memory } from '../../../actors/memory/memory.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity, UserIdentity } from '../../access/identity.js';
import type { Guard } from '../../access/guard.js';
import { publishQuestion } from '../../access/named-messages.js';
import type { Scope } from '../../access/scopes.js';
import type { ApiAccess } from '../../auth/api-access.js';
import { ticketIn, type TakenTicket, type Tickets } from '../../auth/tickets.js';
import type { EventStreams } from '../event-streams.js';
import { refusalOf } from '../refusal.js';
import { encodeAck, encodePage } from '../../chat/frame-encoder.js';
import { decodedPart, guarded, type Asked, type Route } from '../route-table.js';
import { clientAddress } from '../../transport/client-address.js';
import { askAgain, json, problem } from '../../transport/problem.js';
import {
  HISTORY_LIMIT_MAX,
  isThreadId,
  PUBLISH_FIELDS,
  UserName
} from '../../../protocol/frames.js';
import { readPlace } from '../../../protocol/place.js';
import { keptMembers, type BodyText } from '../../../protocol/json-text.js';
import { HISTORY_CHARS_MAX, PAGE_DEFAULT, pageAfter } from '../../chat/message-pages.js';
import type { Published, Publisher } from '../../chat/publisher.js';
import { pageGap, resumePoint } from '../../../actors/log/resume-point.js';
import { unreadable } from '../../chat/unreadable.js';
import {
  charPoints,
  FRAME_POINTS,
  HISTORY_POINTS,
  messagePoints,
  SUBSCRIBE_POINTS
} from '../../chat/work/costs.js';
import type { KeyedBuckets } from '../../chat/work/keyed-buckets.js';
import type { NoteLimited } from '../../limits/limited.js';
import type { HttpCosts } from '../http-costs.js';
import {
  type HttpReply,
  type HttpStreamReply,
  type TransportRequest
} from '../../transport/transport.js';
import { requestFaults } from './request-faults.js';
import { NOT_SERVING, publishTurnedAway } from '../serving.js';

/** Options of {@link createApi}. */
export interface ApiOptions {
  readonly access: ApiAccess;
  /** What opens event streams besides a token. */
  readonly tickets: Pick<Tickets, 'take'>;
  readonly log: LogReader;
  readonly guard: Guard;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  readonly publisher: Publisher;
  /** How fast each user may publish over HTTP; the WebSockets have limits of their own. */
  readonly publishRates: KeyedBuckets;
  readonly events: EventStreams;
  readonly incidents: Pick<Incidents, 'note'>;
  readonly trustProxy: boolean;
  readonly memory: Pick<Memory, 'refusesPages'>;
  /** Longest request body, in bytes. */
  readonly bodyBytes: number;
  /** Returns whether clients may connect now; publishing and streams need that, history does not. */
  readonly isServing: () => boolean;
  readonly costs: HttpCosts;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

const From = Type.Union([UserName, Type.Object({ user: UserName })]);
/** Body of `POST …/messages`. */
export const PublishBody = Type.Object({
  ...PUBLISH_FIELDS,
  /** The author. A backend must name one; a user's token names its user. */
  from: Type.Optional(From),
  /** The thread's owner, in place of its first publisher; for backends only. */
  owner: Type.Optional(UserName)
});
const publishBodies = {
  user: Compile(PublishBody),
  backend: Compile(Type.Object({ ...PublishBody.properties, from: From }))
};

/** A publish that fits, with its body as it was written. */
type Publish = Omit<Static<typeof PublishBody>, 'body'> & { readonly body: BodyText };

const NO_PLACE = 'after must be an offset, 0 or more, or <epoch>:<offset>';

/** Returns the routes below `/api/threads/`. */
export function createApi(options: ApiOptions): Route[] {
  const { access } = options;
  const reader = (request: TransportRequest, scope: Scope): Promise<Identity> =>
    access.reader(request, scope);
  const refuses = (asked: Asked): HttpReply | null =>
    isThreadId(threadOf(asked)) ? null : problem('bad_thread');
  const failed = requestFaults(options);
  const messages = { path: '/api/threads/{thread}/messages', refuses, failed };
  const events = { path: '/api/threads/{thread}/events', refuses, failed };
  return [
    guarded({
      ...messages,
      methods: ['GET'],
      scope: 'read',
      access: reader,
      handler: (asked, caller) => history(options, asked.request, threadOf(asked), caller)
    }),
    guarded({
      ...messages,
      methods: ['POST'],
      scope: 'publish',
      access: reader,
      handler: (asked, caller) => publish(options, asked.request, threadOf(asked), caller)
    }),
    guarded<TakenTicket, 'read'>({
      ...events,
      methods: ['GET'],
      scope: 'read',
      access: async (request, scope) => {
        const ticket = ticketIn(request);
        if (ticket !== null) return options.tickets.take(ticket);
        return { identity: await access.listener(request, scope), thread: null };
      },
      handler: (asked, { identity, thread }) => {
        if (thread === null || thread === threadOf(asked)) {
          return stream(options, asked.request, threadOf(asked), identity);
        }
        return problem('forbidden', 'the ticket is for another thread');
      }
    })
  ];
}

/** Returns the thread of the path; empty, which is no valid thread id, when its encoding is broken. */
function threadOf({ part }: Asked): string {
  return decodedPart(part('thread')) ?? '';
}

/** Returns a whole number of the query; `fallback` when it is absent, null when it is not valid. */
function numberOf(query: URLSearchParams, name: string, fallback: number): number | null {
  const text = query.get(name);
  if (text === null) return fallback;
  const number = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(number) ? number : null;
}

async function history(
  options: ApiOptions,
  request: TransportRequest,
  thread: string,
  caller: Identity
): Promise<HttpReply> {
  const refusal = await options.guard.decide(caller, 'read', thread);
  if (refusal !== null) return refusalOf(refusal);
  if (options.memory.refusesPages()) {
    return askAgain(problem('unavailable', NO_MEMORY), COME_BACK_MS / 1_000);
  }
  const query = new URLSearchParams(request.query);
  const after = readPlace(query.get('after') ?? '0');
  const limit = numberOf(query, 'limit', PAGE_DEFAULT);
  if (after === null) return problem('bad_frame', NO_PLACE);
  if (limit === null || limit < 1 || limit > HISTORY_LIMIT_MAX) {
    return problem('bad_frame', `limit must be 1 to ${String(HISTORY_LIMIT_MAX)}`);
  }
  const { log, costs } = options;
  const payer = costs.payer(request, caller);
  const wait = await costs.admit(payer, HISTORY_POINTS + charPoints(HISTORY_CHARS_MAX));
  if (wait !== null) return wait;
  const lost = options.guard.refusal(caller, 'read', thread);
  if (lost !== null) return refusalOf(lost);
  const head = log.head(thread) ?? log.ensure(thread);
  const { cursor, gap } = resumePoint(after, head);
  const place = { after: cursor, last: head.last };
  const { entries, damaged } = pageAfter(log, thread, place, limit);
  if (damaged !== null) unreadable(damaged.why, options.incidents);
  const last = entries.at(-1)?.offset ?? damaged?.to ?? cursor;
  const body = encodePage(thread, head, pageGap(gap, damaged), entries, last < head.last);
  costs.charge(payer, HISTORY_POINTS + messagePoints(entries.length, body.length));
  return { ...json(200, null), body };
}

async function publish(
  options: ApiOptions,
  request: TransportRequest,
  thread: string,
  caller: Identity
): Promise<HttpReply> {
  const { publisher, isServing, bodyBytes, costs } = options;
  if (!isServing()) return publishTurnedAway(publisher);
  const text = await request.body(bodyBytes);
  const points = FRAME_POINTS + charPoints(text.length);
  await costs.admit(null, points);
  costs.charge(null, points);
  // A caller can draw out the body until its token has been revoked. Rights are judged with the message.
  if (caller.kind === 'user' && options.isRevoked(caller)) return problem('revoked');
  const parsed = parse(text, caller.kind);
  if (typeof parsed === 'string') return problem('bad_frame', parsed);
  if (parsed === null) return problem('bad_json');
  const author = authorOf(options, request, caller, { ...parsed, thread });
  if ('status' in author) return author;
  const question = publishQuestion((action) => options.guard.ask(caller, action, thread), parsed);
  if (question !== null) await question;
  const { from: _, ...fields } = parsed;
  const traceparent = fields.traceparent ?? request.header('traceparent') ?? undefined;
  const published = await new Promise<Published>((resolve) => {
    publisher.publish(author, { ...fields, thread, traceparent }, resolve);
  });
  if (!published.ok) return refusalReply(published);
  return {
    ...json(published.duplicate ? 200 : 201, null),
    body: encodeAck({ thread, mid: fields.mid }, published, publisher.durability).text
  };
}

/** Returns the body of a publish; a sentence when it does not fit the schema; null when it is not JSON. */
function parse(text: string, caller: Identity['kind']): Publish | string | null {
  const publishBody = publishBodies[caller];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (publishBody.Check(value)) {
    const { body } = keptMembers(text);
    return body === null ? '/body is missing' : { ...value, body };
  }
  const [first] = publishBody.Errors(value);
  return first === undefined
    ? 'the body does not fit'
    : `${first.instancePath} ${first.message}`.trimStart();
}

async function stream(
  options: ApiOptions,
  request: TransportRequest,
  thread: string,
  caller: Identity
): Promise<HttpReply | HttpStreamReply> {
  if (!options.isServing()) return NOT_SERVING;
  const refusal = await options.guard.decide(caller, 'read', thread);
  if (refusal !== null) return refusalOf(refusal);
  // Without a start the stream begins with the next message, as a subscription does.
  const asked = request.header('last-event-id') ?? new URLSearchParams(request.query).get('after');
  const after = asked === null ? null : readPlace(asked);
  if (asked !== null && after === null) return problem('bad_frame', NO_PLACE);
  const { costs } = options;
  const payer = costs.payer(request, caller);
  const address = clientAddress(request, options.trustProxy);
  const wait = await costs.admit(payer, SUBSCRIBE_POINTS);
  if (wait !== null) return wait;
  costs.charge(payer, SUBSCRIBE_POINTS);
  return options.events.open(thread, after, caller, address);
}
