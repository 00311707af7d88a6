/**
 * Compares what was asked, what is stored and which pieces of the answers clients got. Pure, so that a spec can show that
 * each check fails when it must.
 */
import { Faults, type FaultsAccount } from '../kill-proof/faults.js';
import type { Check } from '../kill-proof/verdict.js';
import type { Question, SeenChunk } from './asker.js';

/** An interrupted answer may lack text that is at most this old, in milliseconds before the kill. */
export const LOST_MS_MAX = 2_000;

/** An entry of a thread, as far as it matters here. */
export interface Entry {
  readonly mid: string;
  readonly kind: string;
  readonly body: {
    readonly run?: unknown;
    readonly ask?: unknown;
    readonly inReplyTo?: unknown;
    readonly text?: unknown;
    readonly error?: unknown;
  };
}

/** One thread when all its runs have ended. */
export interface ThreadAccount {
  readonly thread: string;
  readonly entries: readonly Entry[];
  readonly asked: readonly Question[];
  readonly acked: ReadonlySet<string>;
  readonly chunks: ReadonlyMap<string, readonly SeenChunk[]>;
  /** When the server was killed, in milliseconds of `performance.now()`. */
  readonly killedMs: number;
}

/** What was found in some threads. */
export interface Tally {
  readonly questions: number;
  readonly begun: number;
  readonly ends: Readonly<Record<EndKind, number>>;
  /** Ends of a run beyond its first. */
  readonly doubles: number;
  /** Runs that stood in a queue. */
  readonly queued: number;
  /** Interrupted runs whose text was compared with what a client got. */
  readonly compared: number;
  readonly oldestLostMs: number;
  readonly mostLostChars: number;
}

/** How runs of the agent `echo` end. */
export type EndKind = 'completed' | 'interrupted' | 'failed' | 'cancelled';

