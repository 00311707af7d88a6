/**
 * Who is on the other nodes, as far as this one knows. Each node numbers what it tells. When a number is missing, what is
 * known of that node stays until it has told everything anew.
 */
import { Listeners } from '../listeners.js';
import type { NodeMessageOf, NodeSeat } from './node-message.js';

/** Somebody has come to a thread on another node, or has left it there. */
export interface SeatNews {
  readonly thread: string;
  readonly user: string;
  readonly isThere: boolean;
}

/** What is known of one node. */
interface Known {
  /** Number of the last message that was used. */
  number: number;
  isWhole: boolean;
  /** Whether it was asked for everything since its last greeting. */
  isAsked: boolean;
  threads: Map<string, Set<string>>;
  /** Parts of everything that have come so far; null while none is expected. */
  parts: {
    readonly number: number;
    readonly of: number;
    readonly come: Map<number, readonly NodeSeat[]>;
  } | null;
}

/** The people of the other nodes. */
export class TheirPeople {
  /** Called for each seat that is taken or left on another node. */
  readonly news: Listeners<SeatNews>;
  /** Asks a node to tell everything. */
  private readonly missing: (node: string) => void;
  private readonly nodes = new Map<string, Known>();

  constructor(missing: (node: string) => void, onFault: (reason: string) => void) {
    this.missing = missing;
    this.news = new Listeners(onFault);
  }

  /** Returns whether somebody other than an author is subscribed on another node; null for whom all are others. */
  hasReader(thread: string, author: string | null): boolean {
    for (const { threads } of this.nodes.values()) {
      const people = threads.get(thread);
      if (people === undefined) continue;
      if (people.size > 1 || author === null || !people.has(author)) return true;
    }
    return false;
  }

  /** Returns whether a person has a seat in a thread on another node. */
  has(thread: string, user: string): boolean {
    for (const { threads } of this.nodes.values()) if (threads.get(thread)?.has(user)) return true;
    return false;
  }

  /** Returns the people of a thread, once for each node that has them. */
  *of(thread: string): Iterable<string> {
    for (const { threads } of this.nodes.values()) yield* threads.get(thread) ?? [];
  }

  /** Returns the nodes on which a person has a seat in a thread. */
  nodesOf(thread: string, user: string): string[] {
    return [...this.nodes]
      .filter(([, { threads }]) => threads.get(thread)?.has(user))
      .map(([node]) => node);
  }

  /** Notes that a node is there, which has told up to a number. */
  hello(node: string, number: number): void {
    const known = this.knownOf(node);
    known.isAsked = false;
    if (!known.isWhole || known.number < number) this.ask(node, known);
  }

  /** Notes a change. */
  people(node: string, { number, come, go }: NodeMessageOf<'people'>): void {
    const known = this.knownOf(node);
    if (known.isWhole && number <= known.number) return;
    if (!known.isWhole || number !== known.number + 1) {
      this.ask(node, known);
      return;
    }
    known.number = number;
    for (const seat of come) this.enter(known, seat);
    for (const seat of go) this.leave(known, seat);
  }

  /** Notes a part of everything; with the last one it takes the place of what was known. */
  everybody(node: string, { number, part, of, come }: NodeMessageOf<'everybody'>): void {
    const known = this.knownOf(node);
    if (known.isWhole && number <= known.number) return;
    if (known.parts?.number !== number) known.parts = { number, of, come: new Map() };
    known.parts.come.set(part, come);
    if (known.parts.come.size < of) return;
    const seats = [...known.parts.come.values()].flat();
    known.parts = null;
    known.number = number;
    known.isWhole = true;
    known.isAsked = false;
    this.replace(known, seats);
  }

  /** Notes that a node is gone, and its people with it. */
  gone(node: string): void {
    const known = this.nodes.get(node);
    this.nodes.delete(node);
    if (known !== undefined) this.replace(known, []);
  }

  /** Asks a node anew: what is known of it has turned out to be wrong. */
  doubt(node: string): void {
    this.ask(node, this.knownOf(node));
  }

  private knownOf(node: string): Known {
    const known = this.nodes.get(node) ?? {
      number: 0,
      isWhole: false,
      isAsked: false,
      threads: new Map<string, Set<string>>(),
      parts: null
    };
    this.nodes.set(node, known);
    return known;
  }

  private ask(node: string, known: Known): void {
    known.isWhole = false;
    // Once per greeting, so that a node with much to tell is not asked for each message that it sends meanwhile.
    if (known.isAsked) return;
    known.isAsked = true;
    this.missing(node);
  }

  private replace(known: Known, seats: readonly NodeSeat[]): void {
    const kept = new Set(seats.map(([thread, user]) => `${thread} ${user}`));
    for (const [thread, people] of [...known.threads]) {
      for (const user of [...people]) {
        if (!kept.has(`${thread} ${user}`)) this.leave(known, [thread, user]);
      }
    }
    for (const seat of seats) this.enter(known, seat);
  }

  private enter({ threads }: Known, [thread, user]: NodeSeat): void {
    const people = threads.get(thread) ?? new Set<string>();
    if (people.has(user)) return;
    threads.set(thread, people.add(user));
    this.news.tell({ thread, user, isThere: true });
  }

  private leave({ threads }: Known, [thread, user]: NodeSeat): void {
    const people = threads.get(thread);
    if (people?.delete(user) !== true) return;
    if (people.size === 0) threads.delete(thread);
    this.news.tell({ thread, user, isThere: false });
  }
}
