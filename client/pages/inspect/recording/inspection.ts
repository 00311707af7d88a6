/**
 * The recordings that the page has: the one of the server as it goes on, that of the process before, and one out of a file;
 * which of them is shown, and which place of it.
 */
import type {
  HelloMessage,
  RecordedMessage,
  Recording,
  RecordingState
} from '../../../../protocol/inspection.js';
import { isAbout, type ActorStates } from '../states/actor-state.js';
import { positionAt, type Place } from './place.js';
import { RecordedTimeline, type TimelineSource } from './recorded-timeline.js';

/** A recording and whose it is. */
export interface Reel {
  readonly timeline: RecordedTimeline;
  readonly rollcall: string;
  readonly node: string;
  readonly environment: string;
}

/** A recording out of a file. */
export interface FileReel extends Reel {
  readonly name: string;
  /** When it was written, Unix milliseconds. */
  readonly at: number;
}

/** Names that are looked up and kept. */
const NAMES_MAX = 5_000;

/** All that the page knows. */
export class Inspection {
  /** Of the server that is connected, or was last. */
  live: Reel = emptyReel();
  /** Of the process before, when there was one; null once it has been let go. */
  before: Reel | null = null;
  file: FileReel | null = null;
  hello: HelloMessage | null = null;
  /** How the recording of the server stands. */
  recording: RecordingState | null = null;
  /** Messages that the server could not give to this page, in all. */
  dropped = 0;
  /** Whether messages were lost while the page was away, so that the recording began anew. */
  isCut = false;
  #place: Place = null;
  /** Milliseconds by which the server's clock is ahead. */
  #ahead = 0;
  readonly #names = new Map<string, string>();
  #cached: {
    timeline: RecordedTimeline;
    last: number;
    position: number;
    states: ActorStates;
  } | null = null;

  /** The recording that is shown. */
  get reel(): Reel {
    return this.file ?? this.live;
  }

  /** The place that is shown. */
  get place(): Place {
    return this.#place;
  }

  /** Messages that count at the place that is shown. */
  get position(): number {
    return positionAt(this.reel.timeline, this.#place);
  }

  /** Goes to a place. */
  goTo(place: Place): void {
    this.#place = place;
  }

  /** Time of the place that is shown by the clock of the server, Unix milliseconds. */
  nowAt(now: number): number {
    const message = this.reel.timeline.message(this.position - 1);
    if (this.#place === null && this.file === null) return now + this.#ahead;
    return message?.at ?? this.file?.at ?? now;
  }

  /** How actors stood at the place that is shown. */
  states(): ActorStates {
    const { timeline } = this.reel;
    const { position } = this;
    if (position >= timeline.length) return timeline.now;
    const last = timeline.message(position - 1)?.seq ?? 0;
    const cached = this.#cached;
    if (cached?.timeline === timeline && cached.last === last && cached.position === position) {
      return cached.states;
    }
    const states = timeline.at(position);
    this.#cached = { timeline, last, position, states };
    return states;
  }

  /** The server has said who it is; answers whether it is another process than before. */
  greet(hello: HelloMessage): boolean {
    const { node, version: rollcall, environment } = hello;
    const isOther = this.live.node !== '' && this.live.node !== node;
    this.hello = hello;
    this.recording = hello.recording;
    this.dropped = 0;
    if (isOther && this.live.timeline.length > 0) this.before = this.live;
    if (isOther) {
      if (this.file === null) this.#place = null;
      this.#names.clear();
      this.isCut = false;
    }
    const timeline = isOther ? new RecordedTimeline() : this.live.timeline;
    this.live = { timeline, rollcall, node, environment };
    return isOther;
  }

  /** Takes what the server has recorded. */
  take(recording: Recording, chars: number, now: number): void {
    if (recording.node !== this.live.node) return;
    this.#ahead = recording.at - now;
    this.#cached = null;
    if (this.live.timeline.merge(sourceOf(recording, chars))) this.isCut = true;
  }

  /** Takes one more message of the server. */
  push(message: RecordedMessage, chars: number): void {
    this.live.timeline.push(message, chars);
  }

  /** Shows a recording out of a file, from its end. */
  open(recording: Recording, name: string, chars: number): void {
    const { rollcall, node, environment, at } = recording;
    const timeline = new RecordedTimeline();
    timeline.load(sourceOf(recording, chars));
    this.file = { timeline, rollcall, node, environment, at, name };
    this.#place = null;
    this.#names.clear();
  }

  /** Shows what happens now. */
  goLive(): void {
    if (this.file !== null) this.#names.clear();
    this.file = null;
    this.#place = null;
  }

  /** Name of an actor that lives or has lived; its session when it is not recorded. */
  nameOf(sessionId: string): string {
    const { timeline } = this.reel;
    const living = timeline.now.get(sessionId)?.name ?? this.#names.get(sessionId);
    if (living !== undefined) return living;
    const name = foundName(timeline, sessionId);
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(sessionId, name);
    return name;
  }
}

function foundName(timeline: RecordedTimeline, sessionId: string): string {
  if (sessionId === '') return '';
  for (let index = timeline.length - 1; index >= 0; index--) {
    const message = timeline.message(index);
    if (message === undefined || !isAbout(message)) continue;
    if (message.sessionId === sessionId) return message.name;
  }
  return timeline.standing().find((one) => one.sessionId === sessionId)?.name ?? sessionId;
}

function sourceOf({ actors, messages, dropped }: Recording, chars: number): TimelineSource {
  return { actors, messages, dropped, chars };
}

function emptyReel(): Reel {
  return { timeline: new RecordedTimeline(), rollcall: '', node: '', environment: '' };
}
