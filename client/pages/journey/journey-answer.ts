/**
 * Reads the server's answer about a message field by field, so that the page can also show an answer of a newer server
 * or one with missing fields.
 */
import { Fields } from '../shared/fields.js';

/** Latest time that a JavaScript date can hold, in Unix milliseconds. */
const TIME_MAX_MS = 8.64e15;

/** One step of a journey. Times are Unix milliseconds, null when unknown. */
export interface Step {
  readonly step: string;
  readonly at: number | null;
  readonly afterMs: number | null;
  readonly source: string;
  readonly offset: number | null;
  readonly durable: string | null;
  readonly subscribers: number | null;
  readonly messages: number | null;
  readonly dueAt: number | null;
  readonly user: string | null;
  readonly connection: string | null;
  readonly since: number | null;
  readonly from: number | null;
  readonly upTo: number | null;
  readonly cursor: number | null;
  readonly agent: string | null;
  readonly position: number | null;
  readonly tool: string | null;
  /** Whether a tool succeeded; null while it has not ended. */
  readonly ok: boolean | null;
  readonly tookMs: number | null;
  readonly code: string | null;
  readonly attempts: number | null;
  readonly mid: string | null;
}

/** The life of the message in one thread. */
export interface Journey {
  readonly thread: string;
  readonly offset: number;
  readonly author: string;
  readonly kind: string;
  readonly at: number;
  readonly sizeBytes: number;
  readonly status: string;
  readonly steps: readonly Step[];
  /** The run of an agent that answers it; null when there is none. */
  readonly run: { readonly agent: string; readonly state: string } | null;
  readonly isComplete: boolean;
  readonly notes: readonly string[];
}

/** The whole answer. */
export interface JourneyAnswer {
  /** The server's time when it answered. */
  readonly now: number;
  readonly journeys: readonly Journey[];
  /** Whether the mid was used in more threads than the answer lists. */
  readonly hasMore: boolean;
}

/** Reads an answer; null when it has no journeys. */
export function readJourneys(body: unknown): JourneyAnswer | null {
  const fields = new Fields(body);
  const journeys = fields.rows('journeys').map(journeyOf);
  if (journeys.length === 0) return null;
  return { now: fields.count('now'), journeys, hasMore: fields.flag('more') };
}

function journeyOf(fields: Fields): Journey {
  return {
    thread: fields.text('thread'),
    offset: fields.count('offset'),
    author: fields.of('from').text('user'),
    kind: fields.text('kind'),
    at: timeIn(fields, 'at') ?? 0,
    sizeBytes: fields.count('sizeBytes'),
    status: fields.text('status'),
    steps: fields.rows('steps').map(stepOf),
    run: fields.has('run')
      ? { agent: fields.of('run').text('agent'), state: fields.of('run').text('state') }
      : null,
    isComplete: fields.flag('complete'),
    notes: fields.texts('notes')
  };
}

function stepOf(fields: Fields): Step {
  return {
    step: fields.text('step'),
    at: timeIn(fields, 'at'),
    afterMs: fields.numberOrNull('afterMs'),
    source: fields.text('source'),
    offset: fields.numberOrNull('offset'),
    durable: fields.textOrNull('durable'),
    subscribers: fields.numberOrNull('subscribers'),
    messages: fields.numberOrNull('messages'),
    dueAt: timeIn(fields, 'dueAt'),
    user: fields.textOrNull('user'),
    connection: fields.textOrNull('connection'),
    since: timeIn(fields, 'since'),
    from: fields.numberOrNull('from'),
    upTo: fields.numberOrNull('upTo'),
    cursor: fields.numberOrNull('cursor'),
    agent: fields.textOrNull('agent'),
    position: fields.numberOrNull('position'),
    tool: fields.textOrNull('tool'),
    ok: fields.flagOrNull('ok'),
    tookMs: fields.numberOrNull('tookMs'),
    code: fields.textOrNull('code'),
    attempts: fields.numberOrNull('attempts'),
    mid: fields.textOrNull('mid')
  };
}

/** A time that a date can hold; null for any other. */
function timeIn(fields: Fields, name: string): number | null {
  const at = fields.numberOrNull(name);
  return at === null || Math.abs(at) > TIME_MAX_MS ? null : at;
}
