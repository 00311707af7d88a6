/** Requests of the AI SDK: which message is sent or which question answered, whatever the door. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { AI_VERSIONS, aiVersion, type AiVersion } from '../../protocol/ai/ai-chunk.js';
import {
  answersIn,
  bodyOfMessage,
  type AiAnswer,
  type AiMessage
} from '../../protocol/ai/ui-message.js';
import { UserName } from '../../protocol/frames.js';
import { memberBody, type BodyText } from '../../protocol/json-text.js';
import { Mid, RUN_PUBLISH_FIELDS } from '../../protocol/run-fields.js';
import type { TransportRequest } from '../transport/transport.js';
import { editedMid } from './ai-mids.js';

/** Header that names the version of the package `ai`; a WebSocket names it as `version` in the query. */
export const VERSION_HEADER = 'x-ai-version';

const { agent, whileRunning } = RUN_PUBLISH_FIELDS;

/** What an application may add to a request by the `body` of its transport. */
const OWN_FIELDS = {
  agent,
  whileRunning,
  /** The author. A backend must name one; a user's token names its user. */
  from: Type.Optional(Type.Union([UserName, Type.Object({ user: UserName })]))
};

const Message = Type.Object({
  id: Mid,
  role: Type.Union([Type.Literal('user'), Type.Literal('assistant')]),
  parts: Type.Array(Type.Object({ type: Type.String() }), { maxItems: 1_000 })
});
const message = Compile(Message);

/** The fields of a request; of `messages` only the last is looked at. */
export const AiRequestBody = Type.Object({
  id: Type.String(),
  messages: Type.Array(Type.Unknown(), { minItems: 1 }),
  trigger: Type.Optional(
    Type.Union([Type.Literal('submit-message'), Type.Literal('regenerate-message')])
  ),
  messageId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  ...OWN_FIELDS
});
const request = Compile(AiRequestBody);

type Fields = Pick<Static<typeof AiRequestBody>, 'agent' | 'whileRunning' | 'from'>;

/** A message to publish. */
export interface AiSend extends Fields {
  readonly type: 'send';
  readonly thread: string;
  readonly mid: string;
  readonly body: BodyText;
  /** A further answer is wanted: the id of the one that is replaced, null when the client does not name it. */
  readonly again?: string | null;
  readonly regenerates?: string;
  readonly edits?: string;
}

/** Answers to questions of a run. */
export interface AiReply extends Fields {
  readonly type: 'reply';
  readonly thread: string;
  readonly run: string;
  readonly answers: readonly AiAnswer[];
}

/** What a request asks for. */
export type AiRequest = AiSend | AiReply;

/** Returns what a request asks for; a sentence when it cannot be understood. */
export function readAiRequest(value: unknown): AiRequest | string {
  if (!request.Check(value)) return faultOf(request.Errors(value));
  const { id: thread, trigger, messageId, agent, whileRunning, from } = value;
  const last = value.messages.at(-1);
  if (!message.Check(last)) return `the last message: ${faultOf(message.Errors(last))}`;
  const fields = {
    ...(agent === undefined ? {} : { agent }),
    ...(whileRunning === undefined ? {} : { whileRunning }),
    ...(from === undefined ? {} : { from })
  };
  if (last.role === 'assistant') {
    return { type: 'reply', thread, run: last.id, answers: answersIn(last), ...fields };
  }
  return sendOf(last, thread, trigger === 'regenerate-message', messageId ?? null, fields);
}

function sendOf(
  last: AiMessage,
  thread: string,
  isAgain: boolean,
  messageId: string | null,
  fields: Fields
): AiSend | string {
  const content = bodyOfMessage(last);
  const body = memberBody(JSON.stringify({ body: content }), 'body');
  if (body === null || Object.values(content).every((part) => part === '')) {
    return 'the last message has no text';
  }
  const { id: mid } = last;
  const send = { type: 'send', thread, body, ...fields } as const;
  if (isAgain) return { ...send, mid, again: messageId };
  // An edited message has the id of the one before, which is in the log already.
  if (messageId === mid) return { ...send, mid: editedMid(mid, body.json), edits: mid };
  return { ...send, mid };
}

/** Returns the version that a request names; null when there is no such one. Without a name it is `fallback`. */
export function versionOf(asked: TransportRequest, fallback: AiVersion): AiVersion | null {
  const named =
    asked.header(VERSION_HEADER) ?? new URLSearchParams(asked.query).get('version') ?? undefined;
  return named === undefined ? fallback : aiVersion(named);
}

/** What is said about a version that does not exist. */
export const NO_VERSION = `the version must be one of ${AI_VERSIONS.join(', ')}: ${VERSION_HEADER}, or version in the query`;

function faultOf(
  errors: readonly { readonly instancePath: string; readonly message: string }[]
): string {
  const [first] = errors;
  return first === undefined
    ? 'the request does not fit'
    : `${first.instancePath} ${first.message}`.trimStart();
}
