import type { HelloMessage } from '../../../../protocol/inspection.js';
import type { ActorState, ActorStates } from '../states/actor-state.js';
import type { Subject } from '../states/actor-key.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** What every part of the page shows: one place of one recording. */
export interface Moment {
  readonly timeline: RecordedTimeline;
  /** Messages up to this place. */
  readonly position: number;
  readonly states: ActorStates;
  /** Unix milliseconds by the server's clock: now, or when the last of these messages was. */
  readonly now: number;
  /** Whether this is what happens now. */
  readonly isLive: boolean;
  /** Whether the server can be asked. */
  readonly isLinked: boolean;
  /** Whether it is of a file. */
  readonly isFile: boolean;
  readonly subject: Subject;
  /** The actor of the subject; null when there is none at this place. */
  readonly actor: ActorState | null;
  /** What the server has said of itself; null before it has, and of a file. */
  readonly hello: HelloMessage | null;
  /** Name of an actor that lives or has lived. */
  readonly nameOf: (sessionId: string) => string;
}
