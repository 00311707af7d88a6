/**
 * Looks into the actors and writes down what happens to them: the actors of the tree, and those that deliver threads.
 * It is attached to them only while somebody needs it (a viewer, a recording that was switched on, the startup), and
 * costs nothing otherwise: an actor that nobody watches has no observer.
 */
import {
  Actor,
  type AnyActor,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  type InspectionEvent,
  type Subscription
} from 'xstate';
import type { Clock } from '../../actors/clock.js';
import type { WatchedThreads } from '../../actors/threads/delivery-actors.js';
import {
  STATELY_VERSION,
  type ActorMessage,
  type RecordedMessage,
  type RecordingState,
  type ShownEvent,
  type ShownSnapshot
} from '../../protocol/inspection.js';
import { transitionId } from './charts/chart-graph.js';
import {
  childrenOf,
  DELIVERY_ID,
  isHeld,
  KnownActors,
  type About,
  type KnownActor
} from './known-actors.js';
import { RecordingBuffer, type Recorded } from './recording-buffer.js';
import { shownEvent, shownSnapshot } from './shown.js';

/** Actors that deliver threads, each the root of a system of its own. */
export interface DeliveryActorsSource {
  /** Lets an observer hear of those of some threads, those that are to come included; answers how to end that. */
  observe(observer: (event: InspectionEvent) => void, threads: WatchedThreads): () => void;
  /** The one of a thread; null while it has none. */
  actorOf(thread: string): AnyActor | null;
}

/** What a recorder works with. */
export interface RecorderOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly root: () => AnyActor;
  readonly showsBodies: boolean;
  /** Keeps an observer from harming whom it watches. */
  readonly contain: (observe: (event: InspectionEvent) => void) => (event: InspectionEvent) => void;
  readonly buffer?: RecordingBuffer;
}

/** Hears of every message that is recorded. */
export type RecorderListener = (recorded: Recorded, message: RecordedMessage) => void;

const NONE: ReadonlySet<string> = new Set();

/** Writes down what happens to actors. */
export class Recorder {
  private readonly options: RecorderOptions;
  private readonly buffer: RecordingBuffer;
  private readonly listeners = new Set<RecorderListener>();
  private readonly observe: (event: InspectionEvent) => void;
  private delivery: DeliveryActorsSource | null = null;
  /** Actors that were seen and have not ended. */
  private readonly known = new KnownActors();
  /** Transitions that an actor has taken since its last snapshot. */
  private readonly taken = new Map<string, string[]>();
  private attachments = 0;
  private endTree: (() => void) | null = null;
  private watched: WatchedThreads = NONE;
  private endThreads: (() => void) | null = null;
  private isRecordingOn = false;
  private endRecording: (() => void) | null = null;
  private detachedAt: number | null = null;
  private last = 0;

  constructor(options: RecorderOptions) {
    this.options = options;
    this.buffer = options.buffer ?? new RecordingBuffer();
    this.observe = options.contain((event) => {
      this.hear(event);
    });
  }

  /** `seq` of the newest message; 0 before the first. */
  get seq(): number {
    return this.last;
  }

  /** Whether actors are being watched now. */
  get isAttached(): boolean {
    return this.attachments > 0;
  }

  /** How the recording stands. */
  get state(): RecordingState {
    const { length, max, dropped } = this.buffer;
    return { isOn: this.isRecordingOn, messages: length, messagesMax: max, dropped };
  }

  /** Gives it the actors that deliver threads, once there are such. */
  deliver(delivery: DeliveryActorsSource): void {
    this.delivery = delivery;
    this.follow();
  }

  /** Which threads to watch, in place of those before, while it watches at all; a recording watches all. */
  watch(threads: WatchedThreads): void {
    this.watched = threads;
    this.follow();
  }

