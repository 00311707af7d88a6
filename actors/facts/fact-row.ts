/**
 * Facts as rows of the log: how many fit in one, how their ids are made, and how they are read back.
 *
 * A row is a JSON array. It begins with its log's epoch (rows of older versions do not), and has a fact in each further place.
 * A fact is an object, but the one that every message has, delivered at once to all, is the array of its values.
 */
import { DELIVERY_OUTCOMES } from '../../machines/delivery/delivery-outcome.js';
import { STEPS, type DeliveryFact, type Fact, type StepFact, type TransitionFact } from './fact.js';

/** Most facts in one row: about 100 kB, a millisecond to read. */
export const FACTS_A_ROW = 512;

/** Ids reserved for each row: more than it holds facts, and round, so that people can read the row off an id. */
const IDS_A_ROW = 1_000;

/** A row of facts as the log has it: its number, its log's epoch, and its text. */
export interface FactRowText {
  readonly seq: number;
  readonly epoch: string;
  readonly text: string;
}

/** A fact with an id that is unique within its log and epoch; the store recognizes a fact that is sent twice by it. */
export interface FeedFact {
  readonly id: number;
  readonly epoch: string;
  readonly fact: Fact;
}

type FieldType = 'string' | 'number';
type Fields<F> = Record<Exclude<keyof F, 'kind' | 'outcome' | 'step' | 'appendedMs'>, FieldType>;

const DELIVERY_FIELDS = Object.entries({
  thread: 'string',
  epoch: 'string',
  offset: 'number',
  messages: 'number',
  subscribers: 'number',
  at: 'number',
  tookMs: 'number'
} satisfies Fields<DeliveryFact>);

const STEP_FIELDS = Object.entries({
  thread: 'string',
  epoch: 'string',
  user: 'string',
  connection: 'string',
  from: 'number',
  upTo: 'number',
  since: 'number',
  at: 'number'
} satisfies Fields<StepFact>);

const TRANSITION_FIELDS = Object.entries({
  chart: 'string',
  actor: 'string',
  from: 'string',
  to: 'string',
  event: 'string',
  at: 'number',
  spentMs: 'number'
} satisfies Fields<TransitionFact>);

const OUTCOMES: ReadonlySet<unknown> = new Set(DELIVERY_OUTCOMES);
const KNOWN_STEPS: ReadonlySet<unknown> = new Set(STEPS);

/** Begins every fact that is an object. Marks have unescaped quotes, which no text inside a fact has. */
const OBJECT_MARK = '{"kind":';

/** Begins every fact that is an array, and a row that has an epoch. */
const ARRAY_MARK = '["';

/** Id of a fact, made of its row's seq and its index in the row. */
export function factId(seq: number, index: number): number {
  return seq * IDS_A_ROW + index;
}

/** The text of a fact for a row with this epoch. */
export function factText(fact: Fact, epoch: string): string {
  if (fact.kind !== 'delivery' || fact.appendedMs === undefined) return JSON.stringify(fact);
  if (fact.outcome !== 'delivered' || fact.messages !== 1 || fact.epoch !== epoch) {
    return JSON.stringify(fact);
  }
  const { thread, offset, subscribers, at, tookMs, appendedMs } = fact;
  return JSON.stringify([thread, offset, subscribers, at, microseconds(tookMs), appendedMs]);
}

/** The text of a row with facts of {@link factText}. */
export function factRow(facts: readonly string[], epoch: string): string {
  return `[${[JSON.stringify(epoch), ...facts].join(',')}]`;
}

/** Returns the number of facts in a row, without parsing it. */
export function factCount(row: string): number {
  const arrays = countOf(ARRAY_MARK, row) - (row.startsWith(ARRAY_MARK) ? 1 : 0);
  return countOf(OBJECT_MARK, row) + arrays;
}

/** Returns the time of a row's newest fact, without parsing the others; null when it cannot be read. */
export function lastAt(row: string): number | null {
  const mark = '"at":';
  const object = row.lastIndexOf(mark);
  const array = row.lastIndexOf(ARRAY_MARK);
  if (array <= 0 || array < object) {
    const at = Number.parseFloat(row.slice(object + mark.length));
    return object < 0 || Number.isNaN(at) ? null : at;
  }
  const [fact] = decodeFacts(`["",${row.slice(array)}`) ?? [];
  return fact?.at ?? null;
}

/** Returns whether a row may have facts of a thread, without parsing it. */
export function mayName(row: string, thread: string): boolean {
  const name = JSON.stringify(thread);
  return row.includes(`"thread":${name}`) || row.includes(`[${name},`, 1);
}

function countOf(mark: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) count += 1;
  return count;
}

/** Rounds milliseconds to the microsecond; more digits would only make every fact longer. */
export function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** Reads the facts of a row, with null in place of each invalid one; null when the text is not a row. */
export function decodeFacts(text: string): (Fact | null)[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const row: readonly unknown[] = value;
  const epoch = row[0];
  return typeof epoch === 'string'
    ? row.slice(1).map((fact) => (Array.isArray(fact) ? ordinary(fact, epoch) : asFact(fact)))
    : row.map(asFact);
}

/** The delivery of one message at once to all, from its values. */
function ordinary(values: readonly unknown[], epoch: string): DeliveryFact | null {
  const [thread, offset, subscribers, at, tookMs, appendedMs] = values;
  const outcome = { kind: 'delivery', messages: 1, outcome: 'delivered' };
  const fact = { ...outcome, thread, epoch, offset, subscribers, at, tookMs, appendedMs };
  return isDelivery(fact) ? fact : null;
}

function asFact(value: unknown): Fact | null {
  return isFact(value) ? value : null;
}

/** Returns the facts of rows. A fact that does not decode is left out; `log check` names its row. */
export function factsOf(rows: readonly FactRowText[]): FeedFact[] {
  const facts: FeedFact[] = [];
  for (const { seq, epoch, text } of rows) {
    for (const [index, fact] of (decodeFacts(text) ?? []).entries()) {
      if (fact !== null) facts.push({ id: factId(seq, index), epoch, fact });
    }
  }
  return facts;
}

function isFact(value: unknown): value is Fact {
  return isDelivery(value) || isStep(value) || isTransition(value);
}

function isDelivery(value: unknown): value is DeliveryFact {
  return (
    hasKind(value, 'delivery', DELIVERY_FIELDS) &&
    'outcome' in value &&
    OUTCOMES.has(value.outcome) &&
    // Older versions did not measure it.
    (!('appendedMs' in value) || typeof value.appendedMs === 'number')
  );
}

function isStep(value: unknown): value is StepFact {
  return hasKind(value, 'step', STEP_FIELDS) && 'step' in value && KNOWN_STEPS.has(value.step);
}

function isTransition(value: unknown): value is TransitionFact {
  return hasKind(value, 'transition', TRANSITION_FIELDS);
}

function hasKind(value: unknown, kind: string, fields: [string, FieldType][]): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Reflect.get(value, 'kind') !== kind) return false;
  for (const [name, type] of fields) if (typeof Reflect.get(value, name) !== type) return false;
  return true;
}
