/**
 * The fields of a form for the question of an agent, made from the question's JSON Schema, and the answer made from what
 * was put into them. Pure. What no field can be made for is written as JSON; the server checks every answer itself.
 */
import { isRecord } from '../../../../sdk/json.js';

/** Longest answer that the server takes, in characters of JSON. */
export const ANSWER_CHARS_MAX = 4_096;

/** Most fields of a form; an object with more is written as JSON. */
export const FIELDS_MAX = 50;

/** Texts that may be longer than this get a field of several lines. */
const LINE_CHARS = 120;

/** What a field takes. */
export type AskKind =
  | {
      readonly type: 'text';
      readonly min: number;
      readonly max: number;
      readonly pattern: string | null;
      readonly isLong: boolean;
    }
  | {
      readonly type: 'number';
      readonly isInteger: boolean;
      readonly min: number | null;
      readonly max: number | null;
      /** Whether `min` and `max` themselves are not allowed. */
      readonly isAbove: boolean;
      readonly isBelow: boolean;
    }
  | { readonly type: 'boolean' }
  | { readonly type: 'choice'; readonly options: readonly AskOption[] }
  | { readonly type: 'json' };

/** One thing to choose. */
export interface AskOption {
  readonly label: string;
  readonly value: unknown;
}

/** One field of a form. */
export interface AskField {
  /** Name in the object that is the answer; null when the field is the whole answer. */
  readonly name: string | null;
  readonly label: string;
  readonly hint: string;
  readonly isRequired: boolean;
  readonly kind: AskKind;
  /** What stands in it at first, in the form of {@link RawAnswer}. */
  readonly preset: string;
}

/** What a person has put into the fields: texts, the index of a choice, or `true` and `false`; in the order of the fields. */
export type RawAnswer = readonly string[];

/** The answer, or what is wrong with which field. */
export type ReadAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: ReadonlyMap<number, string> };

/** Returns the fields for a question; without a schema one for any text. */
export function askFields(schema: object | null): AskField[] {
  if (schema === null) return [field(null, { type: 'string' }, true)];
  if (!isRecord(schema)) return [field(null, {}, true)];
  const { type, properties, required } = schema;
  const parts = type === 'object' && isRecord(properties) ? Object.entries(properties) : [];
  if (parts.length > 0 && parts.length <= FIELDS_MAX) {
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    return parts.map(([name, part]) =>
      field(name, isRecord(part) ? part : {}, needed.includes(name))
    );
  }
  return [field(null, schema, true)];
}

/** Makes the answer of what was put into the fields. */
export function readAnswer(fields: readonly AskField[], raw: RawAnswer): ReadAnswer {
  const problems = new Map<number, string>();
  const values = new Map<string | null, unknown>();
  fields.forEach((one, index) => {
    const text = raw[index] ?? '';
    if (text.trim() === '') {
      if (one.isRequired) problems.set(index, missingWords(one.kind));
      return;
    }
    const read = readField(one.kind, text);
    if (typeof read === 'string') problems.set(index, read);
    else values.set(one.name, read.value);
  });
  const named = [...values].flatMap(([name, value]) => (name === null ? [] : [[name, value]]));
  const value: unknown = values.has(null) ? values.get(null) : Object.fromEntries(named);
  if (problems.size === 0 && JSON.stringify(value).length > ANSWER_CHARS_MAX) {
    const most = ANSWER_CHARS_MAX.toLocaleString('en');
    problems.set(0, `The answer is too long: it has at most ${most} characters`);
  }
  return problems.size === 0 ? { ok: true, value } : { ok: false, problems };
}

function field(
  name: string | null,
  schema: Readonly<Record<string, unknown>>,
  isRequired: boolean
): AskField {
  const { title, description, default: preset } = schema;
  const kind = kindOf(schema);
  return {
    name,
    label: typeof title === 'string' && title !== '' ? title : (name ?? 'Your answer'),
    hint: [typeof description === 'string' ? description : '', boundsWords(kind)]
      .filter((words) => words !== '')
      .join(' · '),
    isRequired,
    kind,
    preset: presetOf(kind, preset)
  };
}

function kindOf(schema: Readonly<Record<string, unknown>>): AskKind {
  const options = optionsOf(schema);
  if (options !== null) return { type: 'choice', options };
  const { type, minLength, maxLength, pattern } = schema;
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'string') {
    const max = numberOf(maxLength) ?? ANSWER_CHARS_MAX;
    return {
      type: 'text',
      min: numberOf(minLength) ?? 0,
      max,
      pattern: typeof pattern === 'string' ? pattern : null,
      isLong: max > LINE_CHARS && typeof pattern !== 'string'
    };
  }
  if (type !== 'number' && type !== 'integer') return { type: 'json' };
  const above = numberOf(schema['exclusiveMinimum']);
  const below = numberOf(schema['exclusiveMaximum']);
  return {
    type: 'number',
    isInteger: type === 'integer',
    min: above ?? numberOf(schema['minimum']),
    max: below ?? numberOf(schema['maximum']),
    isAbove: above !== null,
    isBelow: below !== null
  };
}

