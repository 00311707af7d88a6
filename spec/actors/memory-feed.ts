import type { Fact } from '../../actors/log/fact.js';
import type {
  FeedBacklog,
  FeedBatch,
  FeedEntry,
  FeedFact,
  LogFeed
} from '../../actors/log/log-feed.js';

/** A feed in memory: entries in the order in which they were stored, forgotten for good when the spec ends. */
export class MemoryFeed implements LogFeed {
  /** All facts that were ever recorded, for specs to look at. */
  readonly recorded: Fact[] = [];
  /** Why nothing can be taken; null when it can. */
  fault: string | null = null;
  readonly #kept: FeedEntry[] = [];
  #entries: FeedEntry[] = [];
  #facts: FeedFact[] = [];
  #store: string | null = null;
  #isTold = false;
  #listener: () => void = () => undefined;

  /** Notes that an entry has been stored. */
  stored(entry: FeedEntry): void {
    this.#kept.push(entry);
    this.#entries.push(entry);
    this.#tell();
  }

  storeId(): string | null {
    return this.#store;
  }

  async rewind(storeId: string): Promise<void> {
    if (this.fault !== null) throw new Error(this.fault);
    this.#store = storeId;
    this.#entries = [...this.#kept];
    if (this.#entries.length > 0) this.#tell();
  }

  next(limit: number, maxChars: number): FeedBatch {
    let chars = 0;
    const entries = this.#entries.slice(0, limit).filter(({ frame }, index) => {
      chars += frame.length;
      return index === 0 || chars <= maxChars;
    });
    const facts = this.#facts.slice(0, limit);
    if (entries.length + facts.length === 0) this.#isTold = false;
    const more = entries.length < this.#entries.length || facts.length < this.#facts.length;
    return { entries, facts, more };
  }

  async take({ entries, facts, more }: FeedBatch): Promise<void> {
    if (this.fault !== null) throw new Error(this.fault);
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
    this.#facts = this.#facts.filter((fact) => !facts.includes(fact));
    if (more) return;
    this.#isTold = false;
    if (this.#entries.length + this.#facts.length > 0) this.#tell();
  }

  record(fact: Fact): void {
    this.recorded.push(fact);
    this.#facts.push({ id: 1_000 + this.recorded.length, epoch: 'e1', fact });
    this.#tell();
  }

  backlog(): FeedBacklog {
    const threads = new Set(this.#entries.map(({ thread }) => thread)).size;
    return { threads, facts: this.#facts.length, factsDropped: 0 };
  }

  onWork(listener: () => void): void {
    this.#listener = listener;
    this.#isTold = false;
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    queueMicrotask(() => {
      this.#listener();
    });
  }
}
