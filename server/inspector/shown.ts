/**
 * What the inspector may show of an actor. Secrets are masked as in log lines (`logger/redact.ts`). Texts of messages
 * are replaced by their length unless they are to be shown. Actors, machines and other objects that are no data are
 * shown by name only. Depth, width and length have limits.
 */
import { StateMachine } from 'xstate';
import type { Json, ShownEvent, ShownSnapshot, ShownValue } from '../../protocol/inspection.js';
import { isSecretName, MASK, maskText } from '../logger/redact.js';

/** Longest text shown whole, in characters. */
export const SHOWN_TEXT_MAX = 500;

/** Most entries shown of a list or object. */
export const SHOWN_ENTRIES_MAX = 40; // the widest context, the supervisor's, has 20

/** Deepest nesting that is shown. */
export const SHOWN_DEPTH_MAX = 6;

/** Most characters of one context or event as JSON; a larger one is replaced by a sentence. */
export const SHOWN_CHARS_MAX = 16_384;

/** Names of fields that may hold the text of a message. */
const BODY_NAMES: ReadonlySet<string> = new Set(['body', 'bodyJson', 'text', 'frame']);

/** Statuses of a snapshot. */
const STATUSES: readonly ShownSnapshot['status'][] = ['active', 'done', 'error', 'stopped'];

/** Returns a recorded message, as JSON text, without the texts of messages that it may have. */
export function withoutBodies(text: string): string {
  return JSON.stringify(
    JSON.parse(text, (name, value: unknown) => (BODY_NAMES.has(name) ? hidden(value) : value))
  );
}

/** Returns a value of a context or an event as it may be shown. Never throws, whatever getters do. */
export function shown(value: unknown, showsBodies: boolean): Json {
  try {
    const made = plain(value, showsBodies, 0, []);
    const chars = JSON.stringify(made).length;
    return chars <= SHOWN_CHARS_MAX ? made : `[too large to show: ${String(chars)} characters]`;
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : 'it throws'}]`;
  }
}

/** Returns an event as it may be shown; its type is unchanged. */
export function shownEvent(event: object, showsBodies: boolean): ShownEvent {
  const type = 'type' in event && typeof event.type === 'string' ? event.type : '';
  const rest = shown(event, showsBodies);
  return isRecord(rest) ? { ...rest, type } : { type, data: rest };
}

/** Returns the snapshot of any actor as it may be shown; a missing one counts as active. */
export function shownSnapshot(snapshot: unknown, showsBodies: boolean): ShownSnapshot {
  if (typeof snapshot !== 'object' || snapshot === null) return { status: 'active' };
  const status = STATUSES.find((known) => known === Reflect.get(snapshot, 'status')) ?? 'active';
  const error: unknown = Reflect.get(snapshot, 'error');
  const output: unknown = Reflect.get(snapshot, 'output');
  const ended = {
    ...(error === undefined ? {} : { error: maskText(wordsOf(error)).slice(0, SHOWN_TEXT_MAX) }),
    ...(output === undefined ? {} : { output: shown(output, showsBodies) })
  };
  if (!('machine' in snapshot && 'value' in snapshot)) return { status, ...ended };
  return {
    status,
    value: valueOf(snapshot.value),
    tags: 'tags' in snapshot && snapshot.tags instanceof Set ? [...snapshot.tags].map(String) : [],
    ...('context' in snapshot ? { context: shown(snapshot.context, showsBodies) } : {}),
    ...ended
  };
}

function valueOf(value: unknown): ShownValue {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, valueOf(inner)]));
}

function isRecord(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function plain(
  value: unknown,
  showsBodies: boolean,
  depth: number,
  above: readonly object[]
): Json {
  switch (typeof value) {
    case 'string':
      return cut(maskText(value));
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : plainObject(value, showsBodies, depth, above);
    case 'undefined':
      return null;
    default:
      return `[${typeof value}]`;
  }
}

function plainObject(
  value: object,
  showsBodies: boolean,
  depth: number,
  above: readonly object[]
): Json {
  if (above.includes(value)) return '[circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return cut(maskText(value.href));
  if (value instanceof Error) return cut(maskText(value.message));
  if (value instanceof StateMachine) return `[machine ${value.id}]`;
  const isList = Array.isArray(value) || value instanceof Set;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isData =
    isList || value instanceof Map || prototype === null || prototype === Object.prototype;
  if (!isData) return `[${value.constructor.name}]`;
  if (depth >= SHOWN_DEPTH_MAX) return '[deeper]';
  const path = [...above, value];
  const inner = (item: unknown): Json => plain(item, showsBodies, depth + 1, path);
  if (isList) return listOf(value, inner);
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value : Object.entries(value);
  const kept: Record<string, Json> = {};
  let count = 0;
  for (const [key, item] of entries) {
    if (item === undefined) continue;
    if (count++ === SHOWN_ENTRIES_MAX) {
      kept['…'] = 'more';
      break;
    }
    const name = String(key);
    if (item !== null && isSecretName(name)) kept[name] = MASK;
    else if (!showsBodies && BODY_NAMES.has(name)) kept[name] = hidden(item);
    else kept[name] = inner(item);
  }
  return kept;
}

function listOf(list: Iterable<unknown>, inner: (item: unknown) => Json): Json {
  const kept: Json[] = [];
  for (const item of list) {
    if (kept.length === SHOWN_ENTRIES_MAX) {
      kept.push('… more');
      break;
    }
    kept.push(inner(item));
  }
  return kept;
}

/** Returns the sentence that replaces the text of a message. */
function hidden(value: unknown): string {
  const chars = typeof value === 'string' ? value.length : JSON.stringify([value]).length - 2;
  return `[not shown: ${String(chars)} characters]`;
}

function cut(text: string): string {
  if (text.length <= SHOWN_TEXT_MAX) return text;
  return `${text.slice(0, SHOWN_TEXT_MAX)}… (${String(text.length - SHOWN_TEXT_MAX)} more characters)`;
}
