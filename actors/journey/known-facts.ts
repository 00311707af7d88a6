/**
 * The facts about one message, from both places in which they can be: on their way in the log, and in ClickHouse.
 */
import { reasonOf } from '../../machines/reason.js';
import { sqlString, type AnalyticsStore, type Row } from '../clickhouse/store.js';
import { STEPS, type DeliveryFact, type Fact, type StepFact } from '../facts/fact.js';
import type { LogFeed } from '../log/log-feed.js';
import { DELIVERY_OUTCOMES } from '../../machines/delivery/delivery-outcome.js';
import type { JourneyMessage } from './journey.js';

/** Most rows of each table that one look answers. */
export const FACT_ROWS_MAX = 500;

/** How long the engine may look for one message, in seconds: whoever asks for it sits in front of a page. */
export const JOURNEY_QUERY_SECONDS_MAX = 10;

const BOUND = `SETTINGS max_execution_time = ${String(JOURNEY_QUERY_SECONDS_MAX)}`;

/** A fact, and where it was found. */
export interface Sourced<F> {
  readonly fact: F;
  readonly source: 'log' | 'clickhouse';
}

/** What is known of a message besides itself. */
export interface KnownFacts {
  /** In the order of time, each once. */
  readonly deliveries: readonly Sourced<DeliveryFact>[];
  readonly steps: readonly Sourced<StepFact>[];
  /** What may be missing, and why, in sentences. */
  readonly gaps: readonly string[];
}

/** What a look has found. */
export interface FoundFacts extends KnownFacts {
  /** Why ClickHouse failed, in a sentence; null when it answered, or was not asked. */
  readonly failure: string | null;
}

/** Where facts are looked for. */
export interface FactPlaces {
  readonly feed: Pick<LogFeed, 'find' | 'backlog' | 'isKept'>;
  /** The store while it can be asked, or why it cannot; null where it is switched off. */
  readonly store: Pick<AnalyticsStore, 'query'> | string | null;
}

/** Whether a fact may say something of the message at an offset. Held messages share one fact, told of the first. */
function concerns(offset: number): (fact: Fact) => fact is DeliveryFact | StepFact {
  return (fact): fact is DeliveryFact | StepFact =>
    fact.kind === 'step'
      ? fact.from <= offset && offset <= fact.upTo
      : fact.kind === 'delivery' &&
        (fact.offset === offset || (fact.offset < offset && fact.messages > 1));
}

/**
 * Finds what is known of a message. That ClickHouse cannot be asked, or fails, is a gap and no failure.
 * @throws {LogUnavailableError} in the moments in which the log cannot be read
 */
export async function findKnownFacts(
  { feed, store }: FactPlaces,
  message: JourneyMessage
): Promise<FoundFacts> {
  const { thread, offset, at } = message;
  const isAbout = concerns(offset);
  const gaps: string[] = [];
  let failure: string | null = null;
  // The feed first: what it hands on meanwhile is found in ClickHouse then.
  const pending = await feed.find({ thread, since: at, isWanted: isAbout });
  if (!pending.isWhole) {
    gaps.push(
      'ClickHouse lacks more facts of this thread than are looked through: the newest may be missing here'
    );
  }
  const found: Sourced<DeliveryFact | StepFact>[] = [];
  for (const fact of pending.facts) if (isAbout(fact)) found.push({ fact, source: 'log' });
  if (typeof store === 'string') gaps.push(store);
  else if (store !== null) {
    try {
      const { facts, isCut } = await askStore(store, message);
      for (const fact of facts) found.push({ fact, source: 'clickhouse' });
      if (isCut) {
        gaps.push(`only the first ${String(FACT_ROWS_MAX)} rows of ClickHouse were looked at`);
      }
    } catch (error) {
      failure = `ClickHouse did not answer (${reasonOf(error)}): what it has is missing here`;
      gaps.push(failure);
    }
  }
  const dropped = feed.backlog().factsDropped;
  if (dropped > 0) {
    gaps.push(
      `${String(dropped)} facts were dropped for want of room since the server was started: some may be of this message`
    );
  }
  const told = once(found);
  return {
    deliveries: told.filter(isDelivery),
    steps: told.filter(isStep),
    gaps,
    failure
  };
}

/**
 * Finds a message that the log has trimmed; null when ClickHouse does not have it either.
 * @throws {StoreError} what the store says
 */
