/**
 * A real clickhouse-server of the oldest dialect, in a directory of its own: killed and started again at the same port
 * with the same data.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.js';
import { findProgram, requireTool } from './require.js';

const USER = 'ada';

/** Password of the one user: every character that a URL must escape. */
export const CLICKHOUSE_PASSWORD = 'pa55/w*rd';

/** Skips, or fails in CI, where there is no clickhouse-server; answers its path. */
export function requireClickhouseServer(context: Pick<Mocha.Context, 'skip'>): string {
  const program = findProgram('clickhouse-server');
  const reason = 'install the Debian package clickhouse-server';
  requireTool(context, 'clickhouse-server', program !== undefined, reason);
  return program ?? '';
}

/** One server. `start` it, and `stop` it in the end, whatever happened in between. */
export class ClickhouseServer {
  readonly #program: string;
  readonly #root: string;
  readonly #port: number;
  #process: ChildProcess | null = null;

  private constructor(program: string, root: string, port: number) {
    this.#program = program;
    this.#root = root;
    this.#port = port;
  }

  /** Makes the directories and starts the server in them. */
  static async start(program: string): Promise<ClickhouseServer> {
    const root = await mkdtemp(join(tmpdir(), 'rollcall-clickhouse-server-'));
    for (const name of ['data', 'tmp', 'files', 'schemas']) await mkdir(join(root, name));
    const [port = 0] = await freePorts(1);
    const server = new ClickhouseServer(program, root, port);
    await server.#configure();
    try {
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Port of its HTTP interface. */
  get port(): number {
    return this.#port;
  }

  /** `CLICKHOUSE_URL` of one of its databases. */
  url(database = 'default', password = CLICKHOUSE_PASSWORD): string {
    return `http://${USER}:${encodeURIComponent(password)}@127.0.0.1:${String(this.#port)}/${database}`;
  }

  /** Ends it as a power cut would end the process. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Makes it stand still, its sockets open, until it goes on. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  /** Lets it go on after `pause`. */
  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Starts it again where it was; resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    const config = join(this.#root, 'config.xml');
    const child = spawn(this.#program, [`--config-file=${config}`], { stdio: 'ignore' });
    this.#process = child;
    // It has no way to say that it listens; asking is the way to know.
    while (!(await answers(this.#port))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`clickhouse-server ended with ${String(child.exitCode)}`);
      }
    }
  }

  /** Kills it and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#root, { recursive: true, force: true });
  }

  async #configure(): Promise<void> {
    const root = this.#root;
    const [tcpPort] = await freePorts(1);
    await writeFile(
      join(root, 'config.xml'),
      `<?xml version="1.0"?><yandex><logger><level>warning</level><console>1</console></logger>
      <http_port>${String(this.#port)}</http_port><tcp_port>${String(tcpPort)}</tcp_port><listen_host>127.0.0.1</listen_host>
      <max_concurrent_queries>100</max_concurrent_queries><mark_cache_size>67108864</mark_cache_size>
      <path>${root}/data/</path><tmp_path>${root}/tmp/</tmp_path><user_files_path>${root}/files/</user_files_path>
      <format_schema_path>${root}/schemas/</format_schema_path><users_config>${root}/users.xml</users_config>
      <default_profile>default</default_profile><default_database>default</default_database><timezone>UTC</timezone></yandex>`
    );
    await writeFile(
      join(root, 'users.xml'),
      `<?xml version="1.0"?><yandex><profiles><default/></profiles><quotas><default/></quotas>
      <users><${USER}><password>${CLICKHOUSE_PASSWORD}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></${USER}></users></yandex>`
    );
  }
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/ping', agent: false }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode === 200);
      });
    }).on('error', () => {
      resolve(false);
    });
  });
}
