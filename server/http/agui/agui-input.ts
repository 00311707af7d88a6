/** Reads a `RunAgentInput`, as far as it matters: the log is the history, so of the messages only the last one counts. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { Mid, RUN_PUBLISH_FIELDS } from '../../../protocol/run-fields.js';
import { readInterruptId } from './agui-event.js';

/** Longest id of an AG-UI run, in characters. */
const RUN_ID_MAX = 256;

/** Most answers in one request. */
const RESUME_MAX = 16;

const Message = Type.Object({
  id: Type.String(),
  role: Type.String(),
  content: Type.Optional(Type.Unknown())
});

const RunFields = Type.Object(RUN_PUBLISH_FIELDS);

/** A `RunAgentInput`, as far as this server reads it. */
export const AgUiRunInput = Type.Object({
  threadId: Type.String(),
  runId: Type.String({ minLength: 1, maxLength: RUN_ID_MAX }),
  messages: Type.Array(Message),
  // What the client sends along for this server.
  forwardedProps: Type.Optional(
    Type.Union([Type.Object({ rollcall: Type.Optional(RunFields) }), Type.Null()])
  ),
  resume: Type.Optional(
    Type.Array(
      Type.Object({
        interruptId: Type.String(),
        status: Type.Union([Type.Literal('resolved'), Type.Literal('cancelled')]),
        payload: Type.Optional(Type.Unknown())
      }),
      { maxItems: RESUME_MAX }
    )
  )
});
const input = Compile(AgUiRunInput);
const mid = Compile(Mid);

/** An answer to a question; without a value, the run is to be cancelled. */
export interface AgUiReply {
  readonly run: string;
  readonly ask: string;
  readonly value?: unknown;
}

/** The message to answer. */
export interface AgUiQuestion {
  readonly mid: string;
  readonly text: string;
}

/** What a request asks for. */
export interface AgUiInput {
  readonly thread: string;
  readonly runId: string;
  /** The last message of the user; null when there is none. */
  readonly message: AgUiQuestion | null;
  readonly replies: readonly AgUiReply[];
  /** Fields of the publish. */
  readonly fields: Static<typeof RunFields>;
}

/** Returns what a body asks for; a sentence when it does not fit; null when it is not JSON. */
export function readInput(body: string): AgUiInput | string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (!input.Check(value)) {
    const [first] = input.Errors(value);
    return first === undefined
      ? 'the body does not fit'
      : `${first.instancePath} ${first.message}`.trimStart();
  }
  const { threadId: thread, runId, messages, resume = [], forwardedProps } = value;
  const replies: AgUiReply[] = [];
  for (const [index, { interruptId, status, payload }] of resume.entries()) {
    const asked = readInterruptId(interruptId);
    if (asked === null) return `/resume/${String(index)}/interruptId names no question`;
    replies.push(status === 'cancelled' ? asked : { ...asked, value: payload ?? null });
  }
  const message = lastOf(messages);
  if (typeof message === 'string') return message;
  if (message === null && replies.length === 0) {
    return '/messages must have one with the role user';
  }
  return { thread, runId, message, replies, fields: forwardedProps?.rollcall ?? {} };
}

/** Returns the last message of the user; a sentence when it cannot be published; null when there is none. */
function lastOf(messages: readonly Static<typeof Message>[]): AgUiQuestion | string | null {
  const index = messages.findLastIndex(({ role }) => role === 'user');
  const last = messages[index];
  if (last === undefined) return null;
  const at = `/messages/${String(index)}`;
  if (!mid.Check(last.id)) return `${at}/id must have 1 to 64 characters`;
  const text = textOf(last.content);
  return text === null ? `${at}/content must be text` : { mid: last.id, text };
}

/** Returns the text of a message's content; null when it is more than text. */
function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = content.map((part: unknown) => {
    const isText =
      typeof part === 'object' && part !== null && 'type' in part && part.type === 'text';
    return isText && 'text' in part && typeof part.text === 'string' ? part.text : null;
  });
  return texts.every((text) => text !== null) ? texts.join('\n') : null;
}
