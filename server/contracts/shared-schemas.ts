/** Schemas that several operations or frames share; the documents refer to them by name. */
import Type, { type TSchema } from 'typebox';
import { ERRORS } from '../../protocol/errors.js';
import { RoleName, SERVER_FRAMES, Since } from '../../protocol/frames.js';
import { May } from '../../protocol/rights.js';
import { ToldAgent, ToldRun } from '../../protocol/run-fields.js';

/** Messages that a page lacks. `damaged` names those among them that cannot be read. */
export const Gap = Type.Object({
  from: Type.Integer({ minimum: 0 }),
  to: Type.Integer({ minimum: 0 }),
  reason: Type.Union([Type.Literal('trimmed'), Type.Literal('epoch'), Type.Literal('damaged')]),
  damaged: Type.Optional(Type.Object({ from: Type.Integer(), to: Type.Integer() }))
});

/** Body of every error (RFC 9457). */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.Optional(Type.Union(Object.keys(ERRORS).map((code) => Type.Literal(code)))),
  detail: Type.Optional(Type.String()),
  // Whether the same request may succeed later.
  retry: Type.Optional(Type.Boolean())
});

/** Names of the schemas that are shared. */
const NAMES: ReadonlyMap<TSchema, string> = new Map<TSchema, string>([
  [SERVER_FRAMES.message, 'Message'],
  [Gap, 'Gap'],
  [Problem, 'Problem'],
  [RoleName, 'Role'],
  [Since, 'Since'],
  [May, 'May'],
  [ToldAgent, 'Agent'],
  [ToldRun, 'Run']
]);

/** All of them, by name, for the `components` of a document. */
export function sharedSchemas(): Record<string, unknown> {
  return Object.fromEntries(Array.from(NAMES, ([schema, name]) => [name, membersOf(schema)]));
}

/** Returns a schema as JSON, with references in place of those that have a name. */
export function schemaJson(schema: unknown): unknown {
  const name = isSchema(schema) ? NAMES.get(schema) : undefined;
  return name === undefined ? membersOf(schema) : { $ref: `#/components/schemas/${name}` };
}

function membersOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(schemaJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, schemaJson(part)]));
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null;
}
