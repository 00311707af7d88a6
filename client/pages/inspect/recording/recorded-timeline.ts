/**
 * What a page has recorded: messages in their order, bounded in number and in characters, and how every actor stood
 * before the first of them. What gives way becomes part of that, as on the server.
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

/** Most messages that are kept: twice what the server keeps. */
export const TIMELINE_MESSAGES_MAX = 20_000;

/** Most characters of them as JSON: some 100 MB in a browser. */
export const TIMELINE_CHARS_MAX = 33_554_432;

/** Most actors before the first message; past it, the threads that are longest unheard give way. */
export const TIMELINE_ACTORS_MAX = 8_192;

/** How many have given way at the front before they are cut off. */
const SLACK = 2_048;

interface Kept {
  readonly message: RecordedMessage;
  readonly chars: number;
  /** Whether an actor came, went or entered another state. */
  readonly isChange: boolean;
}

/** What a timeline is filled with. */
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

/** Keeps the messages of one process. */
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

  /** Messages that are kept. */
  get length(): number {
    return this.#kept.length - this.#start;
  }

  /** Messages that have given way, here or before they came here. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How actors stand after the last message. */
  get now(): ActorStates {
    return this.#now;
  }

  /** `seq` of the newest message; 0 when there is none. */
  get lastSeq(): number {
    return this.#kept.at(-1)?.message.seq ?? 0;
  }

  /** `seq` of the oldest message that is kept; 0 when there is none. */
  get firstSeq(): number {
    return this.message(0)?.seq ?? 0;
  }

  /** The message at a place, 0 being the oldest; undefined when there is none. */
  message(index: number): RecordedMessage | undefined {
    return index < 0 ? undefined : this.#kept[this.#start + index]?.message;
  }

  /** Whether with the message at a place an actor came, went or entered another state. */
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

  /** How actors stood before the first message: the last that was said of each. */
  standing(): StandingMessage[] {
    return Array.from(this.#before.values(), ({ said }) => said);
  }

  /** Adds a message that is newer than all; answers whether it is. */
  push(message: RecordedMessage, chars: number): boolean {
    if (message.seq <= this.lastSeq) return false;
    this.#chars += chars;
    this.#kept.push({ message, chars, isChange: this.#foldNow(message) });
    const { messagesMax, charsMax } = this.#bounds;
    while (this.length > messagesMax || (this.#chars > charsMax && this.length > 1)) this.#drop();
    return true;
  }

  /** Puts a recording in place of all that is here. */
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
   * Adds what a recording has and this has not: what came meanwhile, and what of threads was not sent as nobody watched
   * them. A recording that begins after the end of this, with messages lost between the two, takes its place; answers
   * whether it did.
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

  /** How actors stood after so many messages. */
  at(position: number): ActorStates {
    if (position >= this.length) return this.#now;
    const states = new Map(this.#before);
    for (let index = 0; index < position; index++) {
      const message = this.message(index);
      if (message !== undefined) foldMessage(states, message);
    }
    return states;
  }

  /** How many messages there are up to one, that one included; 0 when it has given way. */
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
    // Out and in again, so that the longest unheard are the first.
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
