/**
 * What is kept in memory of a thread while somebody uses it. A plain record: the message path reads it, the delivery
 * chart beside it decides policy on transitions.
 */
import type { ActorRefFrom } from 'xstate';
import type { deliveryMachine } from '../machines/delivery.machine.js';
import { type Presence } from './presence.js';

/** Messages that nobody has taken yet. */
export interface Held {
  /** Offset of the first of them. */
  readonly from: number;
  /** When it was stored, milliseconds since the Unix epoch. */
  readonly since: number;
  state: 'waiting' | 'undelivered';
}

/** A thread in use. */
export class ActiveThread {
  readonly id: string;
  readonly isTestThread: boolean;
  /** Changes only when history could be wrong. */
  readonly epoch: string;
  /** Newest offset that has been given to the subscribers there were. */
  published: number;
  /** Subscriptions, live or still catching up. */
  subscribers = 0;
  /** Appends under way. */
  pending = 0;
  held: Held | null = null;
  presence: Presence | null = null;
  isPresenceDue = false;
  /** When it was last used, milliseconds since the Unix epoch. */
  usedAt: number;
  actor: ActorRefFrom<typeof deliveryMachine> | null = null;

  constructor(id: string, isTestThread: boolean, epoch: string, published: number, at: number) {
    this.id = id;
    this.isTestThread = isTestThread;
    this.epoch = epoch;
    this.published = published;
    this.usedAt = at;
  }

  /** Messages held: from the first that nobody took to the newest. */
  get heldCount(): number {
    return this.held === null ? 0 : this.published - this.held.from + 1;
  }

  /** Whether nothing would be lost by forgetting it. */
  get isPassive(): boolean {
    return this.subscribers === 0 && this.pending === 0 && this.held?.state !== 'waiting';
  }
}
