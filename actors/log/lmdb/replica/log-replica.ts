/**
 * The embedded log as a replica: the commands of a batch are appended and written by the same code as those of a single
 * node, but in one commit, and with no refusal in between.
 */
import { reasonOf } from '../../../../machines/reason.js';
import type { AppendResult } from '../../log-writer.js';
import type { Command, CommandBatch, Replica, Taken } from '../../replica.js';
import { CLUSTER_NOTE, REPAIRED_NOTE, type LogRole } from '../../replica/replica-notes.js';
import { recordProblem } from '../../thread-records.js';
import type { CommitQueue } from '../commit-queue.js';
import type { LogAppends } from '../log-appends.js';
import { keyProblem, noteKey, within } from '../log-keys.js';
import type { LogRecords } from '../log-records.js';
import type { LogStore } from '../log-store.js';

/** Bytes that a note counts in the queue. */
const NOTE_BYTES = 256;

/** The batch is settled as a whole. */
const UNHEARD = (): void => undefined;

/** Options of {@link LogReplica}. */
export interface LogReplicaOptions {
  readonly store: LogStore;
  readonly queue: CommitQueue;
  readonly appends: LogAppends;
  readonly records: LogRecords;
}

/** Applies commands to one log. */
export class LogReplica implements Replica {
  readonly #options: LogReplicaOptions;

  constructor(options: LogReplicaOptions) {
    this.#options = options;
  }

  note(id: string): string | null {
    return this.#options.store.get(noteKey(id)) ?? null;
  }

  *notes(prefix: string): Iterable<{ id: string; text: string }> {
    for (const { key, value } of this.#options.store.range(within('x', 'order'))) {
      const id = String(key[2]);
      if (id.startsWith(prefix)) yield { id, text: value };
    }
  }

  /** What the log is. */
  get role(): LogRole {
    const { store } = this.#options;
    if (this.note(CLUSTER_NOTE) !== null) return 'replica';
    for (const _ of store.keys({ ...within('t'), limit: 1 })) return 'single';
    return 'new';
  }

  /** Whether it was repaired, and may lack messages that it is noted to have applied. */
  get isRepaired(): boolean {
    return this.note(REPAIRED_NOTE) !== null;
  }

  problem(command: Command): string | null {
    const { thread } = command;
    switch (command.kind) {
      case 'append': {
        const { user, mid, owner, records = [] } = command.entry;
        return (
          keyProblem(thread, user, mid) ??
          keyProblem(thread, owner ?? '') ??
          records
            .map(
              ({ thread: of, kind, id, text }) =>
                keyProblem(of, '') ?? recordProblem(kind, id, text)
            )
            .find((problem) => problem !== null) ??
          null
        );
      }
      case 'owner':
        return keyProblem(thread, command.owner);
      case 'mark':
      case 'list':
        return keyProblem(thread, command.user);
      case 'unwatched':
        return keyProblem(thread, '');
      case 'record': {
        const { kind, id, text } = command.record;
        return keyProblem(thread, '') ?? recordProblem(kind, id, text);
      }
    }
  }

  apply({ commands, notes, onResult, onSettled }: CommandBatch): Taken {
    const { queue } = this.#options;
    const reason = queue.refusal();
    if (reason !== null) return { taken: false, why: 'later', reason };
    const state: { broken: string | null; isGathering: boolean } = {
      broken: null,
      isGathering: true
    };
    const appended = (index: number, result: AppendResult): void => {
      // A failed commit is told by `onSettled`. A refusal before it is a fault of this replica alone.
      if (result.ok || result.code === 'conflict') onResult(index, result);
      else if (state.isGathering) state.broken ??= result.reason;
    };
    queue.together(() => {
      for (const [index, command] of commands.entries()) {
        try {
          this.#add(command, (result) => {
            appended(index, result);
          });
        } catch (error) {
          state.broken ??= reasonOf(error);
        }
        if (state.broken !== null) return false;
      }
      queue.push({
        bytes: notes.length * NOTE_BYTES,
        write: (into) => {
          for (const { id, text } of notes) into.push({ key: noteKey(id), value: text });
        },
        settle: onSettled
      });
      return true;
    });
    state.isGathering = false;
    const { broken } = state;
    return broken === null ? { taken: true } : { taken: false, why: 'broken', reason: broken };
  }

  #add(command: Command, appended: (result: AppendResult) => void): void {
    const { appends, records } = this.#options;
    const { thread } = command;
    switch (command.kind) {
      case 'append':
        appends.append(thread, command.entry, appended);
        return;
      case 'owner':
        records.addOwner(thread, command.owner, UNHEARD);
        return;
      case 'mark':
        records.addMark(thread, command.user, command.read);
        return;
      case 'list':
        records.addListed(thread, command.user, UNHEARD);
        return;
      case 'unwatched':
        records.addUnwatched(thread, command.state, UNHEARD);
        return;
      case 'record':
        records.addRecord(command.record, UNHEARD);
    }
  }
}
