/**
 * The doors over HTTP for `DefaultChatTransport` of the AI SDK: `POST /ai/chat` answers with the stream of a message's
 * run, `GET /ai/chat/{id}/stream` with that of the run at work, and `POST /ai/chat/{id}/stop` cancels it.
 */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Incidents } from '../../actors/monitor/incidents.js';
import { isThreadId, UserName } from '../../protocol/frames.js';
import { Mid, RunId } from '../../protocol/run-fields.js';
import type { Identity, UserIdentity } from '../access/identity.js';
import type { Scope } from '../access/scopes.js';
import type { ApiAccess } from '../auth/api-access.js';
import { requestFaults } from '../http/api/request-faults.js';
import { EVENT_STREAM_HEADERS } from '../http/event-streams.js';
import { decodedPart, guarded, type Asked, type Route } from '../http/route-table.js';
import type { NoteLimited } from '../limits/limited.js';
import { json, problem } from '../transport/problem.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../transport/transport.js';
import type { AiAnswer } from './ai-answer.js';
import { AI_BODY_BYTES, isRefusal, type AiCaller, type AiDoor } from './ai-door.js';
import { NO_VERSION, versionOf } from './ai-request.js';
import { sendAnswer } from './ai-stream.js';

/** Options of {@link createAiRoutes}. */
export interface AiRoutesOptions {
  readonly access: ApiAccess;
  readonly door: AiDoor;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

const HEADERS = { ...EVENT_STREAM_HEADERS, 'x-vercel-ai-ui-message-stream': 'v1' };

/** Body of `POST /ai/chat/{id}/stop`; without a run or a message, the run at work is stopped. */
export const AiStopBody = Type.Object({
  run: Type.Optional(RunId),
  /** Id of the message whose answer is stopped, also before it has begun. */
  messageId: Type.Optional(Mid),
  from: Type.Optional(Type.Union([UserName, Type.Object({ user: UserName })]))
});
const stopBody = Compile(AiStopBody);

/** Returns the routes below `/ai/`. */
export function createAiRoutes(options: AiRoutesOptions): Route[] {
  const { door } = options;
  const access = (request: TransportRequest, scope: Scope): Promise<Identity> =>
    options.access.listener(request, scope);
  const refuses = (asked: Asked): HttpReply | null =>
    isThreadId(threadOf(asked)) ? null : problem('bad_thread');
  const failed = requestFaults(options);
  return [
    guarded({
      methods: ['POST'],
      path: '/ai/chat',
      scope: 'publish',
      access,
      failed,
      handler: async ({ request }, identity) => {
        const caller = callerOf(request, identity);
        if ('status' in caller) return caller;
        const read = await bodyOf(options, request, identity);
        if ('status' in read) return read;
        const answer = await door.send(caller, read.value, read.chars);
        return isRefusal(answer) ? answer : streamOf(door, answer, caller);
      }
    }),
    guarded({
      methods: ['GET'],
      path: '/ai/chat/{id}/stream',
      refuses,
      scope: 'read',
      access,
      failed,
      handler: async (asked, identity) => {
        const caller = callerOf(asked.request, identity);
        if ('status' in caller) return caller;
        const answer = await door.resume(caller, threadOf(asked));
        if (answer === null) return { status: 204, headers: NOT_STORED, body: '' };
        return isRefusal(answer) ? answer : streamOf(door, answer, caller);
      }
    }),
    guarded({
      methods: ['POST'],
      path: '/ai/chat/{id}/stop',
      refuses,
      scope: 'publish',
      access,
      failed,
      handler: async (asked, identity) => {
        const { request } = asked;
        const read = await bodyOf(options, request, identity);
        if ('status' in read) return read;
        const named = read.value ?? {};
        if (!stopBody.Check(named)) {
          return problem('bad_frame', 'the body has run, messageId and from, or nothing');
        }
        const { run, messageId: mid, from } = named;
        const stopped = await door.stop({ request, identity }, threadOf(asked), {
          ...(run === undefined ? {} : { run }),
          ...(mid === undefined ? {} : { mid }),
          ...(from === undefined ? {} : { from })
        });
        return 'status' in stopped ? stopped : json(200, { stopped: stopped.run });
      }
    })
  ];
}

const NOT_STORED = { 'cache-control': 'no-store' };

/** Returns the thread of the path; empty, which is no valid thread id, when its encoding is broken. */
function threadOf({ part }: Asked): string {
  return decodedPart(part('id')) ?? '';
}

function callerOf(request: TransportRequest, identity: Identity): AiCaller | HttpReply {
  const version = versionOf(request, 5);
  return version === null ? problem('bad_frame', NO_VERSION) : { request, identity, version };
}

/** Reads the body; an empty one is null. */
async function bodyOf(
  { isRevoked }: AiRoutesOptions,
  request: TransportRequest,
  identity: Identity
): Promise<{ readonly value: unknown; readonly chars: number } | HttpReply> {
  const text = await request.body(AI_BODY_BYTES);
  // A caller can draw out the body until its token has been revoked.
  if (identity.kind === 'user' && isRevoked(identity)) return problem('revoked');
  try {
    return { value: text === '' ? null : JSON.parse(text), chars: text.length };
  } catch {
    return problem('bad_json');
  }
}

function streamOf(door: AiDoor, answer: AiAnswer, caller: AiCaller): HttpStreamReply {
  return {
    status: 200,
    headers: HEADERS,
    stream: (out) => {
      void sendAnswer(out, answer, (peer) => {
        door.open(answer, caller, peer);
      });
    }
  };
}
