/**
 * One child process with the embedded engine: start it, send it requests, kill it. This file knows nothing of SQL or
 * retries.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../clock.js';
import { isEngineAnswer, type EngineOrder, type EngineRequest } from './engine-messages.js';
import { StoreError, type Row } from '../store.js';

/**
 * Most requests that wait for an answer. One more is refused as `busy`, so that an engine that hangs cannot fill the
 * memory.
 */
export const MAX_IN_FLIGHT = 64;

/**
 * How much lower the priority of the child is than this process's, as a nice value: a core that both want goes to the chat
 * nine times out of ten, and the engine still answers.
 */
export const ENGINE_NICE = 10;

/** Most characters kept of the child's output, the newest: enough for the end of a native crash report. */
export const OUTPUT_TAIL_MAX = 4_096;

/** Environment variables that the child inherits: enough to load and run, and none of the server's secrets. */
const ENV_KEPT = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'NODE_OPTIONS',
  'NODE_V8_COVERAGE'
];

/** Node options that load TypeScript sources. Others (`--inspect`, `-e` …) stay with the parent. */
const LOADER_OPTION =
  /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/;

/** Returns the options of a process's `execArgv` that load sources, with their values. */
export function loaderOptions(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    if (!LOADER_OPTION.test(argument)) return [];
    const value = execArgv[index + 1];
    return argument.includes('=') || value === undefined ? [argument] : [argument, value];
  });
}

/** The entry beside this file: `.js` in the build, `.ts` when run from source. */
const CHILD_FILE = new URL(`./embedded-child${extname(import.meta.url)}`, import.meta.url);

/** Options of {@link EngineProcess}. */
export interface EngineProcessOptions {
  readonly clock: Clock;
  /** Entry of the child; specs use others. */
  readonly file?: URL | undefined;
}

interface Pending {
  resolve(rows: Row[]): void;
  reject(error: StoreError): void;
  timer: unknown;
}

/** A running child. It ends by itself when this process ends. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #output = { text: '' };
  #nextId = 1;
  #gone: string | null = null;
  /** Resolves, after the child's last output, to a text that says how it ended; never rejects. */
  readonly ended: Promise<string>;

  constructor({ clock, file = CHILD_FILE }: EngineProcessOptions) {
    this.#clock = clock;
    this.#child = fork(fileURLToPath(file), [], {
      serialization: 'advanced',
      execArgv: extname(file.pathname) === '.ts' ? loaderOptions(process.execArgv) : [],
      env: Object.fromEntries(ENV_KEPT.map((name) => [name, process.env[name]])),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    });
    lowerPriority(this.#child.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output.text = (this.#output.text + text).slice(-OUTPUT_TAIL_MAX);
      });
    }
    this.#child.on('message', (message) => {
      this.#settle(message);
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#abandon(reason);
        resolve(reason);
      };
      this.#child.on('error', (error) => {
        // A failed send to a dying child also raises this event; 'close' reports its end.
        if (this.#child.pid === undefined) end(`could not be started: ${error.message}`);
      });
      this.#child.on('close', (exitCode, signal) => {
        end(signal === null ? `exited with code ${String(exitCode)}` : `was killed by ${signal}`);
      });
    });
  }

  /** Process id; undefined when the child could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last output of the child. The engine writes there why it could not open or why it crashed. */
  get output(): string {
    return this.#output.text;
  }

  /**
   * Sends an order to the child and returns its rows.
   * @throws {StoreError} `busy`, `timeout`, `lost` when the child ends first, or the child's own error
   */
  request(order: EngineOrder, timeoutMs: number): Promise<Row[]> {
    if (this.#gone !== null) return Promise.reject(lost(this.#gone));
    if (this.#pending.size >= MAX_IN_FLIGHT) {
      return Promise.reject(
        new StoreError(
          'busy',
          `the embedded engine has ${String(MAX_IN_FLIGHT)} requests waiting: send less, or later`
        )
      );
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const fail = (error: StoreError) => {
        if (this.#take(id) !== undefined) reject(error);
      };
      const timer: unknown = this.#clock.setTimeout(() => {
        fail(
          new StoreError('timeout', `the embedded engine did not answer in ${String(timeoutMs)} ms`)
        );
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      const request: EngineRequest = { id, order };
      try {
        this.#child.send(request, (error) => {
          if (error !== null) fail(lost(error.message));
        });
      } catch (error) {
        // The rows hold a value that cannot be sent to another process, such as a function.
        fail(new StoreError('query', `the request cannot be sent: ${String(error)}`));
      }
    });
  }

  /** Kills the child. What it has acknowledged is safe. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#clock.clearTimeout(pending.timer);
    return pending;
  }

  #settle(message: unknown): void {
    if (!isEngineAnswer(message)) return;
    const pending = this.#take(message.id);
    // The answer came after its timeout.
    if (pending === undefined) return;
    if (message.ok) pending.resolve(message.rows);
    else pending.reject(new StoreError(message.code, message.reason));
  }

  #abandon(reason: string): void {
    this.#gone ??= reason;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(lost(reason));
  }
}

function lost(reason: string): StoreError {
  return new StoreError('lost', `the process of the embedded engine ${reason}`);
}

/**
 * Lowers the priority of a process that has just been started. On Linux that is the priority of its first thread, which
 * all later ones inherit.
 */
function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority() + ENGINE_NICE));
  } catch {
    // It has ended already, or the system does not let us: the engine then runs as before.
  }
}
