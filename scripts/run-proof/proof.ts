/**
 * The proof of runs: a server is killed again and again while the agent `echo` answers many messages at once. After each
 * restart the runs of the round must have ended, each once, and those that waited in a queue must have begun.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { checkLog } from '../../actors/log/lmdb/check/log-check.js';
import { withinRecords } from '../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../actors/log/lmdb/log-store.js';
import { LOG_FOLDER } from '../../server/config/config.js';
import {
  launchServer,
  temporaryDir,
  type LaunchedServer
} from '../../spec/e2e/servers/server-process.js';
import { Faults } from '../kill-proof/faults.js';
import { freePort } from '../kill-proof/free-port.js';
import { between, seeded, type Random } from '../kill-proof/random.js';
import type { Check } from '../kill-proof/verdict.js';
import { Asker, type Question } from './asker.js';
import { ANSWER, openAsk, STATE_AGENTS, StateVerdict, type StateAgent } from './states.js';
import { countedOnTheWay, endOf, noneLeft, RunVerdict, type Entry, type Tally } from './verdict.js';

/** The module of the agents that stay in one state. */
const AGENTS = fileURLToPath(new URL('agents.mjs', import.meta.url));

/** Number of clients; the threads of a round are spread over them. */
const ASKERS = 5;

/** How fast the agent speaks, in words a second. */
const WORDS_PER_SECOND = 100;

/** How long the runs of a round work before the kill. */
const LIFE_LEAST_MS = 100;
const LIFE_MOST_MS = 5_000;

/**
 * Every third kill is followed by another one during the next startup, which ends the runs: at most this long after it
 * began.
 */
const STARTUP_KILL_EVERY = 3;
const STARTUP_KILL_MOST_MS = 1_500;

/**
 * Every fifth thread has a second message, which waits in the queue. Every seventh answer is so short that it may end
 * by itself.
 */
const QUEUED_EVERY = 5;
const SHORT_EVERY = 7;

/** Number of words in an answer, and their letters: short words test the bound by time, long ones the bound by size. */
const LONG_WORDS = 800;
const LETTERS = [5, 60] as const;

/** Time for all runs of a round to end after the restart. */
const SETTLE_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** Messages per page of the API. */
const PAGE = 500;

/** Options of a proof. */
export interface RunProofOptions {
  /** Number of rounds; each has one kill or two. */
  readonly rounds: number;
  /** Threads with an open run, in each round. */
  readonly runs: number;
  /** Seed of all random choices. It does not repeat a proof exactly, since the timing of the machine differs. */
  readonly seed: number;
  /** Called after each round. */
  readonly progress?: (round: number, tally: Tally) => void;
}

/** Result of a proof. */
export interface RunProofReport {
  readonly checks: readonly Check[];
  readonly holds: boolean;
  readonly tally: Tally;
  readonly kills: number;
  /** Kills while the server started. */
  readonly startupKills: number;
  readonly tookMs: number;
}

/** Makes a proof. @throws when a server does not start */
export async function proveRuns(options: RunProofOptions): Promise<RunProofReport> {
  const startedAt = performance.now();
  const dataDir = await temporaryDir();
  const proof = new Proof(options, dataDir, await freePort());
  try {
    await proof.start();
    for (let round = 1; round <= options.rounds; round += 1) await proof.round(round);
    const checks = await proof.end();
    const holds = checks.every(({ faults }) => faults.count === 0);
    const { tally, kills, startupKills } = proof;
    return { checks, holds, tally, kills, startupKills, tookMs: performance.now() - startedAt };
  } finally {
    await proof.abandon();
    await rm(dataDir, { recursive: true, force: true });
  }
}

class Proof {
  kills = 0;
  startupKills = 0;
  readonly #options: RunProofOptions;
  readonly #dataDir: string;
  readonly #port: number;
  readonly #url: string;
  readonly #random: Random;
  readonly #askers: readonly Asker[];
  readonly #verdict = new RunVerdict();
  readonly #states = new StateVerdict();
  readonly #badLines = new Faults();
  readonly #late = new Faults();
  #server: LaunchedServer | null = null;

