/**
 * The messages of one thread that nobody has got yet, by author: an author who comes back has not delivered its own
 * messages to anybody.
 */
import type { UnwatchedAuthor } from '../log/thread-records.js';

/** Most authors of one thread that are told apart; what others wrote counts as delivered to whoever comes. */
export const HELD_AUTHORS_MAX = 16;

/** Messages of one author that nobody else has got yet. */
export interface HeldSpan {
  /** Offset of the first of them. */
  from: number;
  /** Offset of the newest known one of them; after a restart that is the first. */
  newest: number;
  /** When the first was stored, Unix milliseconds; the mark in the log has it. */
  readonly since: number;
  /** The same moment of `Clock.elapsed()`; to measure from it. */
  readonly heldAt: number;
  /** Number of held messages. Other messages stored since then needed no subscriber or reached the owner. */
  messages: number;
}

/** The held messages of one thread. */
export class Held {
  state: 'waiting' | 'undelivered' = 'waiting';
  /** When the grace ends, a moment of `AwakeClock.awake()`: it does not go on while the process is away. */
  dueAt: number;
  /** By author; null for authors who are not known, or too many. */
  private readonly byAuthor = new Map<string | null, HeldSpan>();

  constructor(dueAt: number) {
    this.dueAt = dueAt;
  }

  /** Offset of the first message. */
  get from(): number {
    return Math.min(...this.spans().map(({ from }) => from));
  }

  /** Offset of the newest message that is known. */
  get newest(): number {
    return Math.max(...this.spans().map(({ newest }) => newest));
  }

  /** When the first was stored, Unix milliseconds. */
  get since(): number {
    return Math.min(...this.spans().map(({ since }) => since));
  }

  /** The same moment of `Clock.elapsed()`. */
  get heldAt(): number {
    return Math.min(...this.spans().map(({ heldAt }) => heldAt));
  }

  /** Number of messages. */
  get messages(): number {
    return this.spans().reduce((sum, { messages }) => sum + messages, 0);
  }

  /** The authors that are told apart, as the mark in the log has them. */
  get authors(): UnwatchedAuthor[] {
    const authors: UnwatchedAuthor[] = [];
    for (const [author, { from, since }] of this.byAuthor) {
      if (author !== null) authors.push({ author, from, since });
    }
    return authors;
  }

  /** The only author; null when there are several, or it is not known. */
  get soleAuthor(): string | null {
    const [author = null] = this.byAuthor.size === 1 ? this.byAuthor.keys() : [];
    return author;
  }

  /** Returns the messages of each author, in the order of their first ones. */
  spans(): HeldSpan[] {
    return [...this.byAuthor.values()].sort((one, other) => one.from - other.from);
  }

  /** Returns what is held of an author; null when nothing is. */
  of(author: string): HeldSpan | null {
    return this.byAuthor.get(author) ?? this.byAuthor.get(null) ?? null;
  }

  /** Adds a message. Returns whether the mark in the log has to say more than before. */
  add(author: string, offset: number, since: number, heldAt: number): boolean {
    const key = this.keyOf(author);
    const span = this.byAuthor.get(key);
    if (span === undefined) {
      this.byAuthor.set(key, { from: offset, newest: offset, since, heldAt, messages: 1 });
      return true;
    }
    span.messages++;
    span.newest = Math.max(span.newest, offset);
    if (offset >= span.from) return false;
    span.from = offset;
    return true;
  }

  /** Adds what the mark in the log says of an author; null for one who is not known. */
  restore(author: string | null, span: HeldSpan): void {
    this.byAuthor.set(author, span);
  }

  /** Offset of the first message that a reader may deliver by having it; null when all are its own. */
  firstFor(reader: string | null): number | null {
    let first: number | null = null;
    for (const [author, { from }] of this.byAuthor) {
      if (author !== null && author === reader) continue;
      first = Math.min(first ?? from, from);
    }
    return first;
  }

  /** Whether something stays held when a reader has everything: its own messages. */
  isLeftBy(reader: string | null): boolean {
    return reader !== null && this.byAuthor.has(reader);
  }

  /** Removes what a reader has got, which is all but its own, and returns it. */
  take(reader: string | null): HeldSpan[] {
    const own = reader === null ? undefined : this.byAuthor.get(reader);
    const taken = this.spans().filter((span) => span !== own);
    this.byAuthor.clear();
    if (own !== undefined) this.byAuthor.set(reader, own);
    return taken;
  }

  private keyOf(author: string): string | null {
    if (this.byAuthor.has(author)) return author;
    return this.byAuthor.size < HELD_AUTHORS_MAX ? author : null;
  }
}
