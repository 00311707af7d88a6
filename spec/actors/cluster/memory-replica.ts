import type { Command, CommandBatch, Replica, Taken } from '../../../actors/log/replica.js';
import type { ThreadEpoch } from '../../../actors/log/replica.js';
import type { AppendResult, NewEntry } from '../../../actors/log/log-writer.js';
import type { ThreadHead } from '../../../actors/log/log-reader.js';
import { recordProblem } from '../../../actors/log/thread-records.js';
import { MemoryLog } from '../log/memory-log.js';

/** What survives the crash of a node. */
export class MemoryDisk {
  readonly batches: Pick<CommandBatch, 'commands' | 'notes'>[] = [];
}

/** A replica in memory. What is applied becomes durable when `later` calls back, unless the process has crashed. */
export class MemoryReplica extends MemoryLog {
  readonly replica: Replica;
  readonly #disk: MemoryDisk;
  readonly #later: (commit: () => void) => void;
  readonly #epochOf: (thread: string) => ThreadEpoch;
  readonly #notes = new Map<string, string>();
  #waiting: CommandBatch[] = [];
  #isCrashed = false;
  /** Commits that fail from now on. */
  failures = 0;

  constructor(
    disk: MemoryDisk,
    later: (commit: () => void) => void,
    epochOf: (thread: string) => ThreadEpoch
  ) {
    super();
    this.#disk = disk;
    this.#later = later;
    this.#epochOf = epochOf;
    for (const batch of disk.batches) this.#change({ ...batch, ...UNHEARD });
    this.replica = {
      note: (id) => this.#notes.get(id) ?? null,
      notes: (prefix) =>
        [...this.#notes]
          .filter(([id]) => id.startsWith(prefix))
          .map(([id, text]) => ({ id, text })),
      problem: (command) =>
        command.kind === 'record'
          ? recordProblem(command.record.kind, command.record.id, command.record.text)
          : null,
      apply: (batch) => this.#apply(batch)
    };
  }

  /** The process ends: what is not durable is lost, and nothing is told any more. */
  crash(): void {
    this.#isCrashed = true;
    this.#waiting = [];
  }

  override head(thread: string): ThreadHead | null {
    const head = super.head(thread);
    return head === null ? null : { ...head, ...this.#epochOf(thread) };
  }

  override ensure(thread: string): ThreadHead {
    return { ...super.ensure(thread), ...this.#epochOf(thread) };
  }

  override append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void {
    const at = Math.max(entry.at, super.head(thread)?.at ?? 0);
    super.append(thread, { ...entry, at }, (result) => {
      done(result.ok ? { ...result, epoch: this.#epochOf(thread).epoch } : result);
    });
  }

  #apply(batch: CommandBatch): Taken {
    if (this.fault !== null) return { taken: false, why: 'later', reason: this.fault };
    this.#waiting.push(batch);
    if (this.#waiting.length === 1) {
      this.#later(() => {
        this.#commit();
      });
    }
    return { taken: true };
  }

  #commit(): void {
    const batches = this.#waiting;
    if (this.#isCrashed || batches.length === 0) return;
    this.#waiting = [];
    if (this.failures > 0) {
      this.failures -= 1;
      for (const { onSettled } of batches) onSettled('the disk failed');
      return;
    }
    for (const batch of batches) this.#disk.batches.push(batch);
    for (const batch of batches) {
      this.#change(batch);
      batch.onSettled(null);
    }
  }

  #change({ commands, notes, onResult }: CommandBatch): void {
    for (const [index, command] of commands.entries()) {
      this.#run(command, (result) => {
        onResult(index, result);
      });
    }
    for (const { id, text } of notes) {
      if (text === null) this.#notes.delete(id);
      else this.#notes.set(id, text);
    }
  }

  #run(command: Command, done: (result: AppendResult) => void): void {
    const { thread } = command;
    switch (command.kind) {
      case 'append':
        this.append(thread, command.entry, done);
        return;
      case 'owner':
        void this.setOwner(thread, command.owner);
        return;
      case 'mark':
        void this.setReadMark(thread, command.user, command.read);
        return;
      case 'list':
        void this.list(thread, command.user);
        return;
      case 'unwatched':
        void this.setUnwatched(thread, command.state);
        return;
      case 'record': {
        const { kind, id, text } = command.record;
        void this.setRecord(thread, kind, id, text);
      }
    }
  }
}

const UNHEARD = { onResult: () => undefined, onSettled: () => undefined };