export async function findTrimmed(
  store: Pick<AnalyticsStore, 'query'>,
  thread: string,
  mid: string
): Promise<JourneyMessage | null> {
  const [row] = await store.query(
    `SELECT epoch, \`offset\`, user, kind, at, length(body) AS sizeBytes FROM messages WHERE thread = ${sqlString(thread)} AND mid = ${sqlString(mid.toWellFormed())} ORDER BY at DESC LIMIT 1 ${BOUND}`
  );
  if (row === undefined) return null;
  return {
    thread,
    epoch: String(row['epoch']),
    offset: Number(row['offset']),
    user: String(row['user']),
    kind: String(row['kind']),
    at: Number(row['at']),
    sizeBytes: Number(row['sizeBytes']),
    isKept: false
  };
}

/** A copy that was sent twice is met twice and told once, so `FINAL`, which reads far more, is not needed. */
async function askStore(
  store: Pick<AnalyticsStore, 'query'>,
  { thread, offset, at }: JourneyMessage
): Promise<{ facts: (DeliveryFact | StepFact)[]; isCut: boolean }> {
  const o = String(offset);
  // The engine counts days in its own time zone: one more is enough for any.
  const day = `day >= toDate('${new Date(at).toISOString().slice(0, 10)}') - 1`;
  const place = `thread = ${sqlString(thread)} AND ${day} AND at >= ${String(at)}`;
  const end = `ORDER BY at, id LIMIT ${String(FACT_ROWS_MAX + 1)} ${BOUND}`;
  const deliveries = await store.query(
    `SELECT id, epoch, \`offset\`, messages, outcome, subscribers, at, tookMs, appendedMs FROM deliveries WHERE ${place} AND (\`offset\` = ${o} OR (\`offset\` < ${o} AND messages > 1)) ${end}`
  );
  const steps = await store.query(
    `SELECT id, epoch, step, user, connection, \`from\`, upTo, since, at FROM steps WHERE ${place} AND \`from\` <= ${o} AND upTo >= ${o} ${end}`
  );
  return {
    facts: [
      ...deliveries.slice(0, FACT_ROWS_MAX).flatMap((row) => deliveryOf(thread, row)),
      ...steps.slice(0, FACT_ROWS_MAX).flatMap((row) => stepOf(thread, row))
    ],
    isCut: deliveries.length > FACT_ROWS_MAX || steps.length > FACT_ROWS_MAX
  };
}

/** The fact of a row; none when the row is not of this version's making. */
function deliveryOf(thread: string, row: Row): DeliveryFact[] {
  const outcome = DELIVERY_OUTCOMES.find((one) => one === row['outcome']);
  if (outcome === undefined) return [];
  const { appendedMs } = row;
  return [
    {
      kind: 'delivery',
      thread,
      epoch: String(row['epoch']),
      offset: Number(row['offset']),
      messages: Number(row['messages']),
      outcome,
      subscribers: Number(row['subscribers']),
      at: Number(row['at']),
      tookMs: Number(row['tookMs']),
      ...(typeof appendedMs === 'number' ? { appendedMs } : {})
    }
  ];
}

function stepOf(thread: string, row: Row): StepFact[] {
  const step = STEPS.find((one) => one === row['step']);
  if (step === undefined) return [];
  return [
    {
      kind: 'step',
      step,
      thread,
      epoch: String(row['epoch']),
      user: String(row['user']),
      connection: String(row['connection']),
      from: Number(row['from']),
      upTo: Number(row['upTo']),
      since: Number(row['since']),
      at: Number(row['at'])
    }
  ];
}

/** Each fact once, in the order of time: by what it says, since one that is only in memory has no id yet. */
function once<F extends DeliveryFact | StepFact>(found: readonly Sourced<F>[]): Sourced<F>[] {
  const known = new Map<string, Sourced<F>>();
  for (const one of found) {
    const key = keyOf(one.fact);
    if (!known.has(key)) known.set(key, one);
  }
  return [...known.values()].sort(
    (one, other) => one.fact.at - other.fact.at || turnOf(one.fact) - turnOf(other.fact)
  );
}

/** What comes first of what happened in one millisecond: nothing is reported or given out before it is held. */
function turnOf(fact: DeliveryFact | StepFact): number {
  if (fact.kind === 'step') return 3;
  return fact.outcome === 'held' ? 0 : fact.outcome === 'undelivered' ? 1 : 2;
}

function keyOf(fact: DeliveryFact | StepFact): string {
  const { kind, at } = fact;
  return fact.kind === 'delivery'
    ? [kind, at, fact.offset, fact.messages, fact.outcome].join(' ')
    : [kind, at, fact.step, fact.from, fact.upTo, fact.connection, fact.user].join(' ');
}

function isDelivery(one: Sourced<DeliveryFact | StepFact>): one is Sourced<DeliveryFact> {
  return one.fact.kind === 'delivery';
}

function isStep(one: Sourced<DeliveryFact | StepFact>): one is Sourced<StepFact> {
  return one.fact.kind === 'step';
}
