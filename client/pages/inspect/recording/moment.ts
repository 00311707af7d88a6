import type { HelloMessage } from '../../../../protocol/inspection.js';
import type { ActorState, ActorStates } from '../states/actor-state.js';
import type { Subject } from '../states/actor-key.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** One place of one recording, which every part of the page shows. */
export interface Moment {
  readonly timeline: RecordedTimeline;
  /** Number of messages up to this place. */
  readonly position: number;
  readonly states: ActorStates;
  /** Unix milliseconds by the server's clock: the present, or the time of the last of these messages. */
  readonly now: number;
  /** Whether this is the present. */
  readonly isLive: boolean;
  /** Whether the page is connected to the server. */
  readonly isLinked: boolean;
  /** Whether this is the last known moment of a server to which the connection is lost. */
  readonly isGone: boolean;
  /** Whether the recording is from a file. */
  readonly isFile: boolean;
  readonly subject: Subject;
  /** The actor of the subject; null when it has none at this place. */
  readonly actor: ActorState | null;
  /** The server's first message; null before it arrives, and for a file. */
  readonly hello: HelloMessage | null;
  /** Returns the name of a present or past actor. */
  readonly nameOf: (sessionId: string) => string;
}
