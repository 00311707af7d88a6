/**
 * The recording: what happened to actors, newest last, bounded in number and in characters. What gives way is not simply
 * lost: the last that it said of an actor becomes how that actor stood before the first message that is kept, so that
 * whoever reads the recording can always tell how every actor stood at any place of it.
 */
import type { RecordedMessage } from '../../protocol/inspection.js';

/** Most messages that are kept: an hour of a calm server, seconds of one whose threads come and go by the thousand. */
export const RECORDED_MESSAGES_MAX = 10_000;

/** Most characters of them, as JSON: what one answer may well be, and what the process may well spare. */
export const RECORDED_CHARS_MAX = 8_388_608;

/** Most actors whose state before the first message is kept; past it, those of threads that are longest unheard give way. */
export const RECORDED_ACTORS_MAX = 4_096;

/** A message of the recording, encoded once for all who get it. */
export interface Recorded {
  readonly seq: number;
  readonly type: RecordedMessage['type'];
  /** Actors that it is about. */
  readonly sessionIds: readonly string[];
  /** Thread that it is about; null when it is of the tree. */
  readonly thread: string | null;
  /** Whether it says how they stand, and if so, whether that is the last of them. */
  readonly says: 'state' | 'end' | null;
  /** The message as JSON. */
  readonly text: string;
}

/** How many have given way at the front before they are cut off: an array is not moved for each of them. */
const SLACK = 2_048;

/** Keeps a recording. */
export class RecordingBuffer {
  private readonly messagesMax: number;
  private readonly charsMax: number;
  private messages: Recorded[] = [];
  private start = 0;
  private chars = 0;
  private readonly before = new Map<string, Recorded>();
  /** Messages that have given way. */
  dropped = 0;

  constructor(messagesMax = RECORDED_MESSAGES_MAX, charsMax = RECORDED_CHARS_MAX) {
    this.messagesMax = messagesMax;
    this.charsMax = charsMax;
  }

  /** Messages that are kept. */
  get length(): number {
    return this.messages.length - this.start;
  }

  /** Most messages that are kept. */
  get max(): number {
    return this.messagesMax;
  }

  /** Adds a message; the oldest give way. */
  push(recorded: Recorded): void {
    this.messages.push(recorded);
    this.chars += recorded.text.length;
    while (this.length > this.messagesMax || (this.chars > this.charsMax && this.length > 1)) {
      this.drop();
    }
  }

  /** The messages, oldest first. */
  *kept(): Generator<Recorded> {
    for (let at = this.start; at < this.messages.length; at++) {
      const recorded = this.messages[at];
      if (recorded !== undefined) yield recorded;
    }
  }

  /** How actors stood before the first message that is kept: the last that was said of each. */
  standing(): Iterable<Recorded> {
    return this.before.values();
  }

  private drop(): void {
    const oldest = this.messages[this.start];
    this.start++;
    this.dropped++;
    if (oldest === undefined) return;
    this.chars -= oldest.text.length;
    this.fold(oldest);
    if (this.start < SLACK) return;
    this.messages = this.messages.slice(this.start);
    this.start = 0;
  }

  private fold(recorded: Recorded): void {
    const { sessionIds, says } = recorded;
    if (says === null) return;
    for (const sessionId of sessionIds) {
      // Out and in again, so that the longest unheard are the first.
      this.before.delete(sessionId);
      if (says === 'state') this.before.set(sessionId, recorded);
    }
    if (this.before.size > RECORDED_ACTORS_MAX) this.forgetOne();
  }

  private forgetOne(): void {
    for (const [sessionId, { thread }] of this.before) {
      if (thread === null) continue;
      this.before.delete(sessionId);
      return;
    }
  }
}
