/**
 * State of a thread in memory while it is used. A plain record: the message path reads it, and the delivery chart
 * beside it decides on transitions.
 */
import type { Actor } from 'xstate';
import type { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import type { NewEntry } from '../log/log-writer.js';
import { type Presence } from './presence.js';
import { type Signals } from './signals.js';

/** Messages that nobody has got yet. */
export interface Held {
  /** Offset of the first of them. */
  from: number;
  /** Offset of the newest known one of them; after a restart that is the first. */
  newest: number;
  /** When the first was stored, Unix milliseconds; the mark in the log has it. */
  readonly since: number;
  /** The same moment of `Clock.elapsed()`; to measure from it. */
  readonly heldAt: number;
  state: 'waiting' | 'undelivered';
  /** When the grace ends, a moment of `AwakeClock.awake()`: it does not go on while the process is away. */
  dueAt: number;
  /** Number of held messages. Other messages stored since then needed no subscriber or reached the owner. */
  messages: number;
}

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
  /** Offsets of messages that other nodes have not said yet whether the owner got them; null when there are none. */
  asked: Set<number> | null = null;
  presence: Presence | null = null;
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

  /** Offset of the first message that nobody is known to have got; null when there is none. */
  get firstUntaken(): number | null {
    if (this.asked === null) return this.held?.from ?? null;
    return Math.min(this.held?.from ?? Infinity, ...this.asked);
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
