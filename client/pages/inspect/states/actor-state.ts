/** The states of actors, computed from the messages of a recording. */
import type {
  ActorMessage,
  EventMessage,
  RecordedMessage,
  ShownEvent,
  ShownSnapshot,
  ShownValue,
  SnapshotMessage
} from '../../../../protocol/inspection.js';

/** A message that carries an actor's snapshot. */
export type StandingMessage = ActorMessage | SnapshotMessage;

/** A message about one actor. All other types say what is not recorded. */
export type AboutMessage = StandingMessage | EventMessage;

/** An actor at one moment of a recording. */
export interface ActorState {
  readonly sessionId: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly chart: string | null;
  readonly hash: string | null;
  readonly thread: string | null;
  readonly snapshot: ShownSnapshot;
  /** `seq` of its first known message: the page lists actors in the order of their creation. */
  readonly order: number;
  /** `seq` of the message that this state comes from. */
  readonly seq: number;
  /** When it entered its present state, Unix milliseconds. */
  readonly since: number;
  /** Whether it may have entered the state before `since`, because the entry is not recorded. */
  readonly isSinceOlder: boolean;
  /** The event that led to this snapshot; null when it is not recorded. */
  readonly event: ShownEvent | null;
  /** Ids of the transitions taken for that event. */
  readonly transitions: readonly string[];
  /** The message itself, for an exported recording. */
  readonly said: StandingMessage;
}

/** Actors by session. */
export type ActorStates = ReadonlyMap<string, ActorState>;

/** Whether a message is about one actor. */
export function isAbout(message: RecordedMessage): message is AboutMessage {
  return message.type === '@xstate.event' || isStanding(message);
}

/** Whether a message carries an actor's snapshot. */
export function isStanding(message: RecordedMessage): message is StandingMessage {
  return message.type === '@xstate.actor' || message.type === '@xstate.snapshot';
}

/** Applies one message to the states. Actors that ended or are no longer watched are removed. */
export function foldMessage(states: Map<string, ActorState>, message: RecordedMessage): void {
  if (message.type === 'inspect.left') {
    for (const sessionId of message.sessionIds) states.delete(sessionId);
    return;
  }
  if (!isStanding(message)) return;
  const { sessionId, snapshot } = message;
  if (snapshot.status === 'active') {
    states.set(sessionId, stateAfter(states.get(sessionId) ?? null, message));
  } else states.delete(sessionId);
}

/** The state of an actor after a message about it. */
export function stateAfter(before: ActorState | null, message: StandingMessage): ActorState {
  const { sessionId, rootId, parentId = null, name, chart, hash, thread, snapshot } = message;
  const isSame = before !== null && sameValue(before.snapshot.value, snapshot.value);
  const isMet = message.type === '@xstate.actor';
  return {
    sessionId,
    rootId,
    parentId,
    name,
    chart,
    hash,
    thread,
    snapshot,
    order: before?.order ?? message.seq,
    seq: message.seq,
    since: isSame ? before.since : message.at,
    isSinceOlder: isSame ? before.isSinceOlder : before === null && !isMet,
    event: isMet ? null : message.event,
    transitions: isMet ? [] : message.transitions,
    said: message
  };
}

/** Whether two state values are the same. */
export function sameValue(one: ShownValue | undefined, other: ShownValue | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]))
  );
}
