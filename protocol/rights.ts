/** Frames that tell subscribers who owns a thread, which agent answers there, and what they may do there. */
import Type, { type Static } from 'typebox';
import { AgentName } from './run-fields.js';

/** What a user may do with a thread, in the order in which frames name it. */
export const RIGHTS = ['read', 'write', 'manage'] as const;

/** One of {@link RIGHTS}. */
export type Right = (typeof RIGHTS)[number];

/** A list of rights. A client ignores names that it does not know. */
export const May = Type.Array(
  Type.Union([Type.Literal('read'), Type.Literal('write'), Type.Literal('manage')])
);

/** Value of `may` on the wire. */
export type MayValue = Static<typeof May>;

/** Tells a subscriber that its user may do something else with the thread from now on. */
export const RightsFrame = Type.Object({
  type: Type.Literal('rights'),
  thread: Type.String(),
  may: May
});

/** Tells subscribers that the thread has another owner. */
export const OwnerFrame = Type.Object({
  type: Type.Literal('owner'),
  thread: Type.String(),
  owner: Type.String(),
  // Who changed it; null for a backend.
  by: Type.Union([Type.String(), Type.Null()])
});

/** Tells subscribers which agent answers in a thread from now on. */
export const AgentFrame = Type.Object({
  type: Type.Literal('agent'),
  thread: Type.String(),
  // Null: none does.
  agent: Type.Union([AgentName, Type.Null()]),
  // Who changed it; null for a backend.
  by: Type.Union([Type.String(), Type.Null()])
});
