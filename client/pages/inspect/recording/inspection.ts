/**
 * The recordings of the page: the live one of the server, the one of the server's previous process, and one from a file.
 * Also which of them is shown, and at which place.
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

/** A recording and the server that it comes from. */
export interface Reel {
  readonly timeline: RecordedTimeline;
  readonly rollcall: string;
  readonly node: string;
  readonly environment: string;
}

/** A recording from a file. */
export interface FileReel extends Reel {
  readonly name: string;
  /** When it was written, Unix milliseconds. */
  readonly at: number;
}

/** Most names of actors that are cached. */
const NAMES_MAX = 5_000;

/** The data of the page. */
export class Inspection {
  /** The recording of the server that is, or was last, connected. */
  live: Reel = emptyReel();
  /** The recording of the previous process; null when there is none or it was discarded. */
  before: Reel | null = null;
  file: FileReel | null = null;
  hello: HelloMessage | null = null;
  /** State of the server's recording. */
  recording: RecordingState | null = null;
  /** Total number of messages that the server could not send to this page. */
  dropped = 0;
  /** Whether messages were lost while the page was disconnected, so that the recording started over. */
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

  /** Number of messages up to the shown place. */
  get position(): number {
    return positionAt(this.reel.timeline, this.#place);
  }

  /** Shows another place. */
  goTo(place: Place): void {
    this.#place = place;
  }

  /** Time of the shown place, Unix milliseconds by the server's clock. */
  nowAt(now: number): number {
    const message = this.reel.timeline.message(this.position - 1);
    if (this.#place === null && this.file === null) return now + this.#ahead;
    return message?.at ?? this.file?.at ?? now;
  }

  /** The actors' states at the shown place. */
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

  /** Takes the server's first message. Returns whether it is another process than before. */
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

  /** Merges the server's recording into the live one. */
  take(recording: Recording, chars: number, now: number): void {
    if (recording.node !== this.live.node) return;
    this.#ahead = recording.at - now;
    this.#cached = null;
    if (this.live.timeline.merge(sourceOf(recording, chars))) this.isCut = true;
  }

  /** Adds a live message. */
  push(message: RecordedMessage, chars: number): void {
    this.live.timeline.push(message, chars);
  }

  /** Shows the end of a recording from a file. */
  open(recording: Recording, name: string, chars: number): void {
    const { rollcall, node, environment, at } = recording;
    const timeline = new RecordedTimeline();
    timeline.load(sourceOf(recording, chars));
    this.file = { timeline, rollcall, node, environment, at, name };
    this.#place = null;
    this.#names.clear();
  }

  /** Shows the live recording. */
  goLive(): void {
    if (this.file !== null) this.#names.clear();
    this.file = null;
    this.#place = null;
  }

  /** Name of a present or past actor, or its session id when it is not recorded. */
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
