/**
 * Facts of a thread found again among those that the store does not have. There may be millions after a long outage:
 * rows are in the order of time, so the search begins where its time is, goes on in turns of the event loop, and ends
 * at a bound.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fact } from '../../../facts/fact.js';
import { decodeFacts } from './fact-row.js';
import type { FactFilter, FoundFacts } from '../../log-feed.js';
import { factsKey } from '../log-keys.js';
import type { LogStore } from '../log-store.js';

/** Most rows that one search looks through: up to 131,072 facts, some 20 ms when few of them are of the thread. */
export const SEARCH_ROWS_MAX = 256;

/** Most facts that one search answers. */
export const FOUND_FACTS_MAX = 1_000;

/** Rows between two turns of the event loop: a few milliseconds of work if every one has to be parsed. */
const ROWS_A_TURN = 4;

/** The facts of a log that have not been taken. */
export interface KeptFacts {
  /** Seqs of the rows on disk, the last one outside. */
  readonly rows: { readonly from: number; readonly to: number };
  /** Those that are not in rows yet, as JSON text. */
  inMemory(): Iterable<string>;
}

/**
 * Finds facts of a thread.
 * @throws {LogUnavailableError} in the moments in which the log cannot be read
 */
export async function findFacts(
  store: Pick<LogStore, 'get'>,
  kept: KeptFacts,
  filter: FactFilter
): Promise<FoundFacts> {
  const name = `"thread":${JSON.stringify(filter.thread)}`;
  const isFound = (fact: Fact | null): fact is Fact =>
    fact !== null &&
    'thread' in fact &&
    fact.thread === filter.thread &&
    fact.at >= filter.since &&
    filter.isWanted(fact);
  // Memory first: what goes from there into a row meanwhile is met twice, and not missed.
  const inMemory: Fact[] = [];
  for (const text of kept.inMemory()) {
    if (text.includes(name)) inMemory.push(...(decodeFacts(`[${text}]`) ?? []).filter(isFound));
  }
  const { from, to } = kept.rows;
  const start = firstRow(store, from, to, filter.since);
  const end = Math.min(to, start + SEARCH_ROWS_MAX);
  const inRows: Fact[] = [];
  for (let seq = start; seq < end; seq += 1) {
    if ((seq - start) % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
    const text = store.get(factsKey(seq));
    // Most rows are of other threads: looking for the name costs a fiftieth of parsing.
    if (text?.includes(name) !== true) continue;
    inRows.push(...(decodeFacts(text) ?? []).filter(isFound));
    if (inRows.length > FOUND_FACTS_MAX) break;
  }
  const facts = [...inRows, ...inMemory];
  const isWhole = end === to && facts.length <= FOUND_FACTS_MAX;
  return { facts: facts.slice(0, FOUND_FACTS_MAX), isWhole };
}

/** The seq of the first row that may hold facts of the time or later. */
function firstRow(store: Pick<LogStore, 'get'>, from: number, to: number, sinceMs: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    const text = store.get(factsKey(middle));
    // One that has gone says no time: rather begin too early.
    if (text !== undefined && lastAt(text) < sinceMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time of the newest fact of a row, without parsing it: the mark holds bare quotes, so no text of a fact has it. */
function lastAt(row: string): number {
  const mark = '"at":';
  const at = Number.parseFloat(row.slice(row.lastIndexOf(mark) + mark.length));
  // A row that says no time is looked at.
  return Number.isNaN(at) ? Infinity : at;
}
