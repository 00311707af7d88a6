/**
 * Runs a server under load, the built Rollcall or one of the peers, as a process of its own, and connects to it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { joinNats } from './peers/nats-stream.js';
import { clientFrame, RawSocket, type Tally } from './wire.js';

/** A server to compare with. */
export type PeerKind =
  'uws' | 'json-uws' | 'ws' | 'json-ws' | 'socket.io' | 'socket.io-uws' | 'nats-server';

/**
 * A server that can be measured. `rollcall` has no ClickHouse, `rollcall+clickhouse` has it embedded; `rollcall+ws` is the first
 * on the engine `ws`; `before` is another build of Rollcall, without ClickHouse.
 */
export type TargetKind = 'rollcall' | 'rollcall+clickhouse' | 'rollcall+ws' | 'before' | PeerKind;

/** All peers, in the order of the report. */
export const PEER_KINDS: readonly PeerKind[] = [
  'uws',
  'json-uws',
  'ws',
  'json-ws',
  'socket.io',
  'socket.io-uws',
  'nats-server'
];

/** Says whether a server is a build of Rollcall. */
export function isRollcall(kind: TargetKind): boolean {
  return isOurs(kind) || kind === 'rollcall+ws' || kind === 'before';
}

/** Says whether a server is this build of Rollcall on its usual engine, which the bars are for. */
export function isOurs(kind: TargetKind): boolean {
  return kind === 'rollcall' || kind === 'rollcall+clickhouse';
}

/** Says whether a server understands the frames of Rollcall's clients. */
export function speaksRollcall(kind: TargetKind): boolean {
  return isRollcall(kind) || kind === 'json-uws' || kind === 'json-ws';
}

/** Says whether a server wraps its frames as socket.io does. */
export function isSocketIo(kind: TargetKind): boolean {
  return kind === 'socket.io' || kind === 'socket.io-uws';
}

/** Says whether memory and event loop of a server can be measured: `nats-server` is a child of the process that is known. */
export function isMeasuredInside(kind: TargetKind): boolean {
  return kind !== 'nats-server';
}

/** Says whether a name is that of a peer. */
export function isPeerKind(name: string): name is PeerKind {
  return PEER_KINDS.some((kind) => kind === name);
}

/** What socket.io puts around the JSON of an event. */
const EVENT_START = '42["message",';

const PEERS = fileURLToPath(new URL('peers/peers.ts', import.meta.url));
const LOOP_METER = new URL('peers/loop-meter.mjs', import.meta.url).href;
const CONNECT_WITHIN_MS = 30_000;

/** How a target is started. */
export interface TargetOptions {
  readonly kind: TargetKind;
  /** The built command line of this build of Rollcall. */
  readonly cli: string;
  /** Core to run on; null = any. */
  readonly core: number | null;
  /** Further options for Node, for instance to profile. */
  readonly nodeOptions?: readonly string[];
  /** Gets every line of Rollcall's log. */
  readonly onLine?: (line: string) => void;
  /** Folder in which Rollcall's data directory is made; the system's folder for temporary files when left out. */
  readonly dir?: string;
  /** Data directory of Rollcall; it is kept. A new one that is removed when left out. */
  readonly dataDir?: string;
  /** Further settings of Rollcall. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the server's event loop is measured, see {@link Target.loopDelay}. */
  readonly isMetered?: boolean;
}

/** How one connection is made. */
export interface ConnectOptions {
  /** Token of the user; without one the user's name is enough. */
  readonly token?: string;
  /** Name of the user; one that no other connection has when left out. */
  readonly user?: string;
  /** The `since` of the subscription, as in the protocol. */
  readonly since?: unknown;
  /** Offset that the connection has already, so that the next one must come first. */
  readonly after?: number;
  /** Gets each frame that comes until the connection is ready, without messages and acks. */
  readonly onText?: (text: string) => void;
}

/** How late an event loop was, in milliseconds. */
export interface LoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const running = new Set<Target>();

