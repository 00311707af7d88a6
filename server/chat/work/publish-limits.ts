/**
 * Limits what each user and each address may publish, over all connections and HTTP together: messages in a second, and
 * of a user the threads begun and the bytes stored in an hour. What a backend publishes is counted nowhere.
 */
import type { Clock } from '../../../actors/clock.js';
import type { LimitName } from '../../limits/limit-table.js';
import { KeyedBuckets } from './keyed-buckets.js';
import { PER_HOUR } from './token-bucket.js';

/** Bounds, whole numbers; 0 means no limit. */
export interface PublishBounds {
  /** Publishes in a second. */
  readonly perUser: number;
  readonly perAddress: number;
  /** Threads that a user may begin, and bytes of bodies that it may store, in an hour. */
  readonly threadsPerHour: number;
  readonly bytesPerHour: number;
}

/** The user who publishes, and where it comes from. */
export interface PublishPayer {
  readonly user: string;
  readonly address: string;
}

/** The limit that refuses a publish, the reason, and after how many milliseconds it may be sent again. */
export interface OverLimit {
  readonly limit: LimitName;
  readonly reason: string;
  readonly afterMs: number;
}

/** The publishes of all users and addresses. */
export class PublishLimits {
  private readonly bounds: PublishBounds;
  private readonly users: KeyedBuckets;
  private readonly addresses: KeyedBuckets;
  private readonly threads: KeyedBuckets;
  private readonly bytes: KeyedBuckets;

  constructor(bounds: PublishBounds, clock: Pick<Clock, 'elapsed'>) {
    this.bounds = bounds;
    this.users = new KeyedBuckets(bounds.perUser, clock);
    this.addresses = new KeyedBuckets(bounds.perAddress, clock);
    this.threads = new KeyedBuckets(bounds.threadsPerHour, clock, PER_HOUR);
    this.bytes = new KeyedBuckets(bounds.bytesPerHour, clock, PER_HOUR);
  }

  /** Counts a publish; when a user or an address has sent too many, returns why, and counts nothing. */
  tooFast({ user, address }: PublishPayer): OverLimit | null {
    const { perUser, perAddress } = this.bounds;
    const ofUser = this.users.wait(user);
    if (ofUser > 0) {
      const reason = `more than ${String(perUser)} publishes of this user in a second`;
      return { limit: 'publishes_user', reason, afterMs: ofUser };
    }
    const ofAddress = this.addresses.wait(address);
    if (ofAddress > 0) {
      const reason = `more than ${String(perAddress)} publishes of this address in a second`;
      return { limit: 'publishes_address', reason, afterMs: ofAddress };
    }
    this.users.charge(user, 1);
    this.addresses.charge(address, 1);
    return null;
  }

  /**
   * Counts what a publish will store; when a user has no room left in this hour, returns why, and counts nothing. A message
   * may be larger than the room that is left, since otherwise the largest could never be sent.
   */
  tooMuch(user: string, bytes: number, begins: boolean): OverLimit | null {
    const { threadsPerHour, bytesPerHour } = this.bounds;
    const ofThreads = begins ? this.threads.wait(user) : 0;
    if (ofThreads > 0) {
      const reason = `more than ${String(threadsPerHour)} threads of this user in an hour`;
      return { limit: 'threads_user', reason, afterMs: ofThreads };
    }
    const ofBytes = this.bytes.wait(user);
    if (ofBytes > 0) {
      const reason = `more than ${String(bytesPerHour)} bytes of this user in an hour`;
      return { limit: 'stored_bytes_user', reason, afterMs: ofBytes };
    }
    if (begins) this.threads.charge(user, 1);
    this.bytes.charge(user, bytes);
    return null;
  }

  /** Takes back what was counted for a publish that has stored no bytes, or begun no thread. */
  giveBack(user: string, bytes: number, begun: number): void {
    if (begun > 0) this.threads.charge(user, -begun);
    if (bytes > 0) this.bytes.charge(user, -bytes);
  }
}
