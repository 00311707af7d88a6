/**
 * A recording in the page: messages in order, bounded in number and in characters, and the state of every actor before
 * the first of them. The oldest messages are dropped first and folded into those states, as on the server.
 */
import type { RecordedMessage } from '../../../../protocol/inspection.js';
import {
  foldMessage,
  isStanding,
  sameValue,
  type ActorState,
  type ActorStates,
  type StandingMessage
} from '../states/actor-state.js';

/** Most messages kept: twice as many as the server keeps. */
export const TIMELINE_MESSAGES_MAX = 20_000;

/** Most characters of them as JSON, which take about 100 MB in a browser. */
export const TIMELINE_CHARS_MAX = 33_554_432;

/** Most actors in the states before the first message; beyond it, the thread updated longest ago is dropped. */
export const TIMELINE_ACTORS_MAX = 8_192;

/** Dropped messages stay at the front of the array until there are this many, then all are cut off at once. */
const SLACK = 2_048;

interface Kept {
  readonly message: RecordedMessage;
  readonly chars: number;
  /** Whether an actor came, went or entered another state. */
  readonly isChange: boolean;
}

/** The content of a recording. */
export interface TimelineSource {
  readonly actors: readonly StandingMessage[];
  readonly messages: readonly RecordedMessage[];
  readonly dropped: number;
  /** Characters of all of it as JSON. */
  readonly chars: number;
}

/** Bounds of a timeline. */
export interface TimelineBounds {
  readonly messagesMax: number;
  readonly charsMax: number;
  readonly actorsMax: number;
}

const BOUNDS: TimelineBounds = {
  messagesMax: TIMELINE_MESSAGES_MAX,
  charsMax: TIMELINE_CHARS_MAX,
  actorsMax: TIMELINE_ACTORS_MAX
};

/** The recorded messages of one server process. */
export class RecordedTimeline {
  readonly #bounds: TimelineBounds;
  #kept: Kept[] = [];
  #start = 0;
  #chars = 0;
  #before = new Map<string, ActorState>();
  #now = new Map<string, ActorState>();
  #dropped = 0;

