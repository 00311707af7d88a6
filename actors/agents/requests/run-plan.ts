/** What a message asks of the runs of its thread, and what it will do to them. */
import type { WhileRunning } from '../../../protocol/agent-kinds.js';
import type { RecordChange } from '../../log/log-writer.js';

/** The fields of a message that matter for runs. */
export interface RunRequest {
  readonly thread: string;
  readonly mid: string;
  readonly user: string;
  readonly agent: string;
  /** Default `enqueue`. */
  readonly whileRunning?: WhileRunning | undefined;
  readonly regenerates?: string | undefined;
  readonly edits?: string | undefined;
  /** `traceparent` of the publish; absent when it is not recorded. */
  readonly trace?: string | undefined;
}

/** What a message does to the runs of its thread. */
export type RunPlan =
  | {
      readonly ok: false;
      readonly code: 'conflict' | 'not_found' | 'queue_full';
      readonly reason: string;
    }
  | {
      readonly ok: true;
      /** Changes to store with the message. */
      readonly records: readonly RecordChange[];
      /** To be called once: with the message's frame when it was stored and is new, else with null. */
      readonly settle: (frame: string | null) => void;
    };
