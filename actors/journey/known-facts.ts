/**
 * Finds the facts about one message. They are in the log until the sink has taken them, and in ClickHouse after that.
 */
import { reasonOf } from '../../machines/reason.js';
import { sqlString, type AnalyticsStore, type Row } from '../clickhouse/store.js';
import { STEPS, type DeliveryFact, type Fact, type StepFact } from '../facts/fact.js';
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import { DELIVERY_OUTCOMES } from '../../machines/delivery/delivery-outcome.js';
import type { JourneyMessage } from './journey.js';

/** Most rows that one query reads from each table. */
export const FACT_ROWS_MAX = 500;

/** Longest time that the engine may search for one message, in seconds: somebody waits in front of a page. */
export const JOURNEY_QUERY_SECONDS_MAX = 10;

const BOUND = `SETTINGS max_execution_time = ${String(JOURNEY_QUERY_SECONDS_MAX)}`;

/** A fact, and where it was found. */
export interface Sourced<F> {
  readonly fact: F;
  readonly source: 'log' | 'clickhouse';
}

/** The facts of a message. */
export interface KnownFacts {
  /** In order of time, each once. */
  readonly deliveries: readonly Sourced<DeliveryFact>[];
  readonly steps: readonly Sourced<StepFact>[];
  /** Sentences that say what may be missing, and why. */
  readonly gaps: readonly string[];
}

/** Result of a search. */
export interface FoundFacts extends KnownFacts {
  /** Why ClickHouse failed, as a sentence; null when it answered or was not asked. */
  readonly failure: string | null;
}

/** Places where facts are searched. */
export interface FactPlaces {
  readonly feed: Pick<AnalyticsFeed, 'find' | 'backlog'>;
  /** The store while it is connected, or the reason why it is not; null when it is switched off. */
  readonly store: Pick<AnalyticsStore, 'query'> | string | null;
}

/** Whether a fact may concern the message at an offset. Held messages share one fact, with the offset of the first. */
function concerns(offset: number): (fact: Fact) => fact is DeliveryFact | StepFact {
  return (fact): fact is DeliveryFact | StepFact =>
    fact.kind === 'step'
      ? fact.from <= offset && offset <= fact.upTo
      : fact.kind === 'delivery' &&
        (fact.offset === offset || (fact.offset < offset && fact.messages > 1));
}

/**
 * Finds the facts of a message. When ClickHouse is away or fails, the result names a gap; it does not throw.
 * @throws {LogUnavailableError} in the rare moments in which the log cannot be read
 */
export async function findKnownFacts(
  { feed, store }: FactPlaces,
  message: JourneyMessage
): Promise<FoundFacts> {
  const { thread, offset, at } = message;
  const isAbout = concerns(offset);
  const gaps: string[] = [];
  let failure: string | null = null;
  // Read the feed first: facts that the sink takes meanwhile are then found in ClickHouse.
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
 * @throws {StoreError} the store's error
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

/** Without `FINAL`, which reads far more: `once` drops the duplicate of a row that was sent twice. */
async function askStore(
  store: Pick<AnalyticsStore, 'query'>,
  { thread, offset, at }: JourneyMessage
): Promise<{ facts: (DeliveryFact | StepFact)[]; isCut: boolean }> {
  const o = String(offset);
  // The engine counts days in its own time zone; one day earlier covers every zone.
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

/** The fact of a row; none when this version cannot read the row. */
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

/**
 * Returns each fact once, in order of time. Facts are compared by content, since one that is only in memory has no id
 * yet.
 */
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

/** Order of facts with the same millisecond: a message is held before it is reported or delivered. */
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
