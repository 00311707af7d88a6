/**
 * The outbox of the embedded log: rows beside the entries, in the same commits. A message costs one more row of a few
 * bytes while something is sent to the outside, and nothing otherwise.
 */
import { LogUnavailableError } from '../../log-errors.js';
import type { NewEntry } from '../../log-writer.js';
import type {
  Outbox,
  OutboxLetter,
  OutboxPolicy,
  OutboxRow,
  RowEnd,
  SentAgain
} from '../../outbox.js';
import type { CommitQueue } from '../commit-queue.js';
import { AFTER_ALL, letterKey, outboxKey, toldKey, within, withinTold } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';
import type { Head, ThreadHeads } from '../thread-heads.js';

/** Most letters that are kept; beyond it the oldest is dropped, and counted. */
export const LETTERS_MAX = 10_000;

/** Most users' marks that one commit removes: a few milliseconds of work. */
const FORGET_ROWS = 1_024;

/** What one row costs in the queue besides its text, in bytes. */
const ROW_BYTES = 256;

/** Options of {@link LmdbOutbox}. */
export interface LmdbOutboxOptions {
  readonly store: LogStore;
  readonly heads: Pick<ThreadHeads, 'peek'>;
  readonly queue: Pick<CommitQueue, 'push' | 'refusal'>;
  readonly clock: { now(): number };
  /** What gets a row; null: nothing, and what is there stays. */
  readonly policy: OutboxPolicy | null;
}

/** The outbox of one log. */
export class LmdbOutbox implements Outbox {
  readonly #options: LmdbOutboxOptions;
  #waiting = 0;
  #letters = 0;
  #dropped = 0;
  #nextLetter = 1;
  #lastN = 0;
  #lastDropped = 0;
  #listener: () => void = () => undefined;
  #isTold = false;

  constructor(options: LmdbOutboxOptions) {
    this.#options = options;
    this.restore();
  }

  get waiting(): number {
    return this.#waiting;
  }

  get letters(): number {
    return this.#letters;
  }

  get lettersDropped(): number {
    return this.#dropped;
  }

  /** Counts what is on disk, at the opening and after a failed commit. No write may be in progress. */
  restore(): void {
    const { store } = this.#options;
    this.#waiting = store.count(within('o'));
    this.#letters = store.count(within('q'));
    for (const key of store.keys({ ...within('q'), reverse: true, limit: 1 })) {
      this.#nextLetter = Math.max(this.#nextLetter, Number(key[1]) + 1);
    }
    this.stored();
  }

  /** Notes that rows may have become durable. */
  stored(): void {
    if (this.#waiting > 0) this.#tell();
  }

  /** Adds the row of an entry to the commit that stores it. */
  entry(head: Head, offset: number, entry: NewEntry, into: LogWrite[]): void {
    if (this.#options.policy?.wantsEntry(head.thread, offset, entry) !== true) return;
    this.#put(outboxKey(head.thread, offset, 0), '', into);
  }

  /** Adds the row of a record to the commit that changes it. */
  record(thread: string, kind: string, id: string, text: string | null, into: LogWrite[]): void {
    const note = this.#options.policy?.ofRecord(thread, kind, id, text) ?? null;
    if (note !== null) this.#note(thread, note, into);
  }

  /** Adds the row of a new owner to the commit that stores it. */
  owner(thread: string, owner: string, into: LogWrite[]): void {
    const note = this.#options.policy?.ofOwner(thread, owner) ?? null;
    if (note !== null) this.#note(thread, note, into);
  }

  add(thread: string, text: string): Promise<void> {
    return this.#commit(text.length, (into) => {
      this.#note(thread, text, into);
    });
  }

  threads(after: string | null, limit: number): string[] {
    const found: string[] = [];
    const { from, to } = within('o');
    let place = after === null ? from : outboxKey(after, AFTER_ALL);
    while (found.length < limit) {
      const [key] = [...this.#options.store.keys({ from: place, to, limit: 1 })];
      if (key === undefined) break;
      const thread = String(key[1]);
      found.push(thread);
      place = outboxKey(thread, AFTER_ALL);
    }
    return found;
  }

  first(thread: string): OutboxRow | null {
    const range = { ...within('o', thread), limit: 1, onDamage: (): void => undefined };
    for (const key of this.#options.store.keys(range)) {
      const [, , offset, n] = key;
      // A damaged text counts as an empty one: what is told then is what the log has at that offset, or nothing.
      const [row] = [...this.#options.store.range({ ...range, from: key })];
      const text = row !== undefined && row.key[2] === offset && row.key[3] === n ? row.value : '';
      return { thread, offset: Number(offset), n: Number(n), text: text.slice(1) };
    }
    return null;
  }

  end(
    row: OutboxRow,
    { rows = [], told = [], letters = [], stays = false }: RowEnd
  ): Promise<void> {
    const chars = [...rows, ...letters].reduce((sum, text) => sum + text.length, 0);
    return this.#commit(chars, (into) => {
      const { thread, offset, n } = row;
      if (!stays) {
        into.push({ key: outboxKey(thread, offset, n), value: null });
        this.#waiting -= 1;
      }
      for (const text of rows) this.#put(outboxKey(thread, offset, this.#newN()), text, into);
      for (const user of told) into.push({ key: toldKey(user, thread), value: String(offset) });
      for (const text of letters) this.#keep(text, into);
    });
  }