  /** Watches the tree, and the threads that it is told, until the function that it answers is called. */
  attach(): () => void {
    if (this.attachments++ === 0) this.begin();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.attachments === 0) this.end();
    };
  }

  /** Switches on, or off, that recording goes on while nobody watches. */
  record(on: boolean): void {
    this.isRecordingOn = on;
    if (on) this.endRecording ??= this.attach();
    else {
      this.endRecording?.();
      this.endRecording = null;
    }
    this.follow();
  }

  /** Lets a listener hear of each message from now on; answers how to end that. */
  listen(listener: RecorderListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** The messages that are kept, oldest first. */
  kept(): Iterable<Recorded> {
    return this.buffer.kept();
  }

  /** How actors stood before the first of them. */
  standing(): Iterable<Recorded> {
    return this.buffer.standing();
  }

  /** How every actor of the tree stands now, each as it would be met for the first time. */
  *tree(): Generator<ActorMessage> {
    for (const { about, ref } of this.known.all()) {
      if (about.thread === null) yield this.actorMessage(about, ref);
    }
  }

  /** Writes down a message of a thread, which is no event of its actor: the chart is told of transitions only. */
  message(thread: string, event: ShownEvent): void {
    if (!this.isAttached) return;
    const actor = this.delivery?.actorOf(thread) ?? null;
    const sessionId = actor?.sessionId ?? `thread:${thread}`;
    const about =
      actor === null
        ? { sessionId, rootId: sessionId, name: DELIVERY_ID + thread, chart: null, hash: null }
        : this.meet(actor, sessionId).about;
    this.write({ type: '@xstate.event', ...this.stamp(), ...about, thread, event });
  }

  /** A machine that was seen, by the hash of its chart; null when there is none. */
  machine(hash: string): AnyStateMachine | null {
    return this.known.machine(hash);
  }

  /** Machines that were seen, by the hash of their charts. */
  allMachines(): ReadonlyMap<string, AnyStateMachine> {
    return this.known.machines();
  }

  /** An actor that is known and lives; null when there is none. */
  actor(sessionId: string): AnyActor | null {
    return this.known.get(sessionId)?.ref ?? null;
  }

  private begin(): void {
    const now = this.options.clock.now();
    if (this.detachedAt !== null) {
      const [from, seq] = [this.detachedAt, ++this.last];
      this.write({ type: 'inspect.unwatched', seq, from, at: now });
      this.sayWhoWent();
    }
    const root = this.options.root();
    const subscription: Subscription = root.system.inspect(this.observe);
    this.endTree = () => {
      subscription.unsubscribe();
    };
    this.meetTree(root, root.sessionId);
    this.follow();
  }

  private end(): void {
    this.follow();
    this.endTree?.();
    this.endTree = null;
    this.taken.clear();
    this.detachedAt = this.options.clock.now();
  }

  /** Watches the threads that it is to watch now, and leaves the others. */
  private follow(): void {
    const wanted = this.isRecordingOn ? 'all' : this.watched;
    const which = this.isAttached ? wanted : NONE;
    const before = this.endThreads;
    const isAny = which === 'all' || which.size > 0;
    this.endThreads = isAny ? (this.delivery?.observe(this.observe, which) ?? null) : null;
    before?.();
    if (which === 'all') return;
    const sessionIds: string[] = [];
    for (const { about } of this.known.all()) {
      if (about.thread !== null && !which.has(about.thread)) sessionIds.push(about.sessionId);
    }
    for (const sessionId of sessionIds) this.known.delete(sessionId);
    if (sessionIds.length > 0) {
      const { seq, at } = this.stamp();
      this.write({ type: 'inspect.left', seq, at, sessionIds });
    }
    for (const thread of which) {
      const actor = this.delivery?.actorOf(thread) ?? null;
      if (actor !== null) this.meet(actor, actor.sessionId);
    }
  }

  /** Says of actors that ended while nobody watched that they did; the others are met again as they stand now. */
  private sayWhoWent(): void {
    for (const { about, ref } of this.known.takeAll()) {
      const snapshot = this.snapshotOf(ref);
      if (snapshot.status === 'active' && isHeld(ref)) continue;
      const { status } = snapshot;
      this.writeSnapshot(about, { type: 'inspect.unwatched' }, [], {
        ...snapshot,
        status: status === 'active' ? 'stopped' : status
      });
    }
  }

  private meetTree(actor: AnyActor, rootId: string): void {
    this.meet(actor, rootId);
    const snapshot: unknown = actor.getSnapshot();
    for (const child of childrenOf(snapshot)) this.meetTree(child, rootId);
  }

  private hear(event: InspectionEvent): void {
    const { actorRef, rootId } = event;
    if (!(actorRef instanceof Actor)) return;
    switch (event.type) {
      case '@xstate.microstep':
        this.noteTaken(actorRef.sessionId, event._transitions);
        return;
      case '@xstate.event': {
        const { about } = this.meet(actorRef, rootId);
        const { sourceRef } = event;
        if (sourceRef !== undefined) this.noteCrash(sourceRef);
        this.write({
          type: '@xstate.event',
          ...this.stamp(),
          ...about,
          ...(sourceRef === undefined ? {} : { sourceId: sourceRef.sessionId }),
          event: shownEvent(event.event, this.options.showsBodies)
        });
        return;
      }
      case '@xstate.snapshot': {
        const { about } = this.meet(actorRef, rootId);
        const transitions = this.taken.get(about.sessionId) ?? [];
        this.taken.delete(about.sessionId);
        const { showsBodies } = this.options;
        this.writeSnapshot(
          about,
          shownEvent(event.event, showsBodies),
          transitions,
          shownSnapshot(event.snapshot, showsBodies)
        );
        return;
      }
      // An actor has no snapshot yet when it is announced: it is met at its first event. Actions are seen in the chart.
      default:
    }
  }

  /** XState shows no snapshot of a child that crashed: that it did is seen when its parent is told. */
  private noteCrash({ sessionId }: { readonly sessionId: string }): void {
    const child = this.known.get(sessionId);
    if (child === null) return;
    const snapshot: unknown = child.ref.getSnapshot();
    if (!isOfCrash(snapshot)) return;
    this.taken.delete(sessionId);
    this.writeSnapshot(child.about, { type: 'xstate.error' }, [], this.snapshotOf(child.ref));
  }

  private noteTaken(sessionId: string, definitions: readonly AnyTransitionDefinition[]): void {
    const ids = definitions.map(transitionId).filter((id) => id !== null);
    if (ids.length === 0) return;
    const taken = this.taken.get(sessionId);
    if (taken === undefined) this.taken.set(sessionId, ids);
    else if (taken.length < TAKEN_MAX) taken.push(...ids);
  }

  /** Answers what is known of an actor; one that is seen for the first time is written down. */
  private meet(ref: AnyActor, rootId: string): KnownActor {
    const known = this.known.get(ref.sessionId);
    if (known !== null) return known;
    const met = this.known.add(ref, rootId);
    this.write({ ...this.actorMessage(met.about, ref), ...this.stamp() });
    return met;
  }

  private actorMessage(about: About, ref: AnyActor): ActorMessage {
    const at = this.options.clock.now();
    return {
      type: '@xstate.actor',
      ...stampOf(this.last, at),
      ...about,
      snapshot: this.snapshotOf(ref)
    };
  }

  private snapshotOf(ref: AnyActor): ShownSnapshot {
    const snapshot: unknown = ref.getSnapshot();
    return shownSnapshot(snapshot, this.options.showsBodies);
  }

  private writeSnapshot(
    about: About,
    event: ShownEvent,
    transitions: readonly string[],
    snapshot: ShownSnapshot
  ): void {
    if (snapshot.status !== 'active') this.known.delete(about.sessionId);
    this.write({
      type: '@xstate.snapshot',
      ...this.stamp(),
      ...about,
      event,
      snapshot,
      transitions
    });
  }

  private stamp(): ReturnType<typeof stampOf> {
    return stampOf(++this.last, this.options.clock.now());
  }

  private write(message: RecordedMessage): void {
    const recorded: Recorded = {
      seq: message.seq,
      type: message.type,
      text: JSON.stringify(message),
      ...subjectOf(message)
    };
    this.buffer.push(recorded);
    for (const listener of this.listeners) listener(recorded, message);
  }
}

/** Which actors and thread a message is about, and what it says of them. */
function subjectOf(message: RecordedMessage): Pick<Recorded, 'sessionIds' | 'thread' | 'says'> {
  switch (message.type) {
    case 'inspect.unwatched':
      return { sessionIds: [], thread: null, says: null };
    case 'inspect.left':
      return { sessionIds: message.sessionIds, thread: null, says: 'end' };
    case '@xstate.event':
      return { sessionIds: [message.sessionId], thread: message.thread, says: null };
    default: {
      const says = message.snapshot.status === 'active' ? 'state' : 'end';
      return { sessionIds: [message.sessionId], thread: message.thread, says };
    }
  }
}

/** Most transitions of one macrostep that are told. */
const TAKEN_MAX = 64;

function stampOf(seq: number, at: number) {
  return { seq, at, createdAt: String(at), _version: STATELY_VERSION, id: null } as const;
}

function isOfCrash(snapshot: unknown): boolean {
  return (
    typeof snapshot === 'object' &&
    snapshot !== null &&
    'status' in snapshot &&
    snapshot.status === 'error'
  );
}
