/** Appends to the log. They are written in groups, and answered by callback once they are durable. */
import type { ServerFrame } from '../../protocol/frames.js';

/**
 * What an ack promises: `disk` = the message survives a crash of the machine, `process` = it survives a crash of the
 * process, `quorum` = a majority of nodes has stored it.
 */
export type Durability = ServerFrame<'ack'>['durable'];

/** A message to append. `body` is JSON text, already validated. */
export interface NewEntry {
  readonly mid: string;
  readonly user: string;
  readonly kind: string;
  readonly bodyJson: string;
  /** Unix milliseconds. */
  readonly at: number;
  /**
   * User who becomes the thread's owner in the same commit. When absent, the author of a thread's first message becomes
   * it; with null nobody does.
   */
  readonly owner?: string | null | undefined;
  /**
   * Offset of a stored message of the thread whose body is erased in the same commit (protocol/erased.ts). A message
   * that is no longer kept is left alone.
   */
  readonly erases?: number | undefined;
  /** Records that are written or removed in the same commit: they change if, and only if, this entry is stored. */
  readonly records?: readonly RecordChange[] | undefined;
}

/** A change of a thread's record. `text` null removes it. */
export interface RecordChange {
  readonly thread: string;
  readonly kind: string;
  readonly id: string;
  readonly text: string | null;
}

/** Result of an append. `frame` is the stored frame; for a duplicate, that of the first append. */
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

/** Appends messages; each thread has no gaps and no duplicates. */
export interface LogWriter {
  readonly durability: Durability;
  /**
   * Appends under the next offset. It calls `done` exactly once: when the promise of `durability` is kept or the append
   * has failed, or before it returns when nothing has to be written. Never throws. For new entries of one thread the
   * calls come in offset order, after `head` and `read` show the entry.
   *
   * The same `mid` again gets the first offset (`duplicate`), or `conflict` when user, kind or body differ, even while
   * the first append is still running.
   *
   * After `unavailable` nothing is stored, with one exception: a disk that fails while the commit becomes readable may
   * have kept all of it. Sending again with the same `mid` is right in both cases. A reader that follows a thread reads
   * on from its own offset when the log is writable again.
   */
  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void;
}
