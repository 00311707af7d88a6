/** What runs use of the server, and their bounds. */
import type { AwakeClock } from '../awake-timers.js';
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import type { AppendResult, NewEntry } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';
import type { RunTally } from './seeing/run-tally.js';

/** Bounds of runs. */
export interface RunLimits {
  /** Most milliseconds of running, without the time in which people are asked. */
  readonly runMs: number;
  /** Most milliseconds that an answer may take. */
  readonly askMs: number;
  /** Most characters of an answer. */
  readonly answerChars: number;
}

/**
 * A bound that was reached: runs that wait in a thread, runs of a user, runs of the server, the time of a run, the
 * characters of what an agent says, or those of what somebody answers it.
 */
export type RunBound = 'queue' | 'perUser' | 'runs' | 'runMs' | 'answerChars' | 'reply';

/** What may become of a request about a run. */
export type RunRefusal = 'not_found' | 'conflict' | 'bad_frame' | 'unavailable';

/** What runs use of the server. */
export interface RunPorts {
  readonly clock: Clock;
  readonly timers: AwakeClock;
  readonly log: Pick<LogReader, 'readBefore' | 'withMid' | 'read'> &
    Pick<ThreadRecords, 'setRecord' | 'records'>;
  /** Appends an entry and tells it to the thread; never throws. */
  readonly append: (thread: string, entry: NewEntry, done: (result: AppendResult) => void) => void;
  /** Tells a piece of an answer to the thread's subscribers. */
  readonly tell: (chunk: {
    readonly thread: string;
    readonly run: string;
    readonly at: number;
    readonly text: string;
    readonly attempt: number;
  }) => void;
  readonly limits: RunLimits;
  /** Notes that a bound has refused or ended something. */
  readonly onBound: (bound: RunBound) => void;
  readonly tally: RunTally;
  /** Notes what an agent did wrong, for the operator. */
  readonly onFault: (agent: string, thread: string, reason: string) => void;
}
