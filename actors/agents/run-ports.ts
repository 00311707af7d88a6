/** What runs use of the server, and their bounds. */
import type { AwakeClock } from '../awake-timers.js';
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import type { AppendResult, NewEntry } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';
import type { LoopMarks } from './seeing/loop-marks.js';
import type { RunActors } from './seeing/run-actors.js';
import type { RunTally } from './seeing/run-tally.js';
import type { Traces } from '../traces/traces.js';

/** Bounds of each run. */
export interface RunLimits {
  /** Longest time of running, in milliseconds, without the time in which a question is open. */
  readonly runMs: number;
  /** Longest time for the answer to a question, in milliseconds. */
  readonly askMs: number;
  /** Most characters of the agent's answer. */
  readonly answerChars: number;
}

/**
 * A bound that was reached: waiting runs of a thread, runs of a user, runs of the server, the time of a run, the
 * characters of the agent's answer, those of a person's answer to a question, or the steps of a run.
 */
export type RunBound = 'queue' | 'perUser' | 'runs' | 'runMs' | 'answerChars' | 'reply' | 'steps';

/** Why a request about a run was refused. */
export type RunRefusal = 'not_found' | 'conflict' | 'bad_frame' | 'unavailable';

/** What has become of a request about a run. */
export type RunOutcome = 'done' | RunRefusal;

/** What runs use of the server. */
export interface RunPorts {
  readonly clock: Clock;
  readonly timers: AwakeClock;
  readonly log: Pick<LogReader, 'readBefore' | 'withMid' | 'read'> &
    Pick<ThreadRecords, 'setRecord' | 'record' | 'records'>;
  /** Appends an entry and sends it to the subscribers of the thread; never throws. */
  readonly append: (thread: string, entry: NewEntry, done: (result: AppendResult) => void) => void;
  /** Sends a piece of an answer to the subscribers of the thread. */
  readonly tell: (chunk: {
    readonly thread: string;
    readonly run: string;
    readonly at: number;
    readonly text: string;
    readonly attempt: number;
  }) => void;
  /** Notes that a run sends no further piece. */
  readonly onEnd: (run: string) => void;
  readonly limits: RunLimits;
  /** Counts that a bound was reached. */
  readonly onBound: (bound: RunBound) => void;
  readonly tally: RunTally;
  /** Where calls of agents are marked. */
  readonly marks: LoopMarks;
  readonly actors: RunActors;
  /** Reports a fault of an agent to the operator. */
  readonly onFault: (agent: string, thread: string, reason: string) => void;
  /** Records the runs of traced messages; null or absent: nothing is traced. */
  readonly traces?: Traces | null;
}
