/**
 * A built server as a process of its own, driven from outside: the way a user has it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One JSON line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** How to start it. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Kept by the caller; without one it is temporary and goes with the server. */
  readonly dataDir?: string;
  /** The command before the script; default: the Node that runs the specs. */
  readonly node?: readonly string[];
}

/** A running server. */
export interface ServerProcess {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Every line so far. */
  readonly lines: readonly LogLine[];
  /** Resolves to the first line, past or to come, whose message holds the text. */
  line(text: string): Promise<LogLine>;
  /** Sends a signal and resolves to the exit code, null when the signal ended it. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How a start ended that did not lead to serving. */
export interface FailedStart {
  readonly code: number | null;
  readonly lines: readonly LogLine[];
  readonly stderr: string;
}

const CLI = fileURLToPath(new URL('../../dist/server/cli.js', import.meta.url));

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

/** Environment of a server under test: nothing of ours but the path, everything embedded, a free port. */
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

interface Launched {
  readonly dataDir: string;
  readonly child: ReturnType<typeof spawn>;
  readonly lines: LogLine[];
  readonly stderr: () => string;
  readonly waiters: Set<() => void>;
  readonly exit: Promise<number | null>;
}

async function launch(options: StartOptions): Promise<Launched> {
  if (!existsSync(CLI)) throw new Error('dist is missing: run `npm run build` first');
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rollcall-e2e-')));
  const [command, ...args] = [...(options.node ?? [process.execPath]), CLI, 'start'];
  // Away from the checkout, so that no .env file of it is read.
  const child = spawn(command ?? process.execPath, args, {
    cwd: dataDir,
    env: environment(options, dataDir),
    stdio: ['ignore', 'pipe', 'pipe']
  });
  const lines: LogLine[] = [];
  const waiters = new Set<() => void>();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-16_384);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: unknown = text.startsWith('{') ? JSON.parse(text) : null;
    if (isLogLine(line)) lines.push(line);
    for (const wake of waiters) wake();
  });
  const exit = once(child, 'close').then(async () => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    for (const wake of waiters) wake();
    return child.exitCode;
  });
  return { dataDir, child, lines, stderr: () => stderr, waiters, exit };
}

/** Starts the built server and resolves once it serves. @throws when it ends before that */
export async function startServer(options: StartOptions = {}): Promise<ServerProcess> {
  const { dataDir, child, lines, stderr, waiters, exit } = await launch(options);
  const line = async (text: string): Promise<LogLine> => {
    for (;;) {
      const found = lines.find(({ message }) => message.includes(text));
      if (found !== undefined) return found;
      if (child.exitCode !== null || child.signalCode !== null) {
        const said = lines.map(({ message }) => message).join('\n');
        throw new Error(`the server ended without saying "${text}":\n${said}\n${stderr()}`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiters.delete(wake);
          resolve();
        };
        waiters.add(wake);
      });
    }
  };
  const { url } = await line('Rollcall is serving');
  if (typeof url !== 'string' || child.pid === undefined) throw new Error('no address was logged');
  return {
    url,
    pid: child.pid,
    dataDir,
    lines,
    line,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exit;
    }
  };
}

/** Starts the built server with something that must keep it from serving, and resolves to how it ended. */
export async function startAndFail(options: StartOptions): Promise<FailedStart> {
  const { lines, stderr, exit } = await launch(options);
  const code = await exit;
  return { code, lines, stderr: stderr() };
}
