/**
 * Limits the work that each user and each address may cause, over all connections and HTTP together. Work is charged when
 * its size is known, so one request may exceed the limit; the next one is refused until the debt is paid.
 */
import type { Clock } from '../../../actors/clock.js';
import type { LimitName } from '../../limits/limit-table.js';
import { KeyedBuckets } from './keyed-buckets.js';

/** Who pays: a user, an address, or both. */
export interface Payer {
  readonly user: string | null;
  readonly address: string;
}

/** Points that each may spend in a second, whole numbers; 0 means no limit. */
export interface WorkRates {
  readonly perUser: number;
  readonly perAddress: number;
}

/** Why somebody must wait, and for how many milliseconds. */
export interface MustWait {
  readonly limit: Extract<LimitName, 'work_user' | 'work_address'>;
  readonly reason: string;
  readonly afterMs: number;
}

/** The work of all users and addresses. */
export class WorkLimits {
  private readonly rates: WorkRates;
  private readonly users: KeyedBuckets;
  private readonly addresses: KeyedBuckets;

  constructor(rates: WorkRates, clock: Pick<Clock, 'elapsed'>) {
    this.rates = rates;
    this.users = new KeyedBuckets(rates.perUser, clock);
    this.addresses = new KeyedBuckets(rates.perAddress, clock);
  }

  /** Returns why somebody may not send a request that reads now; null when it may. */
  mustWait({ user, address }: Payer): MustWait | null {
    const { perUser, perAddress } = this.rates;
    const ofUser = user === null ? 0 : this.users.wait(user);
    if (ofUser > 0) {
      return { limit: 'work_user', reason: reasonOf('user', perUser), afterMs: ofUser };
    }
    const afterMs = this.addresses.wait(address);
    if (afterMs === 0) return null;
    return { limit: 'work_address', reason: reasonOf('address', perAddress), afterMs };
  }

  /** Charges finished work. */
  charge({ user, address }: Payer, points: number): void {
    if (user !== null) this.users.charge(user, points);
    this.addresses.charge(address, points);
  }
}

function reasonOf(who: string, perSecond: number): string {
  return `this ${who} has asked for more than ${String(perSecond)} points of work in a second`;
}
