/**
 * Writes the entries of one run. The `mid` of each is made from the run's id and a name, so the log itself refuses a
 * second entry with that name: a second end, or a second answer to a question.
 */
import { AGENT_PREFIX } from '../../protocol/user-name.js';
import type { Clock } from '../clock.js';
import type { AppendResult, NewEntry, RecordChange } from '../log/log-writer.js';

/** Time until a failed write of an entry is retried, in milliseconds. */
export const STORE_AGAIN_MS = 1_000;

/** Options of {@link RunWriter}. */
export interface RunWriterOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimeout'>;
  readonly append: (thread: string, entry: NewEntry, done: (result: AppendResult) => void) => void;
  readonly thread: string;
  readonly run: string;
  readonly agent: string;
}

/** The body of an entry. */
export type RunBody = Readonly<Record<string, unknown>>;

/** Writes entries whose sender is the agent. */
export class RunWriter {
  private readonly options: RunWriterOptions;

  constructor(options: RunWriterOptions) {
    this.options = options;
  }

  /** Writes an entry, and retries until the log accepts it: a full disk must not lose a part of a run. */
  async write(
    name: string,
    kind: string,
    body: RunBody,
    records: readonly RecordChange[] = []
  ): Promise<void> {
    while ((await this.once(name, kind, body, records)) === 'unavailable') {
      await new Promise<void>((resolve) => {
        this.options.clock.setTimeout(resolve, STORE_AGAIN_MS);
      });
    }
  }

  /** Tries once to write an entry; `conflict`: another entry has that name. */
  once(
    name: string,
    kind: string,
    body: RunBody,
    records: readonly RecordChange[] = []
  ): Promise<'stored' | 'conflict' | 'unavailable'> {
    const { append, clock, thread, run, agent } = this.options;
    const entry: NewEntry = {
      mid: `${run}:${name}`,
      user: `${AGENT_PREFIX}${agent}`,
      kind,
      bodyJson: JSON.stringify({ run, ...body }),
      at: clock.now(),
      owner: null,
      records
    };
    return new Promise((resolve) => {
      append(thread, entry, (result) => {
        resolve(result.ok ? 'stored' : result.code);
      });
    });
  }
}
