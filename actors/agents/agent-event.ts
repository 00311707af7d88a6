/** Checks what an agent yields. Agents are code of others and may yield anything. */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { AgentError, type AgentEvent } from './agent.js';

const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Count = Type.Optional(Type.Number({ minimum: 0 }));

const EVENT = Compile(
  Type.Union([
    Type.Object({ type: Type.Literal('text'), text: Text }),
    Type.Object({ type: Type.Literal('thinking'), text: Text }),
    Type.Object({
      type: Type.Literal('toolCall'),
      call: Name,
      tool: Name,
      args: Type.Unknown()
    }),
    Type.Object({
      type: Type.Literal('toolResult'),
      call: Name,
      ok: Type.Boolean(),
      result: Type.Optional(Type.Unknown()),
      error: Type.Optional(Text)
    }),
    Type.Object({
      type: Type.Literal('ask'),
      prompt: Type.String({ maxLength: 4_096 }),
      schema: Type.Optional(Type.Object({})),
      withinMs: Type.Optional(Type.Number({ minimum: 1 }))
    }),
    Type.Object({
      type: Type.Literal('usage'),
      input: Count,
      output: Count,
      cached: Count,
      reasoning: Count,
      model: Type.Optional(Type.String({ maxLength: 128 }))
    })
  ])
);

/**
 * Returns what an agent yielded as an event; a plain string is a piece of the answer.
 * @throws {AgentError} `bad_event` when it is not an event
 */
export function checkedEvent(value: unknown): Exclude<AgentEvent, string> {
  if (typeof value === 'string') return { type: 'text', text: value };
  if (isEvent(value)) return value;
  throw new AgentError('bad_event', 'the agent yielded something that is no event');
}

function isEvent(value: unknown): value is Exclude<AgentEvent, string> {
  return EVENT.Check(value);
}
