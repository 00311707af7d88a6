/** Brokers and nodes as processes on loopback, each with a data directory of its own. */
import { rm } from 'node:fs/promises';
import { NatsServers } from '../../nats-servers.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';

/** What {@link LocalCluster.start} makes. */
export interface LocalClusterOptions {
  /** Path of nats-server. */
  readonly program: string;
  /** 1, or 3 for a cluster of brokers. Default: 1. */
  readonly brokers?: 1 | 3;
  readonly nodes: number;
  /** Settings of every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Port of the first node, and the following ones of the others. Default: free ones. */
  readonly port?: number;
}

/** Brokers and nodes that run. `stop` them in the end. */
export class LocalCluster {
  readonly brokers: NatsServers;
  readonly nodes: ServerProcess[] = [];
  private readonly options: LocalClusterOptions;
  private readonly dirs: string[] = [];

  private constructor(brokers: NatsServers, options: LocalClusterOptions) {
    this.brokers = brokers;
    this.options = options;
  }

  /** Starts all; resolves when every node serves. When one does not start, the others are stopped. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const brokers = await NatsServers.start(options.program, { count: options.brokers ?? 1 });
    const cluster = new LocalCluster(brokers, options);
    try {
      for (let at = 0; at < options.nodes; at += 1) cluster.dirs.push(await temporaryDir());
      const started = await Promise.allSettled(cluster.dirs.map((_, at) => cluster.launch(at)));
      const failed = started.find(({ status }) => status === 'rejected');
      for (const start of started)
        if (start.status === 'fulfilled') cluster.nodes.push(start.value);
      if (failed?.status === 'rejected') throw failed.reason;
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** A node by its place. */
  node(at: number): ServerProcess {
    const node = this.nodes[at];
    if (node === undefined) throw new RangeError(`there is no node ${String(at)}`);
    return node;
  }

  /** Starts a node that has ended, with the data that it had. */
  async restart(at: number): Promise<ServerProcess> {
    const node = await this.launch(at);
    this.nodes[at] = node;
    return node;
  }

  /** Stops the nodes, then the brokers, and removes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.brokers.stop();
    for (const dir of this.dirs) await rm(dir, { recursive: true, force: true });
  }

  private launch(at: number): Promise<ServerProcess> {
    const { env, port } = this.options;
    return startServer({
      dataDir: this.dirs[at] ?? '',
      env: {
        CLICKHOUSE_URL: 'off',
        ...env,
        NATS_URL: this.brokers.urls.join(),
        ...(port === undefined ? {} : { PORT: String(port + at) })
      }
    });
  }
}
