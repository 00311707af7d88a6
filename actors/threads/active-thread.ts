/**
 * State of a thread in memory while it is used. A plain record: the message path reads it, and the delivery chart
 * beside it decides on transitions.
 */
import type { Actor } from 'xstate';
import type { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import type { Elsewhere } from '../bus/elsewhere.js';
import type { NewEntry } from '../log/log-writer.js';
import type { Held } from './held.js';
import { type Presence } from './presence.js';
import { type Signals } from './signals.js';

/** A stored message whose author has the ack; its outcome is recorded once the subscribers have it. */
export interface Answered {
  readonly entry: NewEntry;
  readonly offset: number;
  /** When it was received, by the stopwatch of deliveries. */
  readonly receivedMs: number;
  /** How long the log took, in milliseconds. */
  readonly appendedMs: number;
}

/** A thread in memory. */
export class ActiveThread {
  readonly id: string;
  readonly isTestThread: boolean;
  /** Changes only when the history may differ from what clients have seen. */
  readonly epoch: string;
  /** Newest offset that has been sent to the subscribers of the moment. */
  published: number;
  /** Subscriptions, live or catching up. */
  subscribers = 0;
  /** Messages of this process that are being appended, or were not sent to the subscribers yet. */
  pending = 0;
  /** Those of them whose author has the ack, in the order of their offsets. */
  readonly answered: Answered[] = [];
  held: Held | null = null;
  /** Whether the chart was told of a subscriber who may take what is held. */
  isTaken = false;
  /** Offsets of messages that other nodes have not said yet whether the owner got them; null when there are none. */
  asked: Set<number> | null = null;
  presence: Presence | null = null;
  /** The other nodes; null on a single node. */
  elsewhere: Pick<Elsewhere, 'hasReader'> | null = null;
  /** Who has got everything that was sent here; kept only with other nodes, which ask for it. Null stands for backends. */
  takers: Set<string | null> | null = null;
  /** Timer of the next presence frame; null when there are no changes to send. */
  presenceTimer: unknown = null;
  /** When its last presence frame was sent, a moment of `Clock.elapsed()`; null when none was. */
  presenceToldAt: number | null = null;
  /** Recent typing and read signals; null when none was sent lately. */
  signals: Signals | null = null;
  /** Timer for the waiting and expiring entries of {@link signals}. */
  signalTimer: unknown = null;
  /** Running writes of its mark in the log. */
  marking = 0;
  /** The log refused its last mark, which must be written again before the thread leaves memory. */
  isMarkLost = false;
  /** When it was last used, a moment of `Clock.elapsed()`. */
  usedAt: number;
  actor: Actor<typeof deliveryMachine> | null = null;

  constructor(id: string, isTestThread: boolean, epoch: string, published: number, at: number) {
    this.id = id;
    this.isTestThread = isTestThread;
    this.epoch = epoch;
    this.published = published;
    this.usedAt = at;
  }

  /** Whether there is a subscriber who may take what is held: somebody other than the author of all of it. */
  get hasTaker(): boolean {
    return this.hasReader(this.held?.soleAuthor ?? null);
  }

  /** Returns whether somebody is subscribed other than an author; null for whom all are others. */
  hasReader(author: string | null): boolean {
    const own = author === null ? 0 : (this.presence?.subscriptions(author) ?? 0);
    return this.subscribers > own || this.elsewhere?.hasReader(this.id, author) === true;
  }

  /** Whether somebody is subscribed here or on another node. */
  get isWatched(): boolean {
    return this.subscribers > 0 || this.elsewhere?.hasReader(this.id, null) === true;
  }

  /**
   * Returns the offset of the first message that nobody but its author is known to have got, and that is not the
   * reader's own; null when there is none.
   */
  firstUntaken(reader: string | null): number | null {
    const held = this.held?.firstFor(reader) ?? null;
    if (this.asked === null) return held;
    return Math.min(held ?? Infinity, ...this.asked);
  }

  /** Whether it may leave memory without a loss. */
  get isPassive(): boolean {
    return (
      this.subscribers === 0 &&
      this.pending === 0 &&
      this.held?.state !== 'waiting' &&
      this.marking === 0 &&
      !this.isMarkLost &&
      this.presenceTimer === null &&
      this.signalTimer === null
    );
  }
}
