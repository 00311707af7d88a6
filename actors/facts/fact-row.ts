/** Facts as rows of the log: how many fit in one, how their ids are made, and how they are read back. */
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

/** Begins every fact in a row. */
const FACT_MARK = '{"kind":';

/** Id of a fact, made of its row's seq and its index in the row. */
export function factId(seq: number, index: number): number {
  return seq * IDS_A_ROW + index;
}

/** The text of a row of facts, each given as JSON text. */
export function factRow(facts: readonly string[]): string {
  return `[${facts.join(',')}]`;
}

/**
 * Returns the number of facts in a row, without parsing it: the searched mark has unescaped quotes, which no text inside a
 * fact has.
 */
export function factCount(row: string): number {
  let count = 0;
  for (let at = row.indexOf(FACT_MARK); at >= 0; at = row.indexOf(FACT_MARK, at + 1)) count += 1;
  return count;
}

/** Reads a row, with null in place of each invalid fact; null when the text is not a row. */
export function decodeFacts(text: string): (Fact | null)[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return Array.isArray(value) ? value.map((fact: unknown) => (isFact(fact) ? fact : null)) : null;
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
