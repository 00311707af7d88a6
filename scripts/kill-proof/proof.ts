/**
 * The proof by kill: a server is killed again and again at random moments while clients publish and subscribe. At the
 * end all messages are counted. With SIGTERM it proves restarts instead: the server must also say goodbye to each client.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkLog } from '../../actors/log/lmdb/check/log-check.js';
import type { Durability } from '../../actors/log/log-writer.js';
import { LOG_FOLDER } from '../../server/config/config.js';
import {
  launchServer,
  temporaryDir,
  type LaunchedServer
} from '../../spec/e2e/servers/server-process.js';
import { Faults } from './faults.js';
import { freePort } from './free-port.js';
import { Publisher } from './publisher.js';
import { between, seeded, type Random } from './random.js';
import { exported, history } from './read-back.js';
import { startWitness, WITNESS_KINDS, type Witness } from './witness.js';
import { judge, type Check, type GoodbyesAccount, type Stored } from './verdict.js';

/** Clients of one run: publishers, and subscribers of each kind. */
const PUBLISHERS = 4;
const WITNESSES_PER_KIND = 2;
const THREADS = ['kp.alpha', 'kp.beta', 'kp.gamma'];

/** How long a server lives after it has begun to serve. */
const LIFE_LEAST_MS = 30;
const LIFE_MOST_MS = 900;

/** Every eighth kill comes during the startup, at most this long after the process was created. */
const STARTUP_KILL_EVERY = 8;
const STARTUP_KILL_MOST_MS = 700;

/** Probability, in each cycle, that one subscriber's connection is cut while the server lives on. */
const CUT_CHANCE = 0.5;

/** Time for the clients to get every ack and every message after the last kill. */
const SETTLE_MS = 60_000;

/**
 * Log levels that fail the proof. After SIGKILL warnings are allowed, because the next server may find a stale lock or
 * an incomplete write.
 */
const BAD_LEVELS = { SIGKILL: ['error'], SIGTERM: ['error', 'warn'] } as const;

/** Options of a run. */
export interface ProofOptions {
  /** Number of kills. */
  readonly cycles: number;
  /** Seed of all random choices. It does not repeat a run exactly, since the timing of the machine differs. */
  readonly seed: number;
  readonly durability: Durability;
  /** SIGKILL ends the server at once, SIGTERM tells it to stop. */
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** Called after every kill. */
  readonly progress?: (progress: Progress) => void;
}

/** How far a run has come. */
export interface Progress {
  readonly kills: number;
  readonly cycles: number;
  readonly acked: number;
}

/** Result of a run. */
export interface ProofReport {
  readonly checks: readonly Check[];
  readonly holds: boolean;
  readonly figures: {
    readonly kills: number;
    /** Kills during the startup. */
    readonly startupKills: number;
    readonly acked: number;
    /** Messages that were sent again although they were stored, because their ack was lost with a server. */
    readonly duplicates: number;
    readonly connections: number;
    /** Connections that ended with a goodbye of the server. */
    readonly told: number;
    /** Connections cut while the server lived on. */
    readonly cuts: number;
    readonly tookMs: number;
  };
}

/** Makes a run. With SIGTERM it also checks the goodbyes. @throws when a server does not start */
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
  readonly #badLines = new Faults();
  readonly #exits = new Faults();
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
    // Each client has its own generator: the order in which they draw numbers depends on timing, not on the seed.
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

  /** Starts a server, lets it live for a random time and ends it. `number` counts from 1. */
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
    await this.#stop(server, this.#options.signal);
    this.#kills += 1;
    this.#options.progress?.({
      kills: number,
      cycles: this.#options.cycles,
      acked: this.#acked()
    });
  }

  /** Lets everything arrive, reads it back over HTTP, stops the server, checks its files and judges. */
  async end(): Promise<Check[]> {
    const server = await this.#launch();
    await this.#serving(server);
    await Promise.race([
      Promise.all(this.#publishers.map((publisher) => publisher.finish())),
      wait(SETTLE_MS, undefined, { ref: false })
    ]);
    const stored = new Map<string, Stored[]>();
    for (const thread of THREADS) stored.set(thread, await history(this.#url, thread));
    await this.#allSeen(stored);
    this.#close();
    await this.#stop(server, 'SIGTERM');
    const dir = join(this.#dataDir, LOG_FOLDER);
    const { problemCount, problems } = await checkLog(dir);
    return judge({
      stored,
      exported: await exported(dir, THREADS),
      check: { count: problemCount, words: problems },
      publishers: this.#publishers,
      witnesses: this.#witnesses.map(({ name, seen }) => ({
        name,
        threads: seen.threads,
        faults: seen.faults
      })),
      badLines: this.#badLines,
      exits: this.#exits,
      goodbyes: this.#options.signal === 'SIGKILL' ? null : this.#goodbyes()
    });
  }

  figures(): Omit<ProofReport['figures'], 'tookMs'> {
    const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
    return {
      kills: this.#kills,
      startupKills: this.#startupKills,
      acked: this.#acked(),
      duplicates: sum(this.#publishers.map(({ duplicates }) => duplicates)),
      connections: sum(this.#clients.map(({ connections }) => connections)),
      told: sum(this.#clients.map(({ farewells }) => farewells.told)),
      cuts: this.#cuts
    };
  }

  /** Ends all clients and the server, also after an error. */
  async abandon(): Promise<void> {
    this.#close();
    await this.#server?.stop('SIGKILL');
  }

  #close(): void {
    for (const client of this.#clients) client.close();
  }

  get #clients(): (Publisher | Witness)[] {
    return [...this.#publishers, ...this.#witnesses];
  }

  #goodbyes(): GoodbyesAccount {
    const missing = new Faults();
    for (const { farewells } of this.#clients) missing.addAll(farewells.cut);
    return { told: this.figures().told, missing };
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

  async #stop(server: LaunchedServer, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const code = await server.stop(signal);
    this.#server = null;
    // A server without a log line was still loading its code: it has no handler for SIGTERM yet and ends by the signal.
    const expected = signal === 'SIGKILL' || server.lines.length === 0 ? null : 0;
    if (code !== expected) this.#exits.add(`after ${signal} a server ended with ${String(code)}`);
    const bad: readonly string[] = BAD_LEVELS[this.#options.signal];
    for (const { level, message } of server.lines)
      if (bad.includes(level)) this.#badLines.add(message);
  }

  async #allSeen(stored: ReadonlyMap<string, readonly Stored[]>): Promise<void> {
    const until = performance.now() + SETTLE_MS;
    const isBehind = ({ seen }: Witness): boolean =>
      [...stored].some(([thread, entries]) => seen.offset(thread) < entries.length);
    while (this.#witnesses.some(isBehind) && performance.now() < until) await wait(20);
  }
}
