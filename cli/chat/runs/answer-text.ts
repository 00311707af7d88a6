/** Answers to the questions of agents: what a question takes, in words, and what somebody typed as a value that fits. */
import Schema from 'typebox/schema';
import { isAnswerOf, isTooLong } from '../../../actors/agents/answer-schema.js';
import { isRecord } from '../../../client/sdk/json.js';
import { safeJson, safeLine } from '../../terminal/safe-text.js';

/** Most choices or fields that are named; the others are counted. */
const NAMED_MAX = 8;

/** Most characters shown of a schema that there are no words for. */
const SCHEMA_SHOWN_MAX = 200;

/** What was typed, as the value that is sent; or in words why it does not fit. */
export type ReadAnswer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly words: string };

/** Reads a typed answer: as JSON, as yes or no, or as text, whatever fits first. */
export function readAnswer(schema: object | null, text: string): ReadAnswer {
  const json = parsed(text);
  const yesOrNo = /^(?:y|yes)$/i.test(text) ? [true] : /^(?:n|no)$/i.test(text) ? [false] : [];
  const values: unknown[] = [...(json === undefined ? [] : [json]), ...yesOrNo, text];
  // A text that happens to be JSON, as 42, stays a text where texts are asked for.
  if (schema === null || Reflect.get(schema, 'type') === 'string') values.reverse();
  const found = values.find((value) => isAnswerOf(schema, value));
  if (found !== undefined) return { ok: true, value: found };
  const [first] = values;
  const why = isTooLong(first) ? 'it is too long' : faultOf(schema, first);
  return { ok: false, words: `that does not fit: ${why}; it takes ${answerWords(schema)}` };
}

/** Returns in words what a question takes. */
export function answerWords(schema: object | null): string {
  if (schema === null) return 'any text';
  const { type, enum: choices, const: only, properties, required } = fieldsOf(schema);
  if (only !== undefined) return short(only);
  if (Array.isArray(choices)) return `one of ${named(choices.map(short))}`;
  if (type === 'boolean') return 'yes or no';
  if (type === 'integer') return `a whole number${rangeWords(schema)}`;
  if (type === 'number') return `a number${rangeWords(schema)}`;
  if (type === 'string') return 'a text';
  if (type !== 'object' || !isRecord(properties)) return `JSON that fits ${short(schema)}`;
  const isNeeded = (name: string): boolean => Array.isArray(required) && required.includes(name);
  const fields = Object.entries(properties).map(([name, field]) => {
    const words = isRecord(field) ? answerWords(field) : 'anything';
    return `${safeLine(name)}${isNeeded(name) ? '' : '?'}: ${words}`;
  });
  return `JSON {${named(fields)}}`;
}

function fieldsOf(schema: object): Readonly<Record<string, unknown>> {
  return isRecord(schema) ? schema : {};
}

function rangeWords(schema: object): string {
  const { minimum, maximum } = fieldsOf(schema);
  const from = typeof minimum === 'number' ? ` from ${String(minimum)}` : '';
  const to = typeof maximum === 'number' ? `${from === '' ? ' up' : ''} to ${String(maximum)}` : '';
  return `${from}${to}`;
}

/** Returns the first thing that is wrong with a value. */
function faultOf(schema: object | null, value: unknown): string {
  if (schema === null) return 'it is no text';
  try {
    const [, [first]] = Schema.Errors(schema, value);
    if (first === undefined) return 'it is another kind of value';
    return safeLine(`${first.instancePath} ${first.message}`.trim());
  } catch {
    return 'the agent asks for something that nothing fits';
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? safeLine(value) : safeJson(value);
  if (text.length <= SCHEMA_SHOWN_MAX) return text;
  return `${text.slice(0, SCHEMA_SHOWN_MAX).toWellFormed()}…`;
}

function named(words: readonly string[]): string {
  const more = words.length - NAMED_MAX;
  const shown = words.slice(0, NAMED_MAX).join(', ');
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}
