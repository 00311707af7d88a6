/**
 * Ends the subscriptions of users who may no longer read a thread, because its record has changed or somebody else has
 * created it, and tells the others what they may do from now on.
 */
import type { Right } from '../../protocol/rights.js';
import { NO_RIGHTS, type CallerRights } from '../access/guard.js';
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

/** Ends subscriptions without a right. */
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
    // Usually the creator is the only subscriber, and no other connection has to be checked.
    if (own === subscribers) return;
    for (const connection of [...connections.opened()]) {
      // The owner's rights are told once its message is stored.
      if (connection.user !== owner) this.leave(connection, thread);
    }
  }

  /** Judges all subscriptions of a connection again, whose token is another one now. */
  judgeConnection(connection: Connection): void {
    for (const { thread } of [...connection.subscriptions]) this.leave(connection, thread.id);
  }

  /** Judges one subscription of a connection again. */
  judgeOne(connection: Connection, thread: string): void {
    this.leave(connection, thread);
  }

  /** Ends a subscription without a right, or tells what has changed of the others. */
  private leave(connection: Connection, thread: string): void {
    const subscription = connection.subscriptionTo(thread);
    if (subscription === undefined) return;
    const may = mayOf(connection.rights, thread);
    if (may === null) return;
    if (may.includes('read')) {
      if (may === subscription.may) return;
      subscription.may = may;
      connection.send(encodeFrame({ type: 'rights', thread, may: [...may] }));
      return;
    }
    this.options.subscriptions.end(connection, subscription);
    connection.send(encodeFrame({ type: 'unsubscribed', thread, code: 'forbidden' }));
    // An event stream has one thread only, so it ends as a whole.
    if (connection.isStream) connection.disconnect(3507, null);
  }
}

/** Returns whether a caller may go on reading a thread; false while the record cannot be read. */
export function mayRead(rights: CallerRights | null, thread: string): boolean {
  return mayOf(rights, thread)?.includes('read') ?? true;
}

/**
 * Returns what a caller may do with a thread; nothing while the record cannot be read, null while the application has not
 * answered. What it has allowed goes on then: it is asked again ({@link Rechecks}).
 */
function mayOf(rights: CallerRights | null, thread: string): readonly Right[] | null {
  try {
    return rights === null ? NO_RIGHTS : rights.may(thread);
  } catch {
    return NO_RIGHTS;
  }
}
