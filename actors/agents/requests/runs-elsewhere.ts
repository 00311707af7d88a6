/** Requests about runs that other nodes have. */
import type { ThreadRecords } from '../../log/thread-records.js';
import type { RunChange } from '../../nodes/node-message.js';
import { storedRun, storedRuns, type RunRecord } from '../run-record.js';
import type { RunRefusal } from '../run-ports.js';

/** What is asked of the other nodes. */
export interface RunNodes {
  /** Asks every other node for a change of a run, and calls `done` once with what the node that has it has said. */
  changeRun(change: RunChange, done: (outcome: string) => void): void;
}

const REFUSALS: readonly RunRefusal[] = ['not_found', 'conflict', 'bad_frame', 'unavailable'];

/** The runs of the other nodes. On a single node there are none. */
export class RunsElsewhere {
  private readonly nodes: RunNodes | null;
  private readonly log: Pick<ThreadRecords, 'record' | 'records'>;

  constructor(nodes: RunNodes | null, log: Pick<ThreadRecords, 'record' | 'records'>) {
    this.nodes = nodes;
    this.log = log;
  }

  /** Returns a run that has not ended and that another node has. */
  record(run: string): RunRecord | null {
    return this.nodes === null ? null : storedRun(this.log, run);
  }

  /** Returns the run of another node that answers a user's message. */
  runOf(thread: string, mid: string, user: string): string | null {
    if (this.nodes === null) return null;
    for (const record of storedRuns(this.log)) {
      if (record.mid === mid && record.thread === thread && record.user === user) return record.run;
    }
    return null;
  }

  /** Changes a run on the node that has it. Resolves to the reason of a refusal, or to null. */
  change(change: RunChange): Promise<RunRefusal | null> {
    const { nodes } = this;
    if (nodes === null) return Promise.resolve('not_found');
    return new Promise((resolve) => {
      nodes.changeRun(change, (said) => {
        resolve(said === 'done' ? null : (REFUSALS.find((one) => one === said) ?? 'unavailable'));
      });
    });
  }
}
