/**
 * Starts the built server as its own process, as a user does, and controls it from outside.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** One JSON line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Options of a start. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Data directory, which the caller removes. Default: a temporary one, removed when the server ends. */
  readonly dataDir?: string;
  /** The Node to run it on; default: the one that runs the specs. */
  readonly node?: string;
  /** Arguments of Node that run the spec's own server, which takes orders. Default: the built server. */
  readonly entry?: readonly string[];
}

/** A server that is starting, running or has ended. */
export interface LaunchedServer {
  readonly pid: number;
  readonly dataDir: string;
  /** Every line so far. */
  readonly lines: readonly LogLine[];
  /** The last part of its standard error. */
  readonly stderr: () => string;
  /**
   * Resolves to the first line (or the nth), past or future, whose message contains the text.
   * @throws when the server ends without it
   */
  readonly line: (text: string, nth?: number) => Promise<LogLine>;
  /** Sends an order, a line of text, to the spec's own server. */
  order(text: string): void;
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** The exit code when it has ended, null when a signal ended it. */
  readonly exit: Promise<number | null>;
  /** Sends a signal and resolves to the exit code, null when the signal ended it. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A running server. */
export interface ServerProcess extends LaunchedServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
}

/** How a failed start ended. */
export interface FailedStart {
  readonly code: number | null;
  readonly lines: readonly LogLine[];
  readonly stderr: string;
}

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** Running processes; they are killed when the specs end early. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function isLogLine(value: unknown): value is LogLine {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    'level' in value &&
    typeof value.level === 'string'
  );
}

/** Environment of a server under test: PATH and HOME of this process, no ClickHouse, a free port. */
function environment(options: StartOptions, dataDir: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    PORT: '0',
    CLICKHOUSE_URL: 'off',
    LOG_FORMAT: 'json',
    DATA_DIR: dataDir,
    ...options.env
  };
}

/** Makes a data directory for several servers, one after the other. The caller removes it. */
export async function temporaryDir(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'rollcall-e2e-'));
}

/** Starts the built server and returns at once. */
export async function launchServer(options: StartOptions = {}): Promise<LaunchedServer> {
  if (!existsSync(CLI)) throw new Error('dist is missing: run `npm run build` first');
  const ownDir = options.dataDir === undefined ? await temporaryDir() : null;
  const dataDir = options.dataDir ?? ownDir ?? '';
  // Outside the checkout, so that its .env file is not read.
  const child = spawn(options.node ?? process.execPath, options.entry ?? [CLI, 'start'], {
    cwd: tmpdir(),
    env: environment(options, dataDir),
    stdio: [options.entry === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']
  });
  children.add(child);
  const lines: LogLine[] = [];
  const waiters = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of [...waiters]) wake();
  };
  let stderr = '';
  let hasEnded = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-16_384);
  });
  createInterface({ input: child.stdout ?? Readable.from([]) }).on('line', (text) => {
    const line: unknown = text.startsWith('{') ? JSON.parse(text) : null;
    if (isLogLine(line)) lines.push(line);
    wakeAll();
  });
  const exit = once(child, 'close').then(async () => {
    children.delete(child);
    hasEnded = true;
    if (ownDir !== null) await rm(ownDir, { recursive: true, force: true });
    wakeAll();
    return child.exitCode;
  });
  if (child.pid === undefined) throw new Error('the server could not be started at all');
  return {
    pid: child.pid,
    dataDir,
    lines,
    stderr: () => stderr,
    exit,
    line: async (text, nth = 1) => {
      for (;;) {
        const found = lines.filter(({ message }) => message.includes(text))[nth - 1];
        if (found !== undefined) return found;
        if (hasEnded) {
          const said = lines.map(({ message }) => message).join('\n');
          throw new Error(`the server ended without saying "${text}":\n${said}\n${stderr}`);
        }
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiters.delete(wake);
            resolve();
          };
          waiters.add(wake);
        });
      }
    },
    order: (text) => {
      child.stdin?.write(`${text}\n`);
    },
    signal: (signal) => {
      child.kill(signal);
    },
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exit;
    }
  };
}

/** Starts the built server and resolves once it serves. @throws when it ends before that */
export async function startServer(options: StartOptions = {}): Promise<ServerProcess> {
  const server = await launchServer(options);
  const { url } = await server.line('Rollcall is serving');
  if (typeof url !== 'string') throw new Error('no address was logged');
  return { ...server, url };
}

/** Starts the built server with a fault that must make the start fail, and resolves to how it ended. */
export async function startAndFail(options: StartOptions): Promise<FailedStart> {
  const { lines, stderr, exit } = await launchServer(options);
  const code = await exit;
  return { code, lines, stderr: stderr() };
}

/** How often to check whether a process still runs: there is no event when a child of another process ends. */
const LOOK_MS = 20;

/** Returns the running child processes of a process; Linux only. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Resolves once a process has ended. @throws when it still runs after the time */
export async function gone(pid: number, withinMs = 25_000): Promise<void> {
  const until = Date.now() + withinMs;
  await new Promise<void>((resolve, reject) => {
    const look = setInterval(() => {
      if (!isRunning(pid)) {
        clearInterval(look);
        resolve();
      } else if (Date.now() > until) {
        clearInterval(look);
        reject(new Error(`process ${String(pid)} is still there`));
      }
    }, LOOK_MS);
  });
}

function isRunning(pid: number): boolean {
  try {
    // A zombie has ended; its parent has only not read the exit code yet.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
