/**
 * The proof by kill: a server that is killed again and again at moments that chance picks, while clients publish and
 * subscribe; then everything is counted.
 */
import { createServer } from 'node:net';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkLog, exportLog } from '../../actors/log/log-check.js';
import type { Durability } from '../../actors/log/thread-log.js';
import { LOG_FOLDER } from '../../server/config/config.js';
import { launchServer, temporaryDir, type LaunchedServer } from '../../spec/e2e/server-process.js';
import { Faults } from './faults.js';
import { Publisher } from './publisher.js';
import { between, seeded, type Random } from './random.js';
import { startWitness, WITNESS_KINDS, type Witness } from './witness.js';
import { judge, type Check, type Stored } from './verdict.js';

/** Clients of one run. */
const PUBLISHERS = 4;
const WITNESSES_PER_KIND = 2;
const THREADS = ['kp.alpha', 'kp.beta', 'kp.gamma'];

/** Life of a server that serves, from its first moment on. */
const LIFE_LEAST_MS = 30;
const LIFE_MOST_MS = 900;

/** One kill in so many comes while the server still starts; and how long after its process was made. */
const STARTUP_KILL_EVERY = 8;
const STARTUP_KILL_MOST_MS = 700;

/** Chance that a subscriber loses its connection while the server lives on. */
const CUT_CHANCE = 0.5;

/** Time that the clients have, after the last kill, to get every ack and every message. */
const SETTLE_MS = 60_000;

/** Ports tried for the server: below those that the system gives to outgoing connections. */
const PORT_LEAST = 20_000;
const PORT_MOST = 29_999;

/** Messages in one page of the API. */
const PAGE = 500;

/** How a run is made. */
export interface ProofOptions {
  readonly cycles: number;
  /** Repeats what chance picks; the machine's own timing is never the same. */
  readonly seed: number;
  readonly durability: Durability;
  /** Told after every kill. */
  readonly progress?: (progress: Progress) => void;
}

/** How far a run has come. */
export interface Progress {
  readonly kills: number;
  readonly cycles: number;
  readonly acked: number;
}

/** What a run has shown. */
export interface ProofReport {
  readonly checks: readonly Check[];
  readonly holds: boolean;
  readonly figures: {
    readonly kills: number;
    /** Kills of a server that did not serve yet. */
    readonly startupKills: number;
    readonly acked: number;
    /** Messages sent again that had been stored: their ack died with a server. */
    readonly duplicates: number;
    readonly connections: number;
    /** Connections cut while the server lived on. */
    readonly cuts: number;
    readonly tookMs: number;
  };
}

/** Runs it. @throws when a server does not start or ends by itself */
export async function proveByKill(options: ProofOptions): Promise<ProofReport> {
  const startedAt = performance.now();
  const dataDir = await temporaryDir();
  const run = new Run(options, dataDir, await freePort());
  try {
    for (let kill = 1; kill <= options.cycles; kill += 1) await run.cycle(kill);
    const checks = await run.end();
    const holds = checks.every(({ faults }) => faults.count === 0);
    return { checks, holds, figures: { ...run.figures(), tookMs: performance.now() - startedAt } };
  } finally {
    await run.abandon();
    await rm(dataDir, { recursive: true, force: true });
  }
}

class Run {
  readonly #options: ProofOptions;
  readonly #dataDir: string;
  readonly #port: number;
  readonly #url: string;
  readonly #random: Random;
  readonly #publishers: Publisher[];
  readonly #witnesses: Witness[];
  readonly #errorLines = new Faults();
  #server: LaunchedServer | null = null;
  #startupKills = 0;
  #kills = 0;
  #cuts = 0;

  constructor(options: ProofOptions, dataDir: string, port: number) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#port = port;
    this.#url = `http://127.0.0.1:${String(port)}`;
    this.#random = seeded(options.seed);
    const shared = { url: this.#url, threads: THREADS, durability: options.durability };
    // Each has chance of its own: the order in which clients ask for it is the machine's.
    const own = (): Random => seeded(between(this.#random, 1, 0x7fffffff));
    this.#publishers = Array.from(
      { length: PUBLISHERS },
      (_, n) => new Publisher({ ...shared, user: `p${String(n + 1)}`, random: own() })
    );
    this.#witnesses = WITNESS_KINDS.flatMap((kind) =>
      Array.from({ length: WITNESSES_PER_KIND }, (_, n) =>
        startWitness(kind, { ...shared, name: `${kind}${String(n + 1)}`, random: own() })
      )
    );
  }

