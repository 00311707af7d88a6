/**
 * Appends to the log. They are grouped, and answered by callback once they are durable.
 */
import type { ServerFrame } from '../../protocol/frames.js';

/**
 * What an ack promises: `disk` = survives the machine's death, `process` = survives the process's death, `quorum` =
 * stored by a majority of nodes.
 */
export type Durability = ServerFrame<'ack'>['durable'];

/** A message on its way into the log. `body` is JSON text, already validated. */
export interface NewEntry {
  readonly mid: string;
  readonly user: string;
  readonly kind: string;
  readonly bodyJson: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Becomes the thread's owner in the same commit; left out, the first to publish in a thread owns it. */
  readonly owner?: string;
}

/** How an append ended. `frame` is the stored frame; for a duplicate, that of the first time. */
export type AppendResult =
  | {
      readonly ok: true;
      readonly offset: number;
      readonly epoch: string;
      readonly at: number;
      readonly duplicate: boolean;
      readonly frame: string;
    }
  | { readonly ok: false; readonly code: 'conflict' | 'unavailable'; readonly reason: string };

/** Appends messages: gapless and idempotent in each thread. */
export interface LogWriter {
  readonly durability: Durability;
  /**
   * Appends under the next offset and calls `done` exactly once, when the promise of `durability` is kept or the
   * append has failed; before it returns when nothing has to be written. Never throws. Calls for newly stored entries
   * of one thread come in offset order, after `head` and `read` show the entry. The same `mid` again answers the old
   * offset (`duplicate`), with another user, kind or body `conflict`; also while the first is still on its way.
   * After `unavailable` nothing is stored, but for one case: a disk that fails while the commit becomes visible may
   * have kept it all. Sending again with the same `mid` is right in both, and whoever follows a thread reads on from
   * its own offset when the log is writable again.
   */
  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void;
}
