/**
 * Checks the server's frames against `SERVER_FRAMES`. A field that is not in the schema is a fault.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { SERVER_FRAMES } from '../../../protocol/frames.js';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a schema with `additionalProperties: false` added wherever a schema does not say what others may be. */
export function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isObject(schema)) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, strict(part)])
  );
  return schema['type'] === 'object' ? { additionalProperties: false, ...copy } : copy;
}

const CHECKS = new Map(
  Object.entries(SERVER_FRAMES).map(([type, schema]) => [type, Compile(strict(schema) as TSchema)])
);

/** Returns what is wrong with a frame of the server; null when it fits its schema exactly. */
export function misfit(frame: { readonly type: string }): string | null {
  const check = CHECKS.get(frame.type);
  if (check === undefined) return `the server sent a frame of no known type: ${frame.type}`;
  if (check.Check(frame)) return null;
  const [first] = check.Errors(frame);
  const fault = first === undefined ? '' : `${first.instancePath} ${first.message} `;
  return `the server sent what its schema does not have: ${fault}in ${JSON.stringify(frame).slice(0, 500)}`;
}
