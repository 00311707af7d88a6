/**
 * Appends to the log: gives offsets in order, keeps the same `mid` from being stored twice, and answers when the
 * commit that holds the entry is durable.
 */
import { reasonOf } from '../../../machines/reason.js';
import type { Listeners } from '../../listeners.js';
import type { Commit } from '../commits.js';
import type { CommitQueue } from './commit-queue.js';
import { LogCorruptError, orDamaged } from '../log-errors.js';
import {
  decodeCount,
  entryKey,
  keyProblem,
  memberKey,
  midKey,
  recordKey,
  threadKey
} from './log-keys.js';
import type { LogStore, LogWrite } from './log-store.js';
import { ERASED_BODY, erasedFrame } from '../../../protocol/erased.js';
import { isSameJson } from '../../../protocol/json-text.js';
import { frameHeader, messageFrame } from '../../../protocol/message-frame.js';
import type { PendingMarks } from './feed/pending-marks.js';
import type { LmdbOutbox } from './outbox/lmdb-outbox.js';
import { recordOf, type Head, type ThreadHeads } from './thread-heads.js';
import type { UserLists } from './user-lists.js';
import type { AppendResult, NewEntry, RecordChange } from '../log-writer.js';
import type { ThreadEpoch } from '../replica.js';
import { recordProblem } from '../thread-records.js';

/** Bytes that an entry costs in the queue besides its frame: keys, index row, objects. */
const ENTRY_OVERHEAD_BYTES = 256;

/** Options of {@link LogAppends}. */
export interface LogAppendsOptions {
  readonly store: LogStore;
  readonly dir: string;
  readonly heads: ThreadHeads;
  readonly queue: CommitQueue;
  readonly marks: PendingMarks;
  readonly outbox: Pick<LmdbOutbox, 'entry'>;
  readonly lists: UserLists;
  readonly epochOf: (thread: string) => ThreadEpoch;
  /** Whether the times of a thread's entries never go back, whatever they are given as. */
  readonly isOrdered: boolean;
  /** Whether the user has a row for the thread already. */
  readonly isMember: (user: string, thread: string) => boolean;
  /** Called when an entry is durable and its head has been updated. Must not throw. */
  readonly onStored: (head: Head) => void;
  /** Called when the body of a message has been erased: the files still have it. Must not throw. */
  readonly onErased: () => void;
  /** Told of every entry after its append has been answered. */
  readonly commits: Pick<Listeners<Commit>, 'tell'>;
}

type Done = (result: AppendResult) => void;

/** An append in progress, with the callers that sent the same message again meanwhile. */
interface Pending extends Commit {
  readonly at: number;
  readonly repeats: Done[];
}

/** An entry as it stands in the log. */
type Stored = Pick<Pending, 'offset' | 'at' | 'frame'>;

/** The appends of one log: order, idempotency and acknowledgement. */
export class LogAppends {
  readonly #options: LogAppendsOptions;
  readonly #pending = new Map<string, Pending>();

  constructor(options: LogAppendsOptions) {
    this.#options = options;
  }

  /** Discards the appends in progress, when their commit has failed. */
  clear(): void {
    this.#pending.clear();
  }

  /** @see ThreadLog.append */
  append(thread: string, entry: NewEntry, done: Done): void {
    let answer: AppendResult | null;
    try {
      answer = this.#append(thread, entry, done);
    } catch (error) {
      answer = unavailable(reasonOf(error));
    }
    if (answer !== null) answerSafely(done, answer);
  }

  /** Queues the entry or joins it to the same one in progress (both answer null), or answers at once how it ended. */
  #append(thread: string, entry: NewEntry, done: Done): AppendResult | null {
    const refusal = this.#options.queue.refusal();
    if (refusal !== null) return unavailable(refusal);
    const tooLong =
      keyProblem(thread, entry.user, entry.mid) ?? keyProblem(thread, entry.owner ?? '');
    if (tooLong !== null) return unavailable(tooLong);
    for (const { thread: of, kind, id, text } of entry.records ?? []) {
      const problem = keyProblem(of, '') ?? recordProblem(kind, id, text);
      if (problem !== null) return unavailable(problem);
    }
    const pendingKey = `${thread}\n${entry.mid}`;
    const pending = this.#pending.get(pendingKey);
    if (pending !== undefined) {
      if (!isSame(thread, entry, pending)) return CONFLICT;
      pending.repeats.push(done);
      return null;
    }
    const head = this.#options.heads.open(thread);
    const stored = head.last === 0 ? null : this.#find(head, entry.mid);
    if (stored !== null) {
      if (!isSame(thread, entry, stored)) return CONFLICT;
      return taken(stored, this.#options.epochOf(thread).epoch, true);
    }
    this.#enqueue(head, entry, pendingKey, done);
    return null;
  }