  /** One life of a server, with a violent end. */
  async cycle(number: number): Promise<void> {
    const random = this.#random;
    const server = await this.#launch();
    if (number % STARTUP_KILL_EVERY === 0) {
      this.#startupKills += 1;
      await wait(between(random, 0, STARTUP_KILL_MOST_MS));
    } else {
      await this.#serving(server);
      const lifeMs = between(random, LIFE_LEAST_MS, LIFE_MOST_MS);
      const cutMs = random() < CUT_CHANCE ? between(random, 0, lifeMs) : null;
      const victim = this.#witnesses[between(random, 0, this.#witnesses.length - 1)];
      if (cutMs !== null) {
        await wait(cutMs);
        victim?.cut();
        this.#cuts += 1;
      }
      await wait(lifeMs - (cutMs ?? 0));
    }
    await server.stop('SIGKILL');
    this.#kills += 1;
    this.#bury(server);
    this.#options.progress?.({
      kills: number,
      cycles: this.#options.cycles,
      acked: this.#acked()
    });
  }

  /** Lets everything arrive, reads it back by the API, and looks at the files of the stopped server. */
  async end(): Promise<Check[]> {
    const server = await this.#launch();
    await this.#serving(server);
    await Promise.race([
      Promise.all(this.#publishers.map((publisher) => publisher.finish())),
      wait(SETTLE_MS, undefined, { ref: false })
    ]);
    const stored = new Map<string, Stored[]>();
    for (const thread of THREADS) stored.set(thread, await this.#history(thread));
    await this.#allSeen(stored);
    this.#close();
    await server.stop();
    this.#bury(server);
    const dir = join(this.#dataDir, LOG_FOLDER);
    const { problemCount, problems } = await checkLog(dir);
    return judge({
      stored,
      exported: await exported(dir),
      check: { count: problemCount, words: problems },
      publishers: this.#publishers,
      witnesses: this.#witnesses.map(({ name, seen }) => ({
        name,
        threads: seen.threads,
        faults: seen.faults
      })),
      errorLines: this.#errorLines
    });
  }

  figures(): Omit<ProofReport['figures'], 'tookMs'> {
    const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
    return {
      kills: this.#kills,
      startupKills: this.#startupKills,
      acked: this.#acked(),
      duplicates: sum(this.#publishers.map(({ duplicates }) => duplicates)),
      connections: sum([...this.#publishers, ...this.#witnesses].map((each) => each.connections)),
      cuts: this.#cuts
    };
  }

  /** Leaves nothing behind, whatever has happened. */
  async abandon(): Promise<void> {
    this.#close();
    await this.#server?.stop('SIGKILL');
  }

  #close(): void {
    for (const client of [...this.#publishers, ...this.#witnesses]) client.close();
  }

  #acked(): number {
    return this.#publishers.reduce((sum, { acked }) => sum + acked.size, 0);
  }

  async #launch(): Promise<LaunchedServer> {
    this.#server = await launchServer({
      dataDir: this.#dataDir,
      env: {
        PORT: String(this.#port),
        DURABILITY: this.#options.durability,
        LIMIT_PUBLISH_PER_SECOND: '0',
        LOG_LEVEL: 'info'
      }
    });
    return this.#server;
  }

  async #serving(server: LaunchedServer): Promise<void> {
    await server.line('Rollcall is serving');
    for (const witness of this.#witnesses) witness.nudge();
  }

  #bury({ lines }: LaunchedServer): void {
    for (const { level, message } of lines) if (level === 'error') this.#errorLines.add(message);
    this.#server = null;
  }

  async #allSeen(stored: ReadonlyMap<string, readonly Stored[]>): Promise<void> {
    const until = performance.now() + SETTLE_MS;
    const isBehind = ({ seen }: Witness): boolean =>
      [...stored].some(([thread, entries]) => seen.offset(thread) < entries.length);
    while (this.#witnesses.some(isBehind) && performance.now() < until) await wait(20);
  }

  async #history(thread: string): Promise<Stored[]> {
    const entries: Stored[] = [];
    for (;;) {
      const after = String(entries.at(-1)?.offset ?? 0);
      const path = `/api/threads/${thread}/messages?after=${after}&limit=${String(PAGE)}`;
      const page: unknown = await (await fetch(this.#url + path)).json();
      if (!isPage(page)) throw new Error(`the API answered ${JSON.stringify(page)}`);
      entries.push(...page.messages.map(storedOf));
      if (!page.more || page.messages.length === 0) return entries;
    }
  }
}

interface Message {
  readonly thread: string;
  readonly offset: number;
  readonly mid: string;
  readonly body: { readonly text: string };
}

interface Page {
  readonly more: boolean;
  readonly messages: readonly Message[];
}

function isPage(value: unknown): value is Page {
  return (
    typeof value === 'object' &&
    value !== null &&
    'messages' in value &&
    Array.isArray(value.messages)
  );
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'thread' in value && 'body' in value;
}

function storedOf({ offset, mid, body }: Message): Stored {
  return { offset, mid, text: body.text };
}

/** Reads our threads from the files; those of the server's own probes are not ours. */
async function exported(dir: string): Promise<Map<string, Stored[]>> {
  const threads = new Map<string, Stored[]>(THREADS.map((thread) => [thread, []]));
  await exportLog(dir, (line) => {
    const message: unknown = JSON.parse(line);
    if (!isMessage(message)) throw new Error(`exported what is no message: ${line}`);
    threads.get(message.thread)?.push(storedOf(message));
  });
  return threads;
}

/** Finds a port that a server can have again and again; chance of the system's, for several runs at once. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = between(Math.random, PORT_LEAST, PORT_MOST);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true);
        });
      });
    });
    if (isFree) return port;
  }
}