  constructor(bounds: Partial<TimelineBounds> = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /** Number of messages kept. */
  get length(): number {
    return this.#kept.length - this.#start;
  }

  /** Number of messages dropped, here or on the server. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The actors' states after the last message. */
  get now(): ActorStates {
    return this.#now;
  }

  /** `seq` of the newest message; 0 when there is none. */
  get lastSeq(): number {
    return this.#kept.at(-1)?.message.seq ?? 0;
  }

  /** `seq` of the oldest message kept; 0 when there is none. */
  get firstSeq(): number {
    return this.message(0)?.seq ?? 0;
  }

  /** The message at an index, where 0 is the oldest; undefined when there is none. */
  message(index: number): RecordedMessage | undefined {
    return index < 0 ? undefined : this.#kept[this.#start + index]?.message;
  }

  /** Whether the message at an index started or ended an actor or changed its state. */
  isChange(index: number): boolean {
    return index >= 0 && this.#kept[this.#start + index]?.isChange === true;
  }

  /** The messages, oldest first. */
  *messages(): Generator<RecordedMessage> {
    for (let index = this.#start; index < this.#kept.length; index++) {
      const kept = this.#kept[index];
      if (kept !== undefined) yield kept.message;
    }
  }

  /** The last message about each actor before the first message kept. */
  standing(): StandingMessage[] {
    return Array.from(this.#before.values(), ({ said }) => said);
  }

  /** Adds a message if it is newer than all others. Returns whether it was. */
  push(message: RecordedMessage, chars: number): boolean {
    if (message.seq <= this.lastSeq) return false;
    this.#chars += chars;
    this.#kept.push({ message, chars, isChange: this.#foldNow(message) });
    const { messagesMax, charsMax } = this.#bounds;
    while (this.length > messagesMax || (this.#chars > charsMax && this.length > 1)) this.#drop();
    return true;
  }

  /** Replaces the content with a recording. */
  load({ actors, messages, dropped, chars }: TimelineSource): void {
    this.#kept = [];
    this.#start = 0;
    this.#chars = 0;
    this.#before = new Map();
    this.#dropped = dropped;
    for (const actor of bySeq(actors)) foldMessage(this.#before, actor);
    this.#now = new Map(this.#before);
    const charsEach = chars / Math.max(1, messages.length);
    for (const message of bySeq(messages)) this.push(message, charsEach);
  }

  /**
   * Adds the messages of a recording that are missing here: newer ones, and those of threads that nobody watched. When
   * messages between the end of this timeline and the recording are lost, the recording replaces the content. Returns
   * whether that happened.
   */
  merge(source: TimelineSource): boolean {
    const messages = bySeq(source.messages);
    const first = messages[0]?.seq ?? 0;
    if (this.length === 0 || (source.dropped > 0 && first > this.lastSeq + 1)) {
      const isHole = this.length > 0;
      this.load(source);
      return isHole;
    }
    const { firstSeq, lastSeq } = this;
    const known = new Set(Array.from(this.messages(), ({ seq }) => seq));
    const missing = messages.filter(({ seq }) => seq > firstSeq && !known.has(seq));
    const charsEach = source.chars / Math.max(1, messages.length);
    if (missing.some(({ seq }) => seq < lastSeq)) this.#insert(missing, charsEach);
    else for (const message of missing) this.push(message, charsEach);
    return false;
  }

  /** The actors' states after a number of messages. */
  at(position: number): ActorStates {
    if (position >= this.length) return this.#now;
    const states = new Map(this.#before);
    for (let index = 0; index < position; index++) {
      const message = this.message(index);
      if (message !== undefined) foldMessage(states, message);
    }
    return states;
  }

  /** Number of messages up to and including a `seq`; 0 when it was dropped. */
  positionOf(seq: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.message(middle)?.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #foldNow(message: RecordedMessage): boolean {
    if (message.type === 'inspect.left') {
      const { size } = this.#now;
      foldMessage(this.#now, message);
      return this.#now.size < size;
    }
    if (!isStanding(message)) return message.type === 'inspect.unwatched';
    const before = this.#now.get(message.sessionId);
    foldMessage(this.#now, message);
    const after = this.#now.get(message.sessionId);
    return !sameValue(before?.snapshot.value, after?.snapshot.value) || !before !== !after;
  }

  #insert(missing: readonly RecordedMessage[], chars: number): void {
    const all = [
      ...this.#kept.slice(this.#start),
      ...missing.map((message) => ({ message, chars }))
    ];
    all.sort((one, other) => one.message.seq - other.message.seq);
    this.#kept = [];
    this.#start = 0;
    this.#chars = 0;
    this.#now = new Map(this.#before);
    for (const { message, chars: own } of all) this.push(message, own);
  }

  #drop(): void {
    const oldest = this.#kept[this.#start];
    this.#start++;
    this.#dropped++;
    if (oldest === undefined) return;
    this.#chars -= oldest.chars;
    if (isStanding(oldest.message)) this.#fold(oldest.message);
    else foldMessage(this.#before, oldest.message);
    if (this.#start < SLACK) return;
    this.#kept = this.#kept.slice(this.#start);
    this.#start = 0;
  }

  #fold(message: StandingMessage): void {
    const known = this.#before.get(message.sessionId);
    // Delete and add again, so that the actors updated longest ago come first.
    this.#before.delete(message.sessionId);
    if (known !== undefined) this.#before.set(message.sessionId, known);
    foldMessage(this.#before, message);
    if (this.#before.size > this.#bounds.actorsMax) this.#forgetOne();
  }

  #forgetOne(): void {
    for (const [sessionId, { thread }] of this.#before) {
      if (thread === null) continue;
      this.#before.delete(sessionId);
      return;
    }
  }
}

function bySeq<Message extends { readonly seq: number }>(messages: readonly Message[]): Message[] {
  return [...messages].sort((one, other) => one.seq - other.seq);
}