/** A running server. */
export class Target {
  readonly kind: TargetKind;
  readonly pid: number;
  private servedPort = 0;
  private readonly child: ChildProcess;
  /** Data directory that ends with the server. */
  private readonly ownDir: string | null;
  private nextUser = 0;

  private constructor(
    kind: TargetKind,
    child: ChildProcess & { readonly pid: number },
    ownDir: string | null
  ) {
    this.kind = kind;
    this.pid = child.pid;
    this.child = child;
    this.ownDir = ownDir;
  }

  /** Port on which it serves. */
  get port(): number {
    return this.servedPort;
  }

  /** Starts a server and resolves once it serves. */
  static async start(options: TargetOptions): Promise<Target> {
    const { kind, cli, core, nodeOptions = [], onLine = () => undefined, isMetered } = options;
    const pinned = core === null ? [] : ['taskset', '-c', String(core)];
    const ownDir =
      isRollcall(kind) && options.dataDir === undefined
        ? await mkdtemp(join(options.dir ?? tmpdir(), 'rollcall-bench-'))
        : null;
    const dataDir = options.dataDir ?? ownDir;
    const script = isRollcall(kind) ? [cli, 'start'] : ['--import', 'tsx', PEERS, kind];
    const [command = process.execPath, ...args] = [
      ...pinned,
      process.execPath,
      ...(isMetered === true ? ['--import', LOOP_METER] : []),
      ...nodeOptions,
      ...script
    ];
    const child = spawn(command, args, {
      // Run outside of the checkout, so that its .env file is not read.
      cwd: dataDir ?? process.cwd(),
      env: {
        ...(dataDir === null ? process.env : environment(dataDir, kind)),
        ...options.env,
        BENCH_PARENT: String(process.pid)
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc']
    });
    const { pid } = child;
    if (pid === undefined) throw new Error(`${kind} did not start`);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${kind} ended before it served`);
    });
    // Known from here on, so that a server that never serves is stopped too, and its data removed.
    const target = new Target(kind, Object.assign(child, { pid }), ownDir);
    running.add(target);
    target.servedPort = await Promise.race([
      isRollcall(kind)
        ? servingPort(child, onLine, kind === 'rollcall+clickhouse')
        : peerPort(child),
      ended
    ]);
    ended.catch(() => undefined);
    return target;
  }

  /** Stops all servers that still run. */
  static async stopAll(): Promise<void> {
    await Promise.all([...running].map((target) => target.stop()));
  }

  /** How late the event loop of a metered server was since the last call. */
  async loopDelay(): Promise<LoopDelay> {
    const answer = new Promise<LoopDelay>((resolve) => {
      const take = (message: unknown): void => {
        const delay = loopDelayIn(message);
        if (delay === null) return;
        this.child.off('message', take);
        resolve(delay);
      };
      this.child.on('message', take);
    });
    this.child.send('loop');
    return answer;
  }

  /** Opens a connection that is subscribed to a thread, or to none. */
  async connect(thread: string | null, tally: Tally, how: ConnectOptions = {}): Promise<RawSocket> {
    const { port, kind } = this;
    const { token, since, after, onText } = how;
    const { user = `user-${String(this.nextUser++)}` } = how;
    const query = thread === null ? '' : `thread=${thread}`;
    const common = { port, tally, thread: thread ?? '', ...(after === undefined ? {} : { after }) };
    if (isSocketIo(kind)) {
      const path = `/socket.io/?EIO=4&transport=websocket&${query}`;
      const options = { ...common, path, shift: EVENT_START.length };
      const socket = await RawSocket.open(options, '0{"sid"');
      const welcome = socket.text('40{"sid"');
      socket.send(clientFrame('40'));
      await welcome;
      socket.onText = (text) => {
        if (text === '2') socket.send(clientFrame('3'));
      };
      return socket;
    }
    if (kind === 'nats-server') {
      const socket = await RawSocket.open({ ...common, path: '/' });
      await joinNats(socket, thread);
      return socket;
    }
    if (!speaksRollcall(kind)) {
      return RawSocket.open({ ...common, path: `/${thread === null ? 'relay' : 'ws'}?${query}` });
    }
    const socket = await RawSocket.open({ ...common, path: '/ws' });
    const last = socket.text(thread === null ? '"connected"' : '"caught_up"', onText);
    const who = token === undefined ? { user } : { token };
    socket.send(clientFrame(JSON.stringify({ type: 'connect', id: 1, ...who })));
    if (thread !== null) {
      socket.send(clientFrame(JSON.stringify({ type: 'subscribe', id: 2, thread, since })));
    }
    await last;
    return socket;
  }

  /** Opens many connections, `among` at a time. */
  async connectAll(
    threads: readonly (string | null)[],
    tally: Tally,
    among = 64
  ): Promise<RawSocket[]> {
    const sockets: RawSocket[] = [];
    const deadline = AbortSignal.timeout(CONNECT_WITHIN_MS + threads.length * 10);
    for (let from = 0; from < threads.length; from += among) {
      if (deadline.aborted) throw new Error(`${this.kind} takes connections too slowly`);
      const some = threads.slice(from, from + among);
      sockets.push(...(await Promise.all(some.map((thread) => this.connect(thread, tally)))));
    }
    return sockets;
  }

  /** Ends the server and removes its data; `in order` lets Rollcall close its log. */
  async stop(how: 'at once' | 'in order' = 'at once'): Promise<void> {
    if (!running.delete(this)) return;
    const isEnded = this.child.exitCode !== null || this.child.signalCode !== null;
    const exit = isEnded ? undefined : once(this.child, 'exit');
    // Rollcall would take time to disconnect its clients in order, and nothing here must be kept.
    this.child.kill(isRollcall(this.kind) && how === 'at once' ? 'SIGKILL' : 'SIGTERM');
    await exit;
    if (this.ownDir !== null) {
      // A child process of the server may still write for a moment.
      await rm(this.ownDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  }
}

/** Passes on only PATH and HOME, and switches limits off, since all connections come from one address. */
function environment(dataDir: string, kind: TargetKind): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PORT: '0',
    ...(kind === 'rollcall+clickhouse' ? {} : { CLICKHOUSE_URL: 'off' }),
    ...(kind === 'rollcall+ws' ? { TRANSPORT: 'ws' } : {}),
    LOG_FORMAT: 'json',
    DATA_DIR: dataDir,
    LIMIT_PUBLISH_PER_SECOND: '0',
    LIMIT_CONNECTIONS_PER_ADDRESS: '0',
    LIMIT_CONNECTIONS_PER_USER: '0',
    LIMIT_CONNECTIONS: '0'
  };
}

/** Resolves once the server serves, and once it has ClickHouse if it shall have it. */
function servingPort(
  child: ChildProcess,
  onLine: (line: string) => void,
  needsClickHouse: boolean
): Promise<number> {
  return new Promise((resolve) => {
    if (child.stdout === null) return;
    let port: number | null = null;
    let isConnected = !needsClickHouse;
    createInterface({ input: child.stdout }).on('line', (line) => {
      onLine(line);
      const url = /Rollcall is serving.*http:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
      if (url !== undefined) port = Number(url);
      if (line.includes('ClickHouse connected')) isConnected = true;
      if (port !== null && isConnected) resolve(port);
      if (/"level":"(error|warn)"/.test(line)) process.stderr.write(`${line}\n`);
    });
  });
}

function peerPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (typeof message === 'object' && 'port' in message) resolve(Number(message.port));
    });
  });
}

function loopDelayIn(message: unknown): LoopDelay | null {
  if (typeof message !== 'object' || message === null || !('loop' in message)) return null;
  const { loop } = message;
  return typeof loop === 'object' && loop !== null && 'p99Ms' in loop && 'maxMs' in loop
    ? { p99Ms: Number(loop.p99Ms), maxMs: Number(loop.maxMs) }
    : null;
}
