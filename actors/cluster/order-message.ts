/** The messages of the order: what they say, and how they are written. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Command } from '../log/replica.js';

/** Version of these messages. A node stops at a message of a later version: it may say what this one cannot apply. */
export const ORDER_VERSION = 1;

const RecordChange = Type.Object({
  thread: Type.String(),
  kind: Type.String(),
  id: Type.String(),
  text: Type.Union([Type.String(), Type.Null()])
});

const Entry = Type.Object({
  mid: Type.String(),
  user: Type.String(),
  kind: Type.String(),
  bodyJson: Type.String(),
  at: Type.Number(),
  owner: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  erases: Type.Optional(Type.Integer()),
  records: Type.Optional(Type.Array(RecordChange))
});

const Author = Type.Object({
  author: Type.String(),
  from: Type.Integer(),
  since: Type.Number()
});

const Unwatched = Type.Object({
  from: Type.Integer(),
  since: Type.Number(),
  state: Type.Union([Type.Literal('waiting'), Type.Literal('undelivered')]),
  authors: Type.Optional(Type.Array(Author))
});

const thread = Type.String();
const user = Type.String();

const AnyCommand = Type.Union([
  Type.Object({ kind: Type.Literal('append'), thread, entry: Entry }),
  Type.Object({ kind: Type.Literal('owner'), thread, owner: Type.String() }),
  Type.Object({ kind: Type.Literal('mark'), thread, user, read: Type.Number() }),
  Type.Object({ kind: Type.Literal('list'), thread, user }),
  Type.Object({
    kind: Type.Literal('unwatched'),
    thread,
    state: Type.Union([Unwatched, Type.Null()])
  }),
  Type.Object({ kind: Type.Literal('record'), thread, record: RecordChange })
]);

const OrderMessage = Type.Union([
  /** Commands of a node, in its order. `source` is one start of the node, and its batches are numbered from 1. */
  Type.Object({
    type: Type.Literal('batch'),
    source: Type.String(),
    number: Type.Integer({ minimum: 1 }),
    commands: Type.Array(AnyCommand)
  }),
  /** The first message of a partition. */
  Type.Object({
    type: Type.Literal('genesis'),
    partitions: Type.Integer({ minimum: 1 }),
    epoch: Type.String(),
    isRenewed: Type.Boolean(),
    /** Id of the cluster, the same in all partitions. */
    cluster: Type.String(),
    /** Whether the cluster began with the log of a single node, which is not in the order. */
    isSeeded: Type.Boolean()
  }),
  /** The order has lost messages that were applied: threads have a new epoch from here. */
  Type.Object({ type: Type.Literal('renewal'), epoch: Type.String() }),
  /** Changes nothing: its sequence shows how far the order is. */
  Type.Object({ type: Type.Literal('probe') })
]);

/** A message of the order. */
export type OrderMessage = Static<typeof OrderMessage>;

const Versioned = Compile(Type.Object({ v: Type.Integer() }));
const Known = Compile(OrderMessage);
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A decoded message, or why it cannot be read. */
export type DecodedMessage =
  | { readonly ok: true; readonly message: OrderMessage }
  | { readonly ok: false; readonly reason: string };

/** Writes a message that has no commands. */
export function encodeMessage(message: Exclude<OrderMessage, { type: 'batch' }>): Uint8Array {
  return Buffer.from(JSON.stringify({ v: ORDER_VERSION, ...message }));
}

/** Writes a command as a part of a batch. */
export function encodeCommand(command: Command): string {
  return JSON.stringify(command);
}

/** Writes a batch of commands that {@link encodeCommand} has written. */
export function encodeBatch(
  source: string,
  number: number,
  commands: readonly string[]
): Uint8Array {
  return Buffer.from(
    `{"v":${String(ORDER_VERSION)},"type":"batch","source":${JSON.stringify(source)},"number":${String(number)},"commands":[${commands.join(',')}]}`
  );
}

/** Reads a message. */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    return { ok: false, reason: 'it is no JSON' };
  }
  if (!Versioned.Check(value)) return { ok: false, reason: 'it is no message of this order' };
  if (value.v > ORDER_VERSION) {
    return { ok: false, reason: `a newer version of Rollcall wrote it (${String(value.v)})` };
  }
  const message: unknown = value;
  return Known.Check(message)
    ? { ok: true, message }
    : { ok: false, reason: 'it is no message of this order' };
}
