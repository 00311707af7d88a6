/**
 * Who is on this node, told to the others: who is subscribed to each thread, and who is connected. Changes are gathered for
 * a moment and numbered, so that a node that missed one knows and asks for everything.
 */
import type { Clock } from '../clock.js';
import type { NodeBus } from './node-bus.js';
import type { NodeSeat } from './node-message.js';

/** How long changes are gathered, in milliseconds: far shorter than any grace. */
export const PEOPLE_GATHER_MS = 20;

/** Most seats in one message: 200 characters each stay far below the 1 MiB that brokers accept. */
export const SEATS_PER_MESSAGE = 2_000;

/** Instead of a thread: the person is connected to the node. */
export const CONNECTED = '';

/** Instead of a person: a backend, which may read everything. */
export const BACKEND = '';

/** The people of this node. */
export class OwnPeople {
  private readonly bus: NodeBus;
  private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Number of subscriptions of each person, by thread. */
  private readonly threads = new Map<string, Map<string, number>>();
  /** Seats that were taken (true) or left (false) since the last message. */
  private changes = new Map<string, { readonly seat: NodeSeat; readonly isThere: boolean }>();
  private timer: unknown = null;
  private last = 0;

  constructor(bus: NodeBus, clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {
    this.bus = bus;
    this.clock = clock;
  }

  /** Number of the last message about changes. */
  get number(): number {
    return this.last;
  }

  /** Returns whether somebody other than an author is subscribed here; null for whom all are others. */
  hasReader(thread: string, author: string | null): boolean {
    const people = this.threads.get(thread);
    if (people === undefined) return false;
    return people.size > 1 || author === null || !people.has(author);
  }

  /** Adds a subscription, or a connection, of a person. */
  enter(thread: string, user: string): void {
    const people = this.threads.get(thread) ?? new Map<string, number>();
    this.threads.set(thread, people);
    const before = people.get(user) ?? 0;
    people.set(user, before + 1);
    if (before === 0) this.changed([thread, user], true);
  }

  /** Removes a subscription, or a connection, of a person. */
  leave(thread: string, user: string): void {
    const people = this.threads.get(thread);
    const before = people?.get(user) ?? 0;
    if (people === undefined || before === 0) return;
    if (before > 1) {
      people.set(user, before - 1);
      return;
    }
    people.delete(user);
    if (people.size === 0) this.threads.delete(thread);
    this.changed([thread, user], false);
  }

  /** Sends everything to a node that misses something. */
  tellEverybody(node: string): void {
    // What is gathered is in it already.
    this.flush();
    const seats: NodeSeat[] = [];
    for (const [thread, people] of this.threads) {
      for (const user of people.keys()) seats.push([thread, user]);
    }
    const of = Math.max(1, Math.ceil(seats.length / SEATS_PER_MESSAGE));
    for (let part = 0; part < of; part++) {
      const come = seats.slice(part * SEATS_PER_MESSAGE, (part + 1) * SEATS_PER_MESSAGE);
      this.bus.toNode(node, { type: 'everybody', number: this.last, part, of, come });
    }
  }

  /** Sends the gathered changes now. */
  flush(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = null;
    const changes = [...this.changes.values()];
    this.changes = new Map();
    for (let at = 0; at < changes.length; at += SEATS_PER_MESSAGE) {
      const some = changes.slice(at, at + SEATS_PER_MESSAGE);
      const come = some.filter(({ isThere }) => isThere).map(({ seat }) => seat);
      const go = some.filter(({ isThere }) => !isThere).map(({ seat }) => seat);
      this.last++;
      this.bus.toAll(null, { type: 'people', number: this.last, come, go });
    }
  }

  /** Stops; nothing is told any more. */
  close(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = null;
    this.changes = new Map();
  }

  private changed(seat: NodeSeat, isThere: boolean): void {
    const key = `${seat[0]} ${seat[1]}`;
    // Somebody who comes and goes at once was not there for anybody.
    if (!this.changes.delete(key)) this.changes.set(key, { seat, isThere });
    this.timer ??= this.clock.setTimeout(() => {
      this.timer = null;
      this.flush();
    }, PEOPLE_GATHER_MS);
  }
}
