/**
 * Finds a thread's facts among those that the store does not have. After a long outage there may be millions. Rows
 * are in order of time, so the search starts at its time, gives the event loop turns, and stops at a limit.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fact } from '../../../facts/fact.js';
import { decodeFacts, factRow, lastAt, mayName } from '../../../facts/fact-row.js';
import { orDamaged } from '../../log-errors.js';
import type { FactFilter, FoundFacts } from '../../analytics-feed.js';
import { factsKey } from '../log-keys.js';
import type { LogStore } from '../log-store.js';

/** Most rows that one search reads: up to 131,072 facts, about 20 ms when few of them belong to the thread. */
export const SEARCH_ROWS_MAX = 256;

/** Most facts that one search returns. */
export const FOUND_FACTS_MAX = 1_000;

/** Rows read between two turns of the event loop: a few milliseconds of work when every one must be parsed. */
const ROWS_A_TURN = 4;

/** The facts of a log that have not been taken. */
export interface KeptFacts {
  /** Epoch of the facts that are not in rows yet. */
  readonly epoch: string;
  /** Seqs of the rows on disk; `to` is exclusive. */
  readonly rows: { readonly from: number; readonly to: number };
  /** Those facts, as texts for a row with this epoch. */
  inMemory(): Iterable<string>;
}

/**
 * Finds facts of a thread.
 * @throws {LogUnavailableError} while the log cannot be read
 */
export async function findFacts(
  store: Pick<LogStore, 'get'>,
  kept: KeptFacts,
  filter: FactFilter
): Promise<FoundFacts> {
  const isFound = (fact: Fact | null): fact is Fact =>
    fact !== null &&
    'thread' in fact &&
    fact.thread === filter.thread &&
    fact.at >= filter.since &&
    filter.isWanted(fact);
  // Memory is read first: a fact that moves from there into a row meanwhile is found twice instead of missed.
  const inMemory: Fact[] = [];
  for (const text of kept.inMemory()) {
    const row = factRow([text], kept.epoch);
    if (mayName(row, filter.thread)) inMemory.push(...(decodeFacts(row) ?? []).filter(isFound));
  }
  const { from, to } = kept.rows;
  const start = firstRow(store, from, to, filter.since);
  const end = Math.min(to, start + SEARCH_ROWS_MAX);
  const inRows: Fact[] = [];
  for (let seq = start; seq < end; seq += 1) {
    if ((seq - start) % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
    const text = rowAt(store, seq);
    // Most rows hold other threads only: searching for the name costs a fiftieth of parsing.
    if (text === undefined || !mayName(text, filter.thread)) continue;
    inRows.push(...(decodeFacts(text) ?? []).filter(isFound));
    if (inRows.length > FOUND_FACTS_MAX) break;
  }
  const facts = [...inRows, ...inMemory];
  const isWhole = end === to && facts.length <= FOUND_FACTS_MAX;
  return { facts: facts.slice(0, FOUND_FACTS_MAX), isWhole };
}

/** Seq of the first row that may hold facts of this time or later. */
function firstRow(store: Pick<LogStore, 'get'>, from: number, to: number, sinceMs: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    const text = rowAt(store, middle);
    // A row that was deleted has no time: the search then starts too early rather than too late.
    // So does a row without a readable time.
    if (text !== undefined && (lastAt(text) ?? Infinity) < sinceMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The text of a row; undefined when it is not there or damaged. */
function rowAt(store: Pick<LogStore, 'get'>, seq: number): string | undefined {
  return orDamaged(() => store.get(factsKey(seq)), undefined);
}
