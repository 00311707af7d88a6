import type {
  Outbox,
  OutboxLetter,
  OutboxRow,
  RowEnd,
  SentAgain
} from '../../../actors/log/outbox.js';

/** An outbox in memory; the spec adds rows of entries itself. */
export class MemoryOutbox implements Outbox {
  readonly rows: OutboxRow[] = [];
  readonly kept: OutboxLetter[] = [];
  readonly told = new Set<string>();
  lettersDropped = 0;
  #n = 1;
  #seq = 1;
  #listener: () => void = () => undefined;

  get waiting(): number {
    return this.rows.length;
  }

  get letters(): number {
    return this.kept.length;
  }

  /** Adds the row of an entry. */
  entry(thread: string, offset: number): void {
    this.#put({ thread, offset, n: 0, text: '' });
  }

  add(thread: string, text: string): Promise<void> {
    const offset = Math.max(
      0,
      ...this.rows.filter((row) => row.thread === thread).map((row) => row.offset)
    );
    this.#put({ thread, offset, n: this.#n++, text });
    return Promise.resolve();
  }

  threads(after: string | null, limit: number): string[] {
    const all = [...new Set(this.rows.map(({ thread }) => thread))].sort();
    return all.filter((thread) => after === null || thread > after).slice(0, limit);
  }

  first(thread: string): OutboxRow | null {
    const [first] = this.rows
      .filter((row) => row.thread === thread)
      .sort((one, other) => one.offset - other.offset || one.n - other.n);
    return first === undefined ? null : { ...first };
  }

  end(
    row: OutboxRow,
    { rows = [], told = [], letters = [], stays = false }: RowEnd
  ): Promise<void> {
    const { thread, offset, n } = row;
    const at = this.rows.findIndex(
      (one) => one.thread === thread && one.offset === offset && one.n === n
    );
    if (!stays && at >= 0) this.rows.splice(at, 1);
    for (const text of rows) this.#put({ thread, offset, n: this.#n++, text });
    for (const user of told) this.told.add(`${user} ${thread}`);
    for (const text of letters) this.kept.push({ seq: this.#seq++, text });
    return Promise.resolve();
  }

  readLetters(after: number, limit: number): OutboxLetter[] {
    return this.kept.filter(({ seq }) => seq > after).slice(0, limit);
  }

  async sendAgain(letters: readonly SentAgain[]): Promise<void> {
    await this.dropLetters(letters.map(({ seq }) => seq));
    for (const { thread, offset, text } of letters) {
      this.#put({ thread, offset, n: this.#n++, text });
    }
  }

  dropLetters(seqs: readonly number[]): Promise<void> {
    const left = this.kept.filter(({ seq }) => !seqs.includes(seq));
    this.kept.splice(0, Infinity, ...left);
    return Promise.resolve();
  }

  isTold(user: string, thread: string): boolean {
    return this.told.has(`${user} ${thread}`);
  }

  forget(user: string): Promise<void> {
    for (const mark of this.told) if (mark.startsWith(`${user} `)) this.told.delete(mark);
    return Promise.resolve();
  }

  onWork(listener: () => void): void {
    this.#listener = listener;
    if (this.rows.length > 0) queueMicrotask(listener);
  }

  #put(row: OutboxRow): void {
    this.rows.push(row);
    queueMicrotask(this.#listener);
  }
}
