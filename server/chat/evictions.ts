/**
 * Ends the subscriptions of those who may no longer read a thread: its record has changed, or somebody has created it
 * while they waited in it.
 */
import type { Threads } from '../../actors/threads/threads.js';
import type { Connection } from './connection.js';
import type { Connections } from './connections.js';
import { encodeFrame } from './frame-encoder.js';
import type { Subscriptions } from './subscriptions.js';

/** Options of {@link Evictions}. */
export interface EvictionsOptions {
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  readonly threads: Threads;
}

/** Sends away who may no longer read. */
export class Evictions {
  private readonly options: EvictionsOptions;

  constructor(options: EvictionsOptions) {
    this.options = options;
  }

  /** Judges these users' subscriptions to a thread again. */
  judge(thread: string, users: Iterable<string>): void {
    for (const user of users) {
      for (const connection of [...this.options.connections.of(user)])
        this.leave(connection, thread);
    }
  }

  /** Judges all subscriptions to a thread again, which `owner` is creating. */
  judgeAll(thread: string, owner: string | null): void {
    const { connections, threads } = this.options;
    const subscribers = threads.peek(thread)?.subscribers ?? 0;
    if (subscribers === 0) return;
    let own = 0;
    for (const connection of owner === null ? [] : connections.of(owner)) {
      if (connection.subscriptionTo(thread) !== undefined) own++;
    }
    // As a rule who creates a thread is alone in it, and the others need not be looked through.
    if (own === subscribers) return;
    for (const connection of [...connections.opened()]) this.leave(connection, thread);
  }

  private leave(connection: Connection, thread: string): void {
    const subscription = connection.subscriptionTo(thread);
    if (subscription === undefined || mayRead(connection, thread)) return;
    this.options.subscriptions.end(connection, subscription);
    connection.send(encodeFrame({ type: 'unsubscribed', thread, code: 'forbidden' }));
    // A stream is of one thread.
    if (connection.isStream) connection.disconnect(3507, null);
  }
}

/** While the record cannot be read, nobody is known to have a right. */
function mayRead({ rights }: Connection, thread: string): boolean {
  try {
    return rights?.refusal('read', thread) === null;
  } catch {
    return false;
  }
}
