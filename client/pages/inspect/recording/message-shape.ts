/** Checks that values from a server or a file have the shapes of `protocol/inspection.ts`. */
import type {
  Json,
  RecordedMessage,
  ShownEvent,
  ShownSnapshot,
  ShownValue
} from '../../../../protocol/inspection.js';
import { isRecord } from '../../../sdk/json.js';
import type { StandingMessage } from '../states/actor-state.js';

/** Deepest nesting that is accepted. A server sends contexts at most 6 deep. */
export const SHAPE_DEPTH_MAX = 24;

/** Most characters of a name, and most entries of a list of tags or transitions. */
const NAME_MAX = 1_000;
const LIST_MAX = 256;

/** Most actors that one `inspect.left` message may name; no server has so many threads. */
const LEFT_MAX = 1_000_000;

/** Latest time that a JavaScript date can hold, in Unix milliseconds. */
const TIME_MAX = 8.64e15;

const STATUSES: readonly unknown[] = ['active', 'done', 'error', 'stopped'];

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a message of a recording. */
export function isMessage(value: unknown): value is RecordedMessage {
  if (!isRecord(value) || !isSeq(value['seq']) || !isTime(value['at'])) return false;
  switch (value['type']) {
    case 'inspect.unwatched':
      return isTime(value['from']);
    case 'inspect.left':
      return isSessions(value['sessionIds']);
    case '@xstate.event':
      return isAbout(value) && isOptionalName(value['sourceId']) && isEvent(value['event']);
    case '@xstate.actor':
    case '@xstate.snapshot':
      return isStandingShape(value);
    default:
      return false;
  }
}

/** Whether a value is a message that carries an actor's snapshot. */
export function isStandingShape(value: unknown): value is StandingMessage {
  if (!isRecord(value) || !isSeq(value['seq']) || !isTime(value['at'])) return false;
  if (!isAbout(value) || !isSnapshot(value['snapshot'])) return false;
  if (value['type'] === '@xstate.actor') return true;
  return (
    value['type'] === '@xstate.snapshot' && isEvent(value['event']) && isNames(value['transitions'])
  );
}

/** Whether a value is JSON nested at most {@link SHAPE_DEPTH_MAX} deep, so that recursion is safe. */
export function isJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth >= SHAPE_DEPTH_MAX) return false;
  return Object.values(value).every((inner) => isJson(inner, depth + 1));
}

/** Whether a value is a list of names that is not too long. */
export function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= LIST_MAX && value.every(isName);
}

/** Whether a value is a string of at most {@link NAME_MAX} characters. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= NAME_MAX;
}

function isAbout(value: Fields): boolean {
  const { sessionId, rootId, name, parentId, chart, hash, thread } = value;
  return (
    isName(sessionId) &&
    isName(rootId) &&
    isName(name) &&
    isOptionalName(parentId) &&
    (chart === null || isName(chart)) &&
    (hash === null || isName(hash)) &&
    (thread === null || isName(thread))
  );
}

function isSnapshot(value: unknown): value is ShownSnapshot {
  if (!isRecord(value) || !STATUSES.includes(value['status'])) return false;
  const { tags, error, context, output } = value;
  return (
    (value['value'] === undefined || isValue(value['value'], 0)) &&
    (tags === undefined || isNames(tags)) &&
    (error === undefined || typeof error === 'string') &&
    (context === undefined || isJson(context)) &&
    (output === undefined || isJson(output))
  );
}

function isValue(value: unknown, depth: number): value is ShownValue {
  if (isName(value)) return true;
  if (!isRecord(value) || depth >= SHAPE_DEPTH_MAX) return false;
  return Object.values(value).every((inner) => isValue(inner, depth + 1));
}

function isEvent(value: unknown): value is ShownEvent {
  return isRecord(value) && isName(value['type']) && isJson(value);
}

function isSessions(value: unknown): boolean {
  return Array.isArray(value) && value.length <= LEFT_MAX && value.every(isName);
}

function isSeq(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX;
}

function isOptionalName(value: unknown): boolean {
  return value === undefined || isName(value);
}
