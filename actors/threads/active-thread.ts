/**
 * What is kept in memory of a thread while somebody uses it. A plain record: the message path reads it, the delivery
 * chart beside it decides policy on transitions.
 */
import type { Actor } from 'xstate';
import type { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import type { NewEntry } from '../log/log-writer.js';
import { type Presence } from './presence.js';

/** Messages that nobody has taken yet. Times are milliseconds since the Unix epoch. */
export interface Held {
  /** Offset of the first of them. */
  readonly from: number;
  /** When it was stored. */
  readonly since: number;
  state: 'waiting' | 'undelivered';
  /** When the grace ends. */
  dueAt: number;
  /** How many they are; others stored since then asked for nobody or reached the owner. */
  messages: number;
}

/** A message that is stored and answered; when it has been given out its outcome is told. */
export interface Answered {
  readonly entry: NewEntry;
  readonly offset: number;
  /** When it came, by the stopwatch of deliveries. */
  readonly receivedMs: number;
  /** How long the log took. */
  readonly appendedMs: number;
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
  /** Messages of this process that are being appended, or have not been given to the subscribers yet. */
  pending = 0;
  /** Those of them whose author has been answered, in the order of their offsets. */
  readonly answered: Answered[] = [];
  held: Held | null = null;
  presence: Presence | null = null;
  /** Timer of the presence frame that gathers changes; null when there is none to tell. */
  presenceTimer: unknown = null;
  /** Writes of its mark in the log that are under way. */
  marking = 0;
  /** The log refused its newest mark: it is written again before the thread is let go. */
  isMarkLost = false;
  /** When it was last used, milliseconds since the Unix epoch. */
  usedAt: number;
  actor: Actor<typeof deliveryMachine> | null = null;

  constructor(id: string, isTestThread: boolean, epoch: string, published: number, at: number) {
    this.id = id;
    this.isTestThread = isTestThread;
    this.epoch = epoch;
    this.published = published;
    this.usedAt = at;
  }

  /** Whether nothing would be lost by forgetting it. */
  get isPassive(): boolean {
    return (
      this.subscribers === 0 &&
      this.pending === 0 &&
      this.held?.state !== 'waiting' &&
      this.marking === 0 &&
      !this.isMarkLost &&
      this.presenceTimer === null
    );
  }
}
