/**
 * A log as a replica: it does not decide the order of changes, but applies commands in an order that was decided
 * elsewhere. Applying is deterministic: replicas that have applied the same commands show the same threads, offsets,
 * owners, marks and records.
 * @see docs/adr/0029-commands-in-one-order.md
 */
import type { ThreadHead } from './log-reader.js';
import type { AppendResult, NewEntry, RecordChange } from './log-writer.js';
import type { Unwatched } from './thread-records.js';

/**
 * A change of a thread. For an append, `at` of the entry becomes at least that of the thread's entry before. A read
 * mark is limited to the newest entry.
 */
export type Command =
  | { readonly kind: 'append'; readonly thread: string; readonly entry: NewEntry }
  | { readonly kind: 'owner'; readonly thread: string; readonly owner: string }
  | {
      readonly kind: 'mark';
      readonly thread: string;
      readonly user: string;
      readonly read: number;
    }
  | { readonly kind: 'list'; readonly thread: string; readonly user: string }
  | {
      readonly kind: 'unwatched';
      readonly thread: string;
      readonly state: Omit<Unwatched, 'thread'> | null;
    }
  | ({ readonly kind: 'record' } & { readonly record: RecordChange; readonly thread: string });

/** A note of whoever decides the order, kept with the log; null removes it. */
export interface Note {
  readonly id: string;
  readonly text: string | null;
}

/** Commands that become durable in one commit, all or none, together with notes. */
export interface CommandBatch {
  readonly commands: readonly Command[];
  readonly notes: readonly Note[];
  /**
   * Called for each append once the batch is durable, before its commit is reported, in the order of their offsets. For
   * one that is no new entry it may be called before `apply` returns.
   */
  readonly onResult: (index: number, result: AppendResult) => void;
  /** Called once, after the results: null when the batch is durable, else why nothing of it was stored. */
  readonly onSettled: (failure: string | null) => void;
}

/**
 * Whether a batch was taken. `later`: not now, since the log writes no more or has too much to write; nothing has
 * changed. `broken`: the replica cannot be read, and must not be used any more.
 */
export type Taken =
  | { readonly taken: true }
  | { readonly taken: false; readonly why: 'later' | 'broken'; readonly reason: string };

/** The epoch of a thread, and whether there was an earlier one. */
export type ThreadEpoch = Pick<ThreadHead, 'epoch' | 'isRenewed'>;

/** What a log offers to whoever decides the order. */
export interface Replica {
  /** Returns the text of a note; null when there is none. */
  note(id: string): string | null;
  /** Returns the notes whose ids begin with a text, lazily, in the order of their ids. */
  notes(prefix: string): Iterable<{ readonly id: string; readonly text: string }>;
  /** Returns why a command can never be applied; null when it can. The same on every replica. */
  problem(command: Command): string | null;
  /** Takes a batch; batches become durable in the order of the calls. */
  apply(batch: CommandBatch): Taken;
}
