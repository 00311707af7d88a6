/** Writes a JSON value as lines, and marks the lines that have changed. */
import type { Json } from '../../../../../protocol/inspection.js';

/** Most lines; enough for the largest context that a server sends. */
export const JSON_LINES_MAX = 600;

/** Deepest nesting that is written; deeper values are `…`. */
const DEPTH_MAX = 12;

/** Longest list or object that is written in one line, in characters. */
const INLINE_MAX = 56;

/** Longest text of a line, in characters. */
const TEXT_MAX = 1_000;

/** One line. */
export interface JsonLine {
  readonly depth: number;
  /** Name or place in what holds it; empty of the whole. */
  readonly key: string;
  readonly text: string;
  readonly kind: 'text' | 'number' | 'word' | 'holder';
  /** Keys from the top down. */
  readonly path: string;
  /** What was here before, when that is something else; null when nothing has changed. */
  readonly was: string | null;
}

type JsonRecord = Readonly<Record<string, Json>>;

/** Writes a value as lines. `before` is its earlier value; undefined when that is unknown. */
export function jsonLines(value: Json, before?: Json): JsonLine[] {
  const lines: JsonLine[] = [];
  const write = (key: string, path: string, depth: number, one: Json, other?: Json): void => {
    if (lines.length >= JSON_LINES_MAX) return;
    const isCompared = before !== undefined;
    const text = inline(one, depth);
    const was = isCompared && !sameJson(one, other) ? wasText(other) : null;
    if (text !== null) {
      lines.push({ depth, key, text, kind: kindOf(one), path, was });
      return;
    }
    const entries = entriesOf(one);
    const size = Array.isArray(one) ? `${String(entries.length)} items` : '';
    lines.push({
      depth,
      key,
      text: size,
      kind: 'holder',
      path,
      was: other === undefined ? was : null
    });
    for (const [name, inner] of entries) {
      write(name, `${path}.${name}`, depth + 1, inner, innerOf(other, name));
    }
  };
  if (isHolder(value)) {
    for (const [name, inner] of entriesOf(value))
      write(name, name, 0, inner, innerOf(before, name));
  } else write('', '', 0, value, before);
  if (lines.length === JSON_LINES_MAX) {
    lines.push({
      depth: 0,
      key: '',
      text: 'more is not shown',
      kind: 'word',
      path: '…',
      was: null
    });
  }
  return lines;
}

/** A value as indented JSON, bounded in length. */
export function prettyJson(value: Json): string {
  const text = JSON.stringify(value, null, 2);
  return text.length > 20 * TEXT_MAX ? `${text.slice(0, 20 * TEXT_MAX)}…` : text;
}

/** Whether two values are the same. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (!isHolder(one) || !isHolder(other) || Array.isArray(one) !== Array.isArray(other))
    return false;
  const entries = entriesOf(one);
  return (
    entries.length === entriesOf(other).length &&
    entries.every(([name, inner]) => sameJson(inner, innerOf(other, name)))
  );
}

function isHolder(value: Json | undefined): value is readonly Json[] | JsonRecord {
  return typeof value === 'object' && value !== null;
}

function entriesOf(value: Json | undefined): [string, Json][] {
  return isHolder(value) ? Object.entries(value) : [];
}

function innerOf(value: Json | undefined, name: string): Json | undefined {
  if (!isHolder(value) || !Object.hasOwn(value, name)) return undefined;
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

/** A value in one line; null when it needs more. */
function inline(value: Json, depth: number): string | null {
  if (!isHolder(value)) return cut(typeof value === 'string' ? value : JSON.stringify(value));
  if (depth >= DEPTH_MAX) return '…';
  const text = JSON.stringify(value);
  if (entriesOf(value).length === 0) return text;
  const isFlat = entriesOf(value).every(([, inner]) => !isHolder(inner));
  return isFlat && text.length <= INLINE_MAX ? spaced(value) : null;
}

function spaced(value: readonly Json[] | JsonRecord): string {
  const words = entriesOf(value).map(([name, inner]) =>
    Array.isArray(value) ? wordOf(inner) : `${name}: ${wordOf(inner)}`
  );
  return Array.isArray(value) ? `[${words.join(', ')}]` : `{ ${words.join(', ')} }`;
}

function wordOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function wasText(value: Json | undefined): string {
  if (value === undefined) return 'not there';
  return isHolder(value) ? short(JSON.stringify(value)) : cut(wordOf(value));
}

function short(text: string): string {
  return text.length <= INLINE_MAX ? text : `${text.slice(0, INLINE_MAX)}…`;
}

function kindOf(value: Json): JsonLine['kind'] {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'number';
  return 'word';
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