/** Adds threads up and checks them. */
export class RunVerdict {
  readonly #once = new Faults();
  readonly #ends = new Faults();
  readonly #texts = new Faults();
  readonly #lost = new Faults();
  readonly #counts = {
    questions: 0,
    begun: 0,
    doubles: 0,
    queued: 0,
    compared: 0,
    oldestLostMs: 0,
    mostLostChars: 0
  };
  readonly #ended: Record<EndKind, number> = {
    completed: 0,
    interrupted: 0,
    failed: 0,
    cancelled: 0
  };

  /** Everything counted so far. */
  get tally(): Tally {
    return { ...this.#counts, ends: { ...this.#ended } };
  }

  /** Takes a thread whose runs should all have ended. */
  take(account: ThreadAccount): void {
    const { entries, thread } = account;
    const stored = entries.filter(({ kind }) => kind === 'user_message');
    for (const mid of account.acked) {
      if (account.asked.some((question) => question.mid === mid) && !has(stored, mid)) {
        this.#once.add(`${mid} was acked and is not in ${thread}`);
      }
    }
    const runs = new Set<string>();
    for (const { mid } of stored) {
      this.#counts.questions += 1;
      const starts = entries.filter(
        ({ kind, body }) => kind === 'agent_started' && body.inReplyTo === mid
      );
      this.#counts.begun += starts.length;
      if (starts.length !== 1) {
        this.#once.add(`${mid} of ${thread} was begun ${String(starts.length)} times`);
      }
      for (const { body } of starts) {
        runs.add(String(body.run));
        const question = account.asked.find((asked) => asked.mid === mid);
        if (question === undefined) this.#once.add(`${mid} of ${thread} was never asked`);
        else this.#run(account, String(body.run), question);
      }
    }
    const strangers = entries.filter(
      ({ kind, body }) => endOf(kind, body) !== null && !runs.has(String(body.run))
    );
    for (const { body } of strangers) {
      this.#ends.add(`run ${String(body.run)} of ${thread} ended and was not begun`);
    }
  }

  /** Returns all checks of the threads so far. */
  checks(): Check[] {
    const { questions, doubles, compared, oldestLostMs, mostLostChars } = this.#counts;
    const { completed, interrupted } = this.#ended;
    const terminals = Object.values(this.#ended).reduce((sum, count) => sum + count, 0);
    return [
      {
        name: 'every acked message is stored, and its run was begun once',
        figure: `${String(questions)} messages`,
        faults: this.#once
      },
      {
        name: 'every run has one end, which is its last entry',
        figure: `${String(terminals)} ends, ${String(doubles)} doubled`,
        faults: this.#ends
      },
      {
        name: 'an answer is what was asked of the agent, or its beginning',
        figure: `${String(completed)} whole, ${String(interrupted)} interrupted`,
        faults: this.#texts
      },
      {
        name: `an interrupted answer lacks nothing that a client got ${String(LOST_MS_MAX)} ms before the kill`,
        figure:
          `${String(compared)} compared, at most ${oldestLostMs.toFixed(0)} ms ` +
          `or ${String(mostLostChars)} characters lost`,
        faults: this.#lost
      }
    ];
  }

  #run(account: ThreadAccount, run: string, question: Question): void {
    const { entries, thread } = account;
    const own = entries.filter(({ body }) => body.run === run);
    if (own.some(({ kind }) => kind === 'agent_queued')) this.#counts.queued += 1;
    const ends = own.filter(({ kind, body }) => endOf(kind, body) !== null);
    this.#counts.doubles += Math.max(0, ends.length - 1);
    const [end] = ends;
    if (end === undefined || ends.length > 1 || own.at(-1) !== end) {
      const kinds = own.map(({ kind }) => kind).join(', ');
      this.#ends.add(`run ${run} of ${thread} has the entries ${kinds}`);
      if (end === undefined) return;
    }
    const how = endOf(end.kind, end.body) ?? 'failed';
    this.#ended[how] += 1;
    const text = typeof end.body.text === 'string' ? end.body.text : '';
    const isGood = how === 'completed' ? text === question.text : question.text.startsWith(text);
    if (!isGood) this.#texts.add(`run ${run} of ${thread} (${how}) has another text`);
    if (how === 'failed' || how === 'cancelled') {
      this.#texts.add(`run ${run} of ${thread}: ${JSON.stringify(end.body.error)}`);
    }
    const seen = account.chunks.get(run) ?? [];
    const wrong = seen.find((chunk) => !question.text.startsWith(chunk.text, chunk.at));
    if (wrong !== undefined) this.#texts.add(`a chunk of run ${run} has another text`);
    if (how === 'interrupted') this.#age(account, run, text.length, seen);
  }

  #age(account: ThreadAccount, run: string, kept: number, seen: readonly SeenChunk[]): void {
    const newest = seen.at(-1);
    if (newest === undefined) return;
    this.#counts.compared += 1;
    const lost = seen.find(({ at, text }) => at + text.length > kept);
    if (lost === undefined) return;
    const ms = Math.max(0, account.killedMs - lost.atMs);
    const chars = newest.at + newest.text.length - kept;
    this.#counts.oldestLostMs = Math.max(this.#counts.oldestLostMs, ms);
    this.#counts.mostLostChars = Math.max(this.#counts.mostLostChars, chars);
    if (ms > LOST_MS_MAX) {
      this.#lost.add(
        `run ${run} of ${account.thread} lacks ${String(chars)} characters, the oldest ${ms.toFixed(0)} ms old`
      );
    }
  }
}

/** Returns the check that nothing of any run is left in the log. */
export function noneLeft(records: readonly string[]): Check {
  const faults = new Faults();
  for (const record of records) faults.add(`${record} is left`);
  return {
    name: 'no record of a run is left in the files of the stopped server',
    figure: `${String(records.length)} left`,
    faults
  };
}

/** Returns a check of faults that were counted on the way. */
export function countedOnTheWay(name: string, figure: string, faults: FaultsAccount): Check {
  return { name, figure, faults };
}

/** How an entry ends a run; null when it does not. */
export function endOf(kind: string, { error }: Entry['body']): EndKind | null {
  if (kind === 'agent_completed') return 'completed';
  if (kind === 'agent_cancelled') return 'cancelled';
  if (kind !== 'agent_failed') return null;
  const isInterrupted =
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'interrupted';
  return isInterrupted ? 'interrupted' : 'failed';
}

function has(entries: readonly Entry[], mid: string): boolean {
  return entries.some((entry) => entry.mid === mid);
}
