/**
 * Writes the entries of one run. The `mid` of each is made from the run's id and a name, so the log itself refuses a
 * second entry with that name: a second end, or a second answer to a question. A message of a person that has the `mid`
 * is no such entry, and keeps none from being written.
 */
import { MID_MAX } from '../../protocol/run-fields.js';
import { AGENT_PREFIX } from '../../protocol/user-name.js';
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import type { AppendResult, NewEntry, RecordChange } from '../log/log-writer.js';
import { isOfPerson, ownMid } from './history/own-entry.js';

/** Time until a failed write of an entry is retried, in milliseconds. */
export const STORE_AGAIN_MS = 1_000;

/** Options of {@link RunWriter}. */
export interface RunWriterOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimeout'>;
  readonly log: Pick<LogReader, 'withMid'>;
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
  async once(
    name: string,
    kind: string,
    body: RunBody,
    records: readonly RecordChange[] = []
  ): Promise<'stored' | 'conflict' | 'unavailable'> {
    const { run } = this.options;
    for (let turn = 1; ; turn++) {
      const mid = ownMid(run, name, turn);
      const result = await this.append(mid, kind, body, records);
      const isLast = ownMid(run, name, turn + 1).length > MID_MAX;
      if (result !== 'conflict' || isLast) return result;
      const holder = this.holderOf(mid);
      if (holder !== 'person') return holder === 'run' ? 'conflict' : 'unavailable';
    }
  }

  /** Returns who has a `mid` that is taken. */
  private holderOf(mid: string): 'run' | 'person' | 'unavailable' {
    const { log, thread } = this.options;
    try {
      const [found] = log.withMid(mid, 1, thread);
      return found !== undefined && isOfPerson(found.frame) ? 'person' : 'run';
    } catch {
      return 'unavailable';
    }
  }

  private append(
    mid: string,
    kind: string,
    body: RunBody,
    records: readonly RecordChange[]
  ): Promise<'stored' | 'conflict' | 'unavailable'> {
    const { append, clock, thread, run, agent } = this.options;
    const entry: NewEntry = {
      mid,
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
