/**
 * Real nats-servers on loopback, one or a cluster with JetStream, in a directory of their own: killed, paused and
 * started again at the same ports with the same data. Each is ended by its process id.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.js';
import { findProgram, requireTool } from './require.js';

/** Skips, or fails in CI, where there is no nats-server; answers its path. */
export function requireNatsServer(context: Pick<Mocha.Context, 'skip'>): string {
  const program = findProgram('nats-server');
  const reason = 'install the Debian package nats-server';
  requireTool(context, 'nats-server', program !== undefined, reason);
  return program ?? '';
}

/** A name and a password that the brokers ask for. */
export interface NatsLogin {
  readonly user: string;
  readonly pass: string;
}

/** What {@link NatsServers.start} makes. */
export interface NatsServersOptions {
  /** 1, or 3 for a cluster. */
  readonly count?: 1 | 3;
  readonly login?: NatsLogin;
}

/** Of what a broker has logged, this much is kept to say why it has ended. */
const LOG_CHARS = 4_000;

/** Ports of one broker: for clients, for the other brokers, and of its monitoring. */
interface Ports {
  readonly client: number;
  readonly cluster: number;
  readonly monitor: number;
}

/** The brokers. `stop` them in the end, whatever happened in between. */
export class NatsServers {
  readonly #program: string;
  readonly #root: string;
  readonly #ports: readonly Ports[];
  readonly #login: NatsLogin | undefined;
  readonly #processes: (ChildProcess | null)[];

  private constructor(
    program: string,
    root: string,
    ports: readonly Ports[],
    login: NatsLogin | undefined
  ) {
    this.#program = program;
    this.#root = root;
    this.#ports = ports;
    this.#login = login;
    this.#processes = ports.map(() => null);
  }

  /** Starts the brokers; resolves when they answer and, in a cluster, have a leader for JetStream. */
  static async start(
    program: string,
    { count = 1, login }: NatsServersOptions = {}
  ): Promise<NatsServers> {
    const root = await mkdtemp(join(tmpdir(), 'rollcall-nats-'));
    const free = await freePorts(count * 3);
    const ports = Array.from({ length: count }, (_, at) => ({
      client: free[at * 3] ?? 0,
      cluster: free[at * 3 + 1] ?? 0,
      monitor: free[at * 3 + 2] ?? 0
    }));
    const servers = new NatsServers(program, root, ports, login);
    try {
      await Promise.all(ports.map((_, at) => servers.restart(at)));
      await servers.healthy();
    } catch (error) {
      await servers.stop();
      throw error;
    }
    return servers;
  }

  /** Number of brokers. */
  get count(): number {
    return this.#ports.length;
  }

  /** URL of each broker, as items of `NATS_URL`. */
  get urls(): readonly string[] {
    const login = this.#login;
    const who = login === undefined ? '' : `${login.user}:${login.pass}@`;
    return this.#ports.map(({ client }) => `nats://${who}127.0.0.1:${String(client)}`);
  }

  /** Process ids of the brokers that run. */
  get pids(): readonly number[] {
    return this.#processes.flatMap((child) => child?.pid ?? []);
  }

  /** URL of one broker's monitoring. */
  monitorUrl(at: number): string {
    return `http://127.0.0.1:${String(this.#portsOf(at).monitor)}`;
  }

  /** Ends a broker as the loss of its process would. */
  async kill(at: number): Promise<void> {
    const child = this.#processes[at] ?? null;
    this.#processes[at] = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Makes a broker stand still, its sockets open. */
  pause(at: number): void {
    this.#processes[at]?.kill('SIGSTOP');
  }

  /** Lets a broker go on after `pause`. */
  resume(at: number): void {
    this.#processes[at]?.kill('SIGCONT');
  }

  /** Starts a broker again where it was; resolves when it takes connections. */
  async restart(at: number): Promise<void> {
    await this.kill(at);
    const config = await this.#configure(at);
    const child = spawn(this.#program, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#processes[at] = child;
    await new Promise<void>((resolve, reject) => {
      let told = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        told = `${told}${text}`.slice(-LOG_CHARS);
        if (told.includes('Server is ready')) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        reject(new Error(`nats-server ended with ${String(code)}: ${told}`));
      });
    });
  }

  /** Resolves when every broker says that it is healthy, which needs the cluster's leader. */
  async healthy(): Promise<void> {
    for (const { monitor } of this.#ports) {
      let isAsked = false;
      while (!isAsked) isAsked = await isHealthy(monitor);
    }
  }

  /** Kills all brokers and removes their data. */
  async stop(): Promise<void> {
    for (const at of this.#ports.keys()) await this.kill(at);
    await rm(this.#root, { recursive: true, force: true });
  }

  #portsOf(at: number): Ports {
    const ports = this.#ports[at];
    if (ports === undefined) throw new Error(`there is no broker ${String(at)}`);
    return ports;
  }

  async #configure(at: number): Promise<string> {
    const { client, cluster, monitor } = this.#portsOf(at);
    const store = join(this.#root, `broker-${String(at)}`);
    await mkdir(store, { recursive: true });
    const routes = this.#ports.map((to) => `nats-route://127.0.0.1:${String(to.cluster)}`);
    const login = this.#login;
    const lines = [
      `server_name: broker-${String(at)}`,
      `listen: 127.0.0.1:${String(client)}`,
      `http: 127.0.0.1:${String(monitor)}`,
      `jetstream { store_dir: "${store}", max_mem: 64MB, max_file: 1GB }`,
      ...(this.count === 1
        ? []
        : [
            `cluster { name: rollcall, listen: 127.0.0.1:${String(cluster)}, routes: [${routes.join(', ')}] }`
          ]),
      ...(login === undefined
        ? []
        : [`authorization { user: ${login.user}, password: "${login.pass}" }`])
    ];
    const path = join(store, 'nats.conf');
    await writeFile(path, `${lines.join('\n')}\n`);
    return path;
  }
}

async function isHealthy(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode === 200);
      });
    }).on('error', () => {
      resolve(false);
    });
  });
}