  readLetters(after: number, limit: number): OutboxLetter[] {
    const letters: OutboxLetter[] = [];
    const { to } = within('q');
    const range = { from: letterKey(after + 1), to, limit, onDamage: (): void => undefined };
    for (const { key, value } of this.#options.store.range(range)) {
      letters.push({ seq: Number(key[1]), text: value });
    }
    return letters;
  }

  sendAgain(letters: readonly SentAgain[]): Promise<void> {
    return this.#commit(letters.length * ROW_BYTES, (into) => {
      for (const { seq, thread, offset, text } of letters) {
        if (!this.#removeLetter(seq, into)) continue;
        this.#put(outboxKey(thread, offset, this.#newN()), text, into);
      }
    });
  }

  dropLetters(seqs: readonly number[]): Promise<void> {
    return this.#commit(0, (into) => {
      for (const seq of seqs) this.#removeLetter(seq, into);
    });
  }

  isTold(user: string, thread: string): boolean {
    return this.#options.store.get(toldKey(user, thread)) !== undefined;
  }

  async forget(user: string): Promise<void> {
    for (;;) {
      const range = { ...withinTold(user), limit: FORGET_ROWS };
      const keys = [...this.#options.store.keys(range)];
      if (keys.length === 0) return;
      await this.#commit(0, (into) => {
        for (const key of keys) into.push({ key, value: null });
      });
    }
  }

  onWork(listener: () => void): void {
    this.#listener = listener;
    this.stored();
  }

  #note(thread: string, text: string, into: LogWrite[]): void {
    const offset = this.#options.heads.peek(thread)?.written ?? 0;
    this.#put(outboxKey(thread, offset, this.#newN()), text, into);
  }

  /** A value is never empty on disk: the mark before the text says so. */
  #put(key: LogWrite['key'], text: string, into: LogWrite[]): void {
    into.push({ key, value: `-${text}` });
    this.#waiting += 1;
  }

  #keep(text: string, into: LogWrite[]): void {
    into.push({ key: letterKey(this.#nextLetter), value: text });
    this.#nextLetter += 1;
    this.#letters += 1;
    if (this.#letters <= LETTERS_MAX) return;
    const from = letterKey(this.#lastDropped + 1);
    for (const key of this.#options.store.keys({ ...within('q'), from, limit: 1 })) {
      into.push({ key, value: null });
      // Another one in the same commit does not see that this one is gone.
      this.#lastDropped = Number(key[1]);
      this.#letters -= 1;
      this.#dropped += 1;
    }
  }

  #removeLetter(seq: number, into: LogWrite[]): boolean {
    const key = letterKey(seq);
    if (this.#options.store.get(key) === undefined) return false;
    into.push({ key, value: null });
    this.#letters -= 1;
    return true;
  }

  /** Numbers rise with time, across restarts too, so that rows of the same offset stay in order. */
  #newN(): number {
    this.#lastN = Math.max(this.#lastN + 1, this.#options.clock.now() * 1_000);
    return this.#lastN;
  }

  /** Once for all rows of a commit. */
  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    queueMicrotask(() => {
      this.#isTold = false;
      this.#listener();
    });
  }

  #commit(chars: number, write: (into: LogWrite[]) => void): Promise<void> {
    const refusal = this.#options.queue.refusal();
    if (refusal !== null) return Promise.reject(new LogUnavailableError(refusal));
    return new Promise((resolve, reject) => {
      this.#options.queue.push({
        bytes: ROW_BYTES + chars,
        write,
        settle: (failure) => {
          if (failure === null) {
            resolve();
            this.stored();
          } else reject(new LogUnavailableError(failure));
        }
      });
    });
  }
}