  constructor(options: RunProofOptions, dataDir: string, port: number) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#port = port;
    this.#url = `http://127.0.0.1:${String(port)}`;
    this.#random = seeded(options.seed);
    this.#askers = Array.from({ length: ASKERS }, (_, n) => {
      const random = seeded(between(this.#random, 1, 0x7fffffff));
      return new Asker({ url: this.#url, user: `asker${String(n + 1)}`, random });
    });
  }

  /** What was counted so far. */
  get tally(): Tally {
    return this.#verdict.tally;
  }

  /** Starts the first server. */
  async start(): Promise<void> {
    await this.#launch();
    await this.#serving();
  }

  /** Asks, kills, starts again, and judges once all runs have ended. */
  async round(number: number): Promise<void> {
    const asked = this.#ask(number);
    const states = this.#askStates(number);
    await wait(between(this.#random, LIFE_LEAST_MS, LIFE_MOST_MS));
    const killedMs = performance.now();
    await this.#kill();
    if (number % STARTUP_KILL_EVERY === 0) {
      await this.#launch();
      await wait(between(this.#random, 0, STARTUP_KILL_MOST_MS));
      await this.#kill();
      this.startupKills += 1;
    }
    await this.#launch();
    await this.#serving();
    const until = performance.now() + SETTLE_MS;
    for (const [thread, questions] of asked) {
      const entries = await this.#ended(thread, questions, until);
      const asker = this.#askerOf(thread);
      const { acked, chunks } = asker;
      this.#verdict.take({ thread, entries, asked: questions, acked, chunks, killedMs });
    }
    for (const [thread, agent] of states) {
      const question = { thread, mid: `${thread}-0`, text: agent, agent };
      const entries = await this.#ended(thread, [question], until);
      this.#states.take(agent, thread, entries);
    }
    for (const asker of this.#askers) asker.forget();
    this.#options.progress?.(number, this.tally);
  }

  /** Stops the server, checks its files and judges. */
  async end(): Promise<Check[]> {
    for (const asker of this.#askers) asker.close();
    const code = await this.#server?.stop('SIGTERM');
    if (code !== 0) this.#badLines.add(`the last server ended with ${String(code)}`);
    this.#hear();
    this.#server = null;
    const dir = join(this.#dataDir, LOG_FOLDER);
    const left = await recordsLeft(dir);
    const { problemCount, problems } = await checkLog(dir);
    const refused = new Faults();
    for (const { faults } of this.#askers) refused.addAll(faults);
    return [
      ...this.#verdict.checks(),
      this.#states.check(),
      countedOnTheWay(
        'every run ends soon after the restart',
        `${String(this.kills)} kills`,
        this.#late
      ),
      noneLeft(left),
      countedOnTheWay('no message was refused for good', '', refused),
      countedOnTheWay('the files of the stopped server are whole', '', {
        count: problemCount,
        words: problems
      }),
      countedOnTheWay('no server wrote an error line', '', this.#badLines)
    ];
  }

  /** Ends all clients and the server, also after an error. */
  async abandon(): Promise<void> {
    for (const asker of this.#askers) asker.close();
    await this.#server?.stop('SIGKILL');
  }

  /** Asks in all threads of a round; returns what was asked, by thread. */
  #ask(round: number): Map<string, Question[]> {
    const asked = new Map<string, Question[]>();
    for (let n = 0; n < this.#options.runs; n += 1) {
      const thread = `rp.${String(round)}.${String(n)}`;
      const words = n % SHORT_EVERY === 0 ? between(this.#random, 1, LONG_WORDS / 2) : LONG_WORDS;
      const texts = [answer(words, LETTERS[n % LETTERS.length] ?? 5)];
      if (n % QUEUED_EVERY === 0) texts.push('one that waits');
      const questions = texts.map((text, at) => ({ thread, mid: `${thread}-${String(at)}`, text }));
      asked.set(thread, questions);
      for (const question of questions) this.#askerOf(thread).ask(question);
    }
    return asked;
  }

  /** Asks the agents that stay in one state; returns the threads with their agents. */
  #askStates(round: number): Map<string, StateAgent> {
    const asked = new Map<string, StateAgent>();
    for (const [n, agent] of STATE_AGENTS.entries()) {
      const thread = `rp.${String(round)}.${agent}.${String(n)}`;
      asked.set(thread, agent);
      this.#askerOf(thread).ask({ thread, mid: `${thread}-0`, text: agent, agent });
    }
    return asked;
  }

  #askerOf(thread: string): Asker {
    const n = Number(thread.slice(thread.lastIndexOf('.') + 1));
    const asker = this.#askers[n % ASKERS];
    if (asker === undefined) throw new Error(`nobody asks in ${thread}`);
    return asker;
  }

  /** Waits until each message has been answered, and returns the entries of the thread. */
  async #ended(thread: string, asked: readonly Question[], until: number): Promise<Entry[]> {
    for (;;) {
      const entries = await entriesOf(this.#url, thread);
      const ends = entries.filter(({ kind, body }) => endOf(kind, body) !== null).length;
      if (ends >= asked.length) return entries;
      const open = openAsk(entries);
      if (open !== null) this.#askerOf(thread).answer(open.run, open.ask, ANSWER);
      if (performance.now() > until) {
        this.#late.add(`${thread} has ${String(ends)} ends for ${String(asked.length)} messages`);
        return entries;
      }
      await wait(LOOK_EVERY_MS);
    }
  }

  async #launch(): Promise<void> {
    this.#server = await launchServer({
      dataDir: this.#dataDir,
      env: {
        PORT: String(this.#port),
        AGENTS: `echo,${AGENTS}`,
        AGENT_ECHO_WORDS_PER_SECOND: String(WORDS_PER_SECOND),
        AGENT_RUNS: '100000',
        AGENT_RUNS_PER_USER: '100000',
        LIMIT_PUBLISH_PER_SECOND: '0',
        LOG_LEVEL: 'info'
      }
    });
  }

  async #serving(): Promise<void> {
    await this.#server?.line('Rollcall is serving');
  }

  async #kill(): Promise<void> {
    await this.#server?.stop('SIGKILL');
    this.kills += 1;
    this.#hear();
    this.#server = null;
  }

  #hear(): void {
    for (const { level, message } of this.#server?.lines ?? []) {
      if (level === 'error') this.#badLines.add(message);
    }
  }
}

/** Returns a text of so many words of so many letters, each with its number. */
function answer(words: number, letters: number): string {
  return Array.from({ length: words }, (_, n) => String(n).padEnd(letters, 'x')).join(' ');
}

/** Reads all entries of a thread over HTTP; none when there is no such thread. */
async function entriesOf(url: string, thread: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after = 0;
  for (;;) {
    const path = `/api/threads/${thread}/messages?after=${String(after)}&limit=${String(PAGE)}`;
    const answered = await fetch(url + path);
    const page: unknown = await answered.json();
    if (answered.status === 404) return entries;
    if (!isPage(page)) throw new Error(`the API answered ${JSON.stringify(page)}`);
    entries.push(...page.messages);
    after = page.messages.at(-1)?.offset ?? after;
    if (!page.more || page.messages.length === 0) return entries;
  }
}

function isPage(
  value: unknown
): value is { readonly more: boolean; readonly messages: (Entry & { readonly offset: number })[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'messages' in value &&
    Array.isArray(value.messages)
  );
}

/** Returns the ids of all records of runs in the files of a stopped server. */
async function recordsLeft(dir: string): Promise<string[]> {
  const store = openStore({ dir, use: 'read' });
  try {
    return ['run', 'run_text'].flatMap((kind) =>
      [...store.range(withinRecords('rollcall:runs', kind))].map(
        ({ key }) => `${kind} ${String(key[3])}`
      )
    );
  } finally {
    await store.close();
  }
}