  #enqueue(head: Head, entry: NewEntry, pendingKey: string, done: Done): void {
    const { thread } = head;
    const { mid, user, owner, erases, records = NO_RECORDS } = entry;
    const { isOrdered, epochOf } = this.#options;
    const at = isOrdered ? Math.max(entry.at, head.givenAt) : entry.at;
    const given = at === entry.at ? entry : { ...entry, at };
    const offset = head.given + 1;
    const pending: Pending = {
      thread,
      epoch: epochOf(thread).epoch,
      offset,
      entry: given,
      at,
      frame: messageFrame(thread, offset, given),
      repeats: []
    };
    const isFirst = head.given === 0 && head.nextOwner === null;
    const nextOwner = owner === undefined && isFirst ? user : (owner ?? null);
    const isNewHere = head.authors?.has(user) !== true && !this.#options.isMember(user, thread);
    head.given = offset;
    head.givenAt = at;
    if (nextOwner !== null) head.nextOwner = nextOwner;
    this.#options.heads.addAuthor(head, user);
    this.#options.heads.pin(head);
    this.#pending.set(pendingKey, pending);
    this.#options.queue.push({
      bytes: Buffer.byteLength(pending.frame) + ENTRY_OVERHEAD_BYTES + charsOf(records),
      write: (into) => {
        into.push(
          { key: entryKey(thread, offset), value: pending.frame },
          { key: midKey(mid, thread), value: String(offset) }
        );
        if (isNewHere) {
          into.push({ key: memberKey(user, thread), value: '0' });
          this.#options.lists.joined(user, thread, at, into);
        }
        if (offset === 1 || nextOwner !== null)
          into.push({ key: threadKey(thread), value: recordOf(head) });
        if (erases !== undefined) this.#erase(head, erases, into);
        for (const { thread: of, kind, id, text } of records) {
          into.push({ key: recordKey(of, kind, id), value: text });
        }
        this.#options.marks.append(head, offset, into);
        this.#options.outbox.entry(head, offset, entry, into);
        const isOnlyMember = offset === 1 && !this.#options.lists.has(thread);
        this.#options.lists.appended(head, at, isOnlyMember, into);
      },
      settle: (failure) => {
        let result: AppendResult;
        if (failure === null) {
          this.#pending.delete(pendingKey);
          head.last = offset;
          head.at = at;
          if (typeof owner === 'string') head.owner = owner;
          else if (nextOwner !== null) head.owner ??= nextOwner;
          this.#options.onStored(head);
          if (erases !== undefined) this.#options.onErased();
          this.#options.heads.unpin(head);
          result = taken(pending, pending.epoch, false);
        } else {
          result = unavailable(failure);
        }
        answerSafely(done, result);
        if (failure === null) this.#options.commits.tell(pending);
        for (const repeat of pending.repeats) {
          answerSafely(repeat, result.ok ? { ...result, duplicate: true } : result);
        }
      }
    });
  }

  #erase(head: Head, offset: number, into: LogWrite[]): void {
    // Entries before the first are being trimmed: written again, they would stay for ever.
    if (offset < head.first) return;
    const key = entryKey(head.thread, offset);
    // In a replica it may be written by this very commit.
    const own = into.findLast(
      ({ key: [tag, thread, at] }) => tag === 'e' && thread === head.thread && at === offset
    );
    const frame = own?.value ?? orDamaged(() => this.#options.store.get(key), undefined);
    const erased = frame === undefined ? null : erasedFrame(frame);
    if (erased !== null) into.push({ key, value: erased });
  }

  /** The stored entry of a mid; null when there is none or it is being trimmed. */
  #find(head: Head, mid: string): Stored | null {
    const offset = decodeCount(this.#options.store.get(midKey(mid, head.thread)) ?? '');
    if (offset === null || offset < head.first) return null;
    const frame = this.#options.store.get(entryKey(head.thread, offset));
    const header = frame === undefined ? null : frameHeader(frame);
    if (frame === undefined || header?.mid !== mid) {
      throw new LogCorruptError(
        this.#options.dir,
        `entry ${String(offset)} of thread ${head.thread} is in the index but cannot be read`
      );
    }
    return { offset, at: header.at, frame };
  }
}

function taken({ offset, at, frame }: Stored, epoch: string, duplicate: boolean): AppendResult {
  return { ok: true, offset, epoch, at, duplicate, frame };
}

const NO_RECORDS: readonly RecordChange[] = [];

function charsOf(records: readonly RecordChange[]): number {
  return records.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);
}

const CONFLICT: AppendResult = {
  ok: false,
  code: 'conflict',
  reason: 'this mid was used for another message'
};

function unavailable(reason: string): AppendResult {
  return { ok: false, code: 'unavailable', reason };
}

/**
 * Compares frames: the same message makes the same frame when it is given the old offset and time, but for the way in
 * which its body is written.
 */
function isSame(thread: string, entry: NewEntry, { offset, at, frame }: Stored): boolean {
  const again = messageFrame(thread, offset, { ...entry, at });
  if (again === frame) return true;
  // The body stands last, before the brace that closes the frame.
  const bodyAt = again.length - entry.bodyJson.length - 1;
  if (!frame.startsWith(again.slice(0, bodyAt))) return false;
  const body = frame.slice(bodyAt, -1);
  // Of an erased message nobody knows the body. A publisher without an ack is told that it was stored: refused, it would
  // send the erased text anew.
  return body === ERASED_BODY || isSameJson(entry.bodyJson, body);
}

/**
 * A callback that throws must not prevent the others from being answered: its error is thrown in a microtask of its
 * own.
 */
function answerSafely(done: Done, result: AppendResult): void {
  try {
    done(result);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
