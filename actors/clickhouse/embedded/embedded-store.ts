/**
 * ClickHouse in a child process of this server (chdb), with its data in one directory. The engine's own lock keeps a
 * second process out of that directory.
 */
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../clock.js';
import type { RowCopy } from '../copy/row-copy.js';
import { EngineProcess } from './engine-process.js';
import { detailOf } from '../failure.js';
import { StoreError, type AnalyticsStore, type Row } from '../store.js';

/** Longest wait for one statement, in milliseconds. */
export const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * Longest wait for a ping, in milliseconds. A ping runs beside the statements, so only an engine that hangs needs this
 * long.
 */
export const PING_TIMEOUT_MS = 10_000;

/**
 * How long a child may take to close, in milliseconds, before it is killed. A kill loses nothing that was acknowledged.
 */
export const CLOSE_TIMEOUT_MS = 3_000;

/** Options of {@link EmbeddedStore}. */
export interface EmbeddedStoreOptions {
  /** Directory of the data; created when missing, never deleted. */
  readonly dir: string;
  readonly clock: Clock;
  /** Entry of the child process; specs use others. */
  readonly file?: URL;
}

/** The embedded engine as an {@link AnalyticsStore}. */
export class EmbeddedStore implements AnalyticsStore {
  readonly mode = 'embedded';
  readonly #options: EmbeddedStoreOptions;
  #engine: EngineProcess | null = null;
  #closing: Promise<void> = Promise.resolve();
  #lost: ((reason: string) => void) | null = null;
  /** Number of the next batch. */
  #copies = 0;

  constructor(options: EmbeddedStoreOptions) {
    this.#options = options;
  }

  /** Process id of the child; null when none runs. */
  get pid(): number | null {
    return this.#engine?.pid ?? null;
  }

  async connect(signal: AbortSignal): Promise<{ version: string }> {
    // The engine locks its directory, so wait until the last child has really ended.
    await this.close();
    await this.#makeDirectory();
    signal.throwIfAborted();
    const engine = new EngineProcess({ clock: this.#options.clock, file: this.#options.file });
    this.#engine = engine;
    const abort = () => {
      engine.kill();
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      const { dir } = this.#options;
      // The caller's signal limits the wait; this limit is for a caller whose signal never aborts.
      const rows = await engine.request({ op: 'open', path: dir }, 2 * STATEMENT_TIMEOUT_MS);
      void engine.ended.then((reason) => {
        if (this.#engine !== engine) return;
        this.#engine = null;
        this.#lost?.(withOutput(`the process of the embedded engine ${reason}`, engine.output));
      });
      return { version: String(rows[0]?.['version']) };
    } catch (error) {
      engine.kill();
      await engine.ended;
      if (this.#engine === engine) this.#engine = null;
      throw this.#openFailure(error, engine.output);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async ping(sql = 'SELECT 1 AS one'): Promise<void> {
    await this.#open().request({ op: 'ping', sql }, PING_TIMEOUT_MS);
  }

  async command(sql: string): Promise<void> {
    await this.#open().request({ op: 'command', sql }, STATEMENT_TIMEOUT_MS);
  }

  async query(sql: string): Promise<Row[]> {
    return this.#open().request({ op: 'query', sql }, STATEMENT_TIMEOUT_MS);
  }

  /** The rows are made in the child: the text of messages and facts goes there as the log has it. */
  copy(node: string): RowCopy {
    const copy = this.#copies++;
    return {
      add: async (piece) => {
        await this.#open().request({ op: 'add', copy, node, piece }, STATEMENT_TIMEOUT_MS);
      },
      insert: async (table) => {
        const rows = await this.#open().request({ op: 'copy', copy, table }, STATEMENT_TIMEOUT_MS);
        return Number(rows[0]?.['count']);
      }
    };
  }

  async insert(
    table: string,
    columns: readonly [string, ...string[]],
    rows: readonly Row[]
  ): Promise<void> {
    if (rows.length === 0) return;
    await this.#open().request({ op: 'insert', table, columns, rows }, STATEMENT_TIMEOUT_MS);
  }

  close(): Promise<void> {
    const engine = this.#engine;
    if (engine !== null) {
      this.#engine = null;
      this.#closing = Promise.all([this.#closing, this.#end(engine)]).then(() => undefined);
    }
    return this.#closing;
  }

  onLost(listener: (reason: string) => void): void {
    this.#lost = listener;
  }

  #open(): EngineProcess {
    if (this.#engine === null) {
      throw new StoreError('closed', 'the embedded engine is not connected');
    }
    return this.#engine;
  }

  async #makeDirectory(): Promise<void> {
    const { dir } = this.#options;
    try {
      await mkdir(dir, { recursive: true });
    } catch (error) {
      throw new StoreError(
        'data_unreadable',
        `the directory ${dir} cannot be made (${String(error)}): correct DATA_DIR or its permissions`
      );
    }
  }

  async #end(engine: EngineProcess): Promise<void> {
    const { clock } = this.#options;
    const timer: unknown = clock.setTimeout(() => {
      engine.kill();
    }, CLOSE_TIMEOUT_MS);
    engine.request({ op: 'close' }, CLOSE_TIMEOUT_MS).catch(() => {
      engine.kill();
    });
    await engine.ended;
    clock.clearTimeout(timer);
  }

  // The engine writes the cause of a failed open only to its stderr.
  #openFailure(error: unknown, output: string): StoreError {
    const failure =
      error instanceof StoreError ? error : new StoreError('lost', detailOf(String(error)));
    const { dir } = this.#options;
    if (failure.code === 'lost') {
      return new StoreError('lost', withOutput(failure.message, output));
    }
    if (failure.code !== 'data_unreadable') return failure;
    if (/Cannot lock file|already running/i.test(output)) {
      return new StoreError(
        'data_locked',
        `another process has the data directory ${dir}: stop it, or give this server another DATA_DIR`
      );
    }
    return new StoreError(
      'data_unreadable',
      withOutput(
        `the embedded engine cannot open ${dir}: rename that directory aside, it is rebuilt from the thread log`,
        output
      )
    );
  }
}

function withOutput(reason: string, output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const telling = lines.find((line) => /Code: \d+|error|exception/i.test(line)) ?? lines.at(-2);
  return telling === undefined || telling === '' ? reason : `${reason} (${detailOf(telling)})`;
}
