/**
 * Limits how often an address connects, and how many of its connections have not signed in, apart from those that have: a
 * stranger behind the same address as others keeps none of them out for long.
 */
import type { Clock } from '../../../actors/clock.js';
import { KeyedBuckets } from './keyed-buckets.js';

/** Bounds for each address, whole numbers; 0 means no limit. */
export interface NewcomerBounds {
  /** Connections that have no user yet. */
  readonly unnamed: number;
  /** Connections opened in a second. */
  readonly perSecond: number;
}

/** No limits. */
export const NO_NEWCOMER_BOUNDS: NewcomerBounds = { unnamed: 0, perSecond: 0 };

/** The new connections of all addresses. */
export class Newcomers {
  private readonly bounds: NewcomerBounds;
  private readonly opened: KeyedBuckets;
  /** Connections without a user, by address. */
  private readonly unnamed = new Map<string, number>();

  constructor(bounds: NewcomerBounds, clock: Pick<Clock, 'elapsed'>) {
    this.bounds = bounds;
    this.opened = new KeyedBuckets(bounds.perSecond, clock);
  }

  /** Counts an attempt to connect, and returns null; returns which limit refuses it, and then counts nothing. */
  refuses(address: string): 'unnamed' | 'too often' | null {
    const { unnamed } = this.bounds;
    if (unnamed > 0 && (this.unnamed.get(address) ?? 0) >= unnamed) return 'unnamed';
    if (this.opened.wait(address) > 0) return 'too often';
    this.opened.charge(address, 1);
    return null;
  }

  /** Notes a connection that has no user yet. */
  come(address: string): void {
    this.unnamed.set(address, (this.unnamed.get(address) ?? 0) + 1);
  }

  /** Notes that one of them has a user now, or has gone. */
  leave(address: string): void {
    const left = (this.unnamed.get(address) ?? 1) - 1;
    if (left === 0) this.unnamed.delete(address);
    else this.unnamed.set(address, left);
  }
}