/** What `enum`, `const`, or a choice between constants (`anyOf`, `oneOf`) offers; null when the schema is none of these. */
function optionsOf(schema: Readonly<Record<string, unknown>>): AskOption[] | null {
  const { enum: listed, anyOf, oneOf } = schema;
  if (Array.isArray(listed) && listed.length > 0) {
    return listed.map((value: unknown) => ({ value, label: labelOf(value) }));
  }
  if ('const' in schema) return [{ value: schema['const'], label: labelOf(schema['const']) }];
  const parts: unknown = anyOf ?? oneOf;
  if (!Array.isArray(parts) || parts.length === 0) return null;
  const options = parts.map((part: unknown) => {
    if (!isRecord(part) || !('const' in part)) return null;
    const { const: value, title } = part;
    return { value, label: typeof title === 'string' ? title : labelOf(value) };
  });
  const known = options.filter((option) => option !== null);
  return known.length === options.length ? known : null;
}

function labelOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function presetOf(kind: AskKind, preset: unknown): string {
  if (kind.type === 'boolean') return preset === true ? 'true' : 'false';
  if (kind.type === 'choice') {
    const index = kind.options.findIndex(({ value }) => value === preset);
    if (index >= 0) return String(index);
    return kind.options.length === 1 ? '0' : '';
  }
  if (preset === undefined) return '';
  return kind.type === 'text' && typeof preset === 'string' ? preset : JSON.stringify(preset);
}

/** Reads what is in a field that is not empty: its value, or words that say what is wrong. */
function readField(kind: AskKind, raw: string): { readonly value: unknown } | string {
  switch (kind.type) {
    case 'boolean':
      return { value: raw === 'true' };
    case 'choice': {
      const option = kind.options[Number(raw)];
      return option === undefined ? missingWords(kind) : { value: option.value };
    }
    case 'number':
      return readNumber(kind, raw.trim());
    case 'text':
      return textProblem(kind, raw) ?? { value: raw };
    case 'json':
      try {
        return { value: JSON.parse(raw) };
      } catch {
        return 'This is no JSON: write "text" in quotes, [lists] and {"objects": 1}';
      }
  }
}

function readNumber(
  kind: Extract<AskKind, { type: 'number' }>,
  raw: string
): { readonly value: number } | string {
  const value = Number(raw);
  if (!Number.isFinite(value)) return missingWords(kind);
  if (kind.isInteger && !Number.isInteger(value)) return missingWords(kind);
  const { min, max, isAbove, isBelow } = kind;
  if (min !== null && (isAbove ? value <= min : value < min)) {
    return isAbove ? `Give more than ${String(min)}` : `Give at least ${String(min)}`;
  }
  if (max !== null && (isBelow ? value >= max : value > max)) {
    return isBelow ? `Give less than ${String(max)}` : `Give at most ${String(max)}`;
  }
  return { value };
}

function textProblem(kind: Extract<AskKind, { type: 'text' }>, raw: string): string | null {
  // The server counts characters as JSON Schema does, not UTF-16 units.
  const { length } = Array.from(raw);
  if (length < kind.min) return `Too short: ${characters(kind.min)} or more`;
  if (length > kind.max) return `Too long: ${characters(kind.max)} at most`;
  return kind.pattern === null || fits(kind.pattern, raw) ? null : `It must match ${kind.pattern}`;
}

/** Whether a text matches a pattern. A pattern that no browser knows is left to the server. */
function fits(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

function missingWords(kind: AskKind): string {
  if (kind.type === 'number') return kind.isInteger ? 'Give a whole number' : 'Give a number';
  if (kind.type === 'choice') return 'Choose one';
  return 'This is needed';
}

function boundsWords(kind: AskKind): string {
  if (kind.type === 'json') return 'as JSON';
  if (kind.type !== 'number') return '';
  const { min, max, isInteger, isAbove, isBelow } = kind;
  const what = isInteger ? 'a whole number' : 'a number';
  if (min === null && max === null) return what;
  if (min !== null && max !== null && !isAbove && !isBelow) {
    return `${what} from ${String(min)} to ${String(max)}`;
  }
  const from = min === null ? '' : ` ${isAbove ? 'above' : 'from'} ${String(min)}`;
  const to = max === null ? '' : ` ${isBelow ? 'below' : 'up to'} ${String(max)}`;
  return `${what}${from}${to}`;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function characters(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'character' : 'characters'}`;
}
