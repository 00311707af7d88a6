/**
 * The recording: messages about actors, newest last, with a limit on their number and characters. When an old message
 * is dropped, its last state of each actor is kept as the state before the first kept message, so that a reader knows
 * the state of every actor at any point of the recording.
 */
import type { RecordedMessage } from '../../protocol/inspection.js';

/** Most recorded messages: an hour of a calm server, or seconds of one where thousands of threads come and go. */
export const RECORDED_MESSAGES_MAX = 10_000;

/** Most characters of the messages as JSON: a size that one HTTP answer and the process's memory can hold. */
export const RECORDED_CHARS_MAX = 8_388_608;

/**
 * Most actors whose state before the first message is kept; beyond it, the least recently changed delivery actor is
 * forgotten first.
 */
export const RECORDED_ACTORS_MAX = 4_096;

/** A recorded message, encoded once for all viewers. */
export interface Recorded {
  readonly seq: number;
  readonly type: RecordedMessage['type'];
  /** Session ids of its actors. */
  readonly sessionIds: readonly string[];
  /** Its thread; null for an actor of the tree. */
  readonly thread: string | null;
  /** Whether it has a state of its actors, or their end; null when neither. */
  readonly says: 'state' | 'end' | null;
  /** The message as JSON. */
  readonly text: string;
}

/**
 * How many dropped messages may stay at the front before the array is cut, so that it is not copied for each of them.
 */
const SLACK = 2_048;

/** Keeps a recording. */
export class RecordingBuffer {
  private readonly messagesMax: number;
  private readonly charsMax: number;
  private messages: Recorded[] = [];
  private start = 0;
  private chars = 0;
  private readonly before = new Map<string, Recorded>();
  /** Number of dropped messages. */
  dropped = 0;

  constructor(messagesMax = RECORDED_MESSAGES_MAX, charsMax = RECORDED_CHARS_MAX) {
    this.messagesMax = messagesMax;
    this.charsMax = charsMax;
  }

  /** Number of kept messages. */
  get length(): number {
    return this.messages.length - this.start;
  }

  /** Most kept messages. */
  get max(): number {
    return this.messagesMax;
  }

  /** Adds a message, and drops the oldest beyond the limits. */
  push(recorded: Recorded): void {
    this.messages.push(recorded);
    this.chars += recorded.text.length;
    while (this.length > this.messagesMax || (this.chars > this.charsMax && this.length > 1)) {
      this.drop();
    }
  }

  /** Changes the texts of what is kept about a thread, and of what names it, such as a run in it. */
  rewrite(thread: string, change: (text: string) => string): void {
    const name = JSON.stringify(thread);
    const changed = (recorded: Recorded): Recorded =>
      recorded.thread === thread || recorded.text.includes(name)
        ? { ...recorded, text: change(recorded.text) }
        : recorded;
    this.messages = this.messages.slice(this.start).map(changed);
    this.start = 0;
    this.chars = this.messages.reduce((sum, { text }) => sum + text.length, 0);
    for (const [sessionId, recorded] of this.before) this.before.set(sessionId, changed(recorded));
  }

  /** Yields the messages, oldest first. */
  *kept(): Generator<Recorded> {
    for (let at = this.start; at < this.messages.length; at++) {
      const recorded = this.messages[at];
      if (recorded !== undefined) yield recorded;
    }
  }

  /** Returns the state of the actors before the first kept message: the last message about each. */
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
      // Delete and set, so that the least recently changed is first.
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
