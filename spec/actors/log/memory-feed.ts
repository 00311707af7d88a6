import {
  factId,
  factRow,
  factText,
  type FactRowText,
  type FeedFact
} from '../../../actors/facts/fact-row.js';
import type { Fact, StepFact } from '../../../actors/facts/fact.js';
import type {
  FactFilter,
  FeedBacklog,
  FeedBatch,
  FeedEntry,
  FoundFacts,
  AnalyticsFeed
} from '../../../actors/log/analytics-feed.js';
import { messageFrame } from '../../../protocol/message-frame.js';

/** When the first message of a feed was received, unless the spec says otherwise. */
export const FED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A feed in memory. What is added is there at once; the spec may make it fail. */
export class MemoryFeed implements AnalyticsFeed {
  readonly facts: FeedFact[] = [];
  /** Ids that it was rewound for, in order. */
  readonly rewinds: string[] = [];
  /** What reading throws, null when it works. */
  readFault: Error | null = null;
  /** What noting that a batch was taken rejects with, null when it works. */
  takeFault: Error | null = null;
  takes = 0;
  /** Whether `find` says that it has looked at all. */
  isWhole = true;
  readonly #threads = new Map<string, { readonly entries: FeedEntry[]; taken: number }>();
  #factsTaken = 0;
  /** What is taken with a batch: the last offset of each thread, and the number of facts. */
  readonly #given = new WeakMap<FeedBatch, { taken: Map<string, number>; facts: number }>();
  #storeId: string | null = null;
  #turn = 0;
  #listener: () => void = () => undefined;

  /** Adds a message to a thread. */
  say(
    thread: string,
    body: unknown,
    { user = 'ada', mid = '', at = FED_AT, kind = 'user_message' } = {}
  ): void {
    const offset = (this.#threads.get(thread)?.entries.length ?? 0) + 1;
    const parts = {
      mid: mid === '' ? `${thread}-${String(offset)}` : mid,
      user,
      kind,
      bodyJson: JSON.stringify(body),
      at
    };
    this.add({ thread, epoch: 'e1', offset, frame: messageFrame(thread, offset, parts) });
  }

  isTaken(thread: string, offset: number): boolean {
    return (this.#threads.get(thread)?.taken ?? 0) >= offset;
  }

  /** Adds an entry as it is; its offset is the next of its thread. */
  add(entry: FeedEntry): void {
    const { thread } = entry;
    this.#tell(() => {
      const stored = this.#threads.get(thread) ?? { entries: [], taken: 0 };
      this.#threads.set(thread, stored);
      stored.entries.push(entry);
    });
  }

  /** All messages, thread by thread. */
  get entries(): FeedEntry[] {
    return [...this.#threads.values()].flatMap(({ entries }) => entries);
  }

  record(fact: Fact): void {
    this.#tell(() => this.facts.push({ id: factId(this.facts.length + 1, 0), epoch: 'e1', fact }));
  }

  storeId(): string | null {
    return this.#storeId;
  }

  rewind(storeId: string): Promise<void> {
    this.rewinds.push(storeId);
    this.#storeId = storeId;
    for (const stored of this.#threads.values()) stored.taken = 0;
    this.#factsTaken = 0;
    return Promise.resolve();
  }

  next(limit: number, maxChars: number, after: FeedBatch | null = null): FeedBatch {
    if (this.readFault !== null) throw this.readFault;
    const before = after === null ? null : (this.#given.get(after) ?? null);
    const given = { taken: new Map(before?.taken), facts: before?.facts ?? this.#factsTaken };
    const waiting = this.#waiting();
    const ahead = (before === null ? this.#turn++ : 0) % Math.max(1, waiting.length);
    const inTurn = [...waiting.slice(ahead), ...waiting.slice(0, ahead)].flatMap((one) => {
      const from = given.taken.get(one.entries[0]?.thread ?? '') ?? one.taken;
      return one.entries.slice(from, from + limit + 1);
    });
    const entries: FeedEntry[] = [];
    let chars = 0;
    for (const entry of inTurn.slice(0, limit)) {
      chars += entry.frame.length;
      if (entries.length > 0 && chars > maxChars) break;
      entries.push(entry);
      given.taken.set(entry.thread, entry.offset);
    }
    const all = this.facts.slice(given.facts);
    const facts = all.slice(0, limit).map(({ id, epoch, fact }): FactRowText => ({
      seq: Math.floor(id / 1_000),
      epoch,
      text: factRow([factText(fact, epoch)], epoch)
    }));
    given.facts += facts.length;
    const batch = {
      entries,
      facts,
      more: entries.length < inTurn.length || facts.length < all.length
    };
    this.#given.set(batch, given);
    return batch;
  }

  take(batch: FeedBatch): Promise<void> {
    if (this.takeFault !== null) return Promise.reject(this.takeFault);
    if (batch.entries.length + batch.facts.length > 0) this.takes += 1;
    const given = this.#given.get(batch);
    for (const [thread, offset] of given?.taken ?? []) {
      const stored = this.#threads.get(thread);
      if (stored !== undefined) stored.taken = Math.max(offset, stored.taken);
    }
    this.#factsTaken = Math.max(given?.facts ?? 0, this.#factsTaken);
    return Promise.resolve();
  }

  backlog(): FeedBacklog {
    const facts = this.facts.length - this.#factsTaken;
    return { threads: this.#waiting().length, facts, factsDropped: 0 };
  }

  find({ thread, since, isWanted }: FactFilter): Promise<FoundFacts> {
    if (this.readFault !== null) return Promise.reject(this.readFault);
    const facts = this.facts
      .slice(this.#factsTaken)
      .map(({ fact }) => fact)
      .filter((fact) => 'thread' in fact && fact.thread === thread)
      .filter((fact) => fact.at >= since && isWanted(fact));
    return Promise.resolve({ facts, isWhole: this.isWhole });
  }

  onWork(listener: () => void): void {
    this.#listener = listener;
  }

  #waiting() {
    return [...this.#threads.values()].filter(({ entries, taken }) => taken < entries.length);
  }

  #tell(add: () => void): void {
    const { threads, facts } = this.backlog();
    add();
    if (threads === 0 && facts === 0) this.#listener();
  }
}

/** A delivery as it happens a thousand times a day. */
export function delivered(thread: string, offset: number, more: Partial<Fact> = {}): Fact {
  return {
    kind: 'delivery',
    thread,
    epoch: 'e1',
    offset,
    messages: 1,
    outcome: 'delivered',
    subscribers: 2,
    at: FED_AT,
    tookMs: 3,
    ...more
  } as Fact;
}

/** A user's reading of a span of messages. */
export function stepped(
  thread: string,
  step: StepFact['step'],
  from: number,
  upTo: number,
  more: Partial<StepFact> = {}
): StepFact {
  const at = FED_AT;
  const who = { user: 'bob', connection: 'c1' };
  return { kind: 'step', step, thread, epoch: 'e1', ...who, from, upTo, since: at, at, ...more };
}

/** A transition of a delivery chart. */
export function moved(thread: string, from: string, to: string, more: Partial<Fact> = {}): Fact {
  return {
    kind: 'transition',
    chart: 'delivery',
    actor: `delivery:${thread}`,
    from,
    to,
    event: 'subscriber.joined',
    at: FED_AT,
    spentMs: 1_000,
    ...more
  } as Fact;
}
