/** The rows of the log: what is shown of a thread, from the top to the bottom. */
import type { Gap, MessageFrame, Outgoing, Run } from '../../../sdk/client.js';
import type { RunNotes } from '../agents/run-notes.js';

/** A message of this user that the server has not sent back yet. */
export interface Draft extends Outgoing {
  /** Offset of the newest message when this one was written. A failed message stays after that one. */
  readonly after: number;
}

/** One row of the log. Its `key` never changes. */
export type Row =
  | { readonly type: 'day'; readonly key: string; readonly at: number }
  | { readonly type: 'gap'; readonly key: string; readonly gap: Gap }
  | {
      readonly type: 'message';
      readonly key: string;
      readonly message: MessageFrame;
      readonly own: boolean;
      /** First of a group: shows author and time. */
      readonly first: boolean;
    }
  | {
      /** One block for all entries of a run. */
      readonly type: 'run';
      readonly key: string;
      readonly run: Run;
      /** Whether the run is still going on. */
      readonly live: boolean;
      /** When it began, Unix milliseconds; null when its beginning is not in the window. */
      readonly at: number | null;
      readonly notes: RunNotes;
      /** Number of runs that come before it while it is queued, else 0. */
      readonly ahead: number;
      /** The message that it answers; null when that is not in the window. */
      readonly question: MessageFrame | null;
      /** Which version of the answer it is, from 0, and how many there are. */
      readonly version: { readonly index: number; readonly count: number };
      /** Whether another version was asked for and has not begun. */
      readonly isAwaited: boolean;
    }
  | {
      readonly type: 'draft';
      readonly key: string;
      readonly draft: Draft;
      readonly first: boolean;
    };

/** The row of a run. It can be redrawn alone while the run grows. */
export type RunRow = Extract<Row, { type: 'run' }>;
