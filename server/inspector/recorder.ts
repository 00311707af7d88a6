/**
 * Records what happens to actors: those of the tree, of runs of agents, and the delivery actors of threads. It observes
 * them only while something needs it (a viewer, a recording, the startup) and costs nothing otherwise.
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
import type { DeliveryActorsSource, RunActorsSource } from './actor-sources.js';
import { transitionId } from './charts/chart-graph.js';
import {
  childrenOf,
  DELIVERY_ID,
  isHeld,
  KnownActors,
  type About,
  type KnownActor
} from './known-actors.js';
import { subjectOf } from './recorded-subject.js';
import { RecordingBuffer, type Recorded } from './recording-buffer.js';
import { shownEvent, shownSnapshot, withoutBodies } from './shown.js';

/** Options of {@link Recorder}. */
export interface RecorderOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly root: () => AnyActor;
  readonly showsBodies: boolean;
  /** Wraps an observer so that its errors cannot harm the actor that it watches. */
  readonly contain: (observe: (event: InspectionEvent) => void) => (event: InspectionEvent) => void;
  readonly buffer?: RecordingBuffer;
}

/** Called with every recorded message. */
export type RecorderListener = (recorded: Recorded, message: RecordedMessage) => void;

const NONE: ReadonlySet<string> = new Set();

/** Records what happens to actors. */
export class Recorder {
  private readonly options: RecorderOptions;
  private readonly buffer: RecordingBuffer;
  private readonly listeners = new Set<RecorderListener>();
  private readonly observe: (event: InspectionEvent) => void;
  private delivery: DeliveryActorsSource | null = null;
  private runs: RunActorsSource | null = null;
  private endRuns: (() => void) | null = null;
  /** Living actors that were seen. */
  private readonly known = new KnownActors();
  /** Ids of the transitions that an actor has taken since its last snapshot. */
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

  /** Whether actors are observed now. */
  get isAttached(): boolean {
    return this.attachments > 0;
  }

  /** State of the recording. */
  get state(): RecordingState {
    const { length, max, dropped } = this.buffer;
    return { isOn: this.isRecordingOn, messages: length, messagesMax: max, dropped };
  }

  /** Gives the recorder the delivery actors and the runs of agents, once there are any. */
  deliver(delivery: DeliveryActorsSource, runs: RunActorsSource | null = null): void {
    this.delivery = delivery;
    this.runs = runs;
    if (this.isAttached) this.followRuns();
    this.follow();
  }

  /** Sets the threads to watch, in place of those before; a recording that is on watches all. */
  watch(threads: WatchedThreads): void {
    this.watched = threads;
    this.follow();
  }

  /** Observes the tree and the watched threads. Returns how to end that. */
  attach(): () => void {
    if (this.attachments++ === 0) this.begin();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.attachments === 0) this.end();
    };
  }

  /** Switches recording without viewers on or off. */
  record(on: boolean): void {
    this.isRecordingOn = on;
    if (on) this.endRecording ??= this.attach();
    else {
      this.endRecording?.();
      this.endRecording = null;
    }
    this.follow();
  }

  /** Removes the texts of messages from what was recorded of a thread, since one of them was erased. */
  forget(thread: string): void {
    if (this.options.showsBodies) this.buffer.rewrite(thread, withoutBodies);
  }

  /** Calls the listener with each message from now on. Returns how to end that. */
  listen(listener: RecorderListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Returns the recorded messages, oldest first. */
  kept(): Iterable<Recorded> {
    return this.buffer.kept();
  }

  /** Returns the state of the actors before the first recorded message. */
  standing(): Iterable<Recorded> {
    return this.buffer.standing();
  }

  /** Yields the present state of every actor of the tree, each as if it were seen for the first time. */
  *tree(): Generator<ActorMessage> {
    for (const { about, ref } of this.known.all()) {
      if (about.thread === null) yield this.actorMessage(about, ref);
    }
  }

  /** Records a message of a thread. It is no event of the actor, since the chart receives transitions only. */
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

  /** Returns a machine that was seen, by the hash of its chart; null when there is none. */
  machine(hash: string): AnyStateMachine | null {
    return this.known.machine(hash);
  }

  /** Returns the machines that were seen, by the hash of their charts. */
  allMachines(): ReadonlyMap<string, AnyStateMachine> {
    return this.known.machines();
  }

  /** Returns a living actor that was seen; null when there is none. */
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
    this.followRuns();
    this.follow();
  }

  private end(): void {
    this.follow();
    this.endTree?.();
    this.endTree = null;
    this.endRuns?.();
    this.endRuns = null;
    this.taken.clear();
    this.detachedAt = this.options.clock.now();
  }

  /** Observes all runs, as the tree: there are never many. */
  private followRuns(): void {
    this.endRuns?.();
    this.endRuns = this.runs?.observe(this.observe) ?? null;
    for (const actor of this.runs?.all() ?? []) this.meet(actor, actor.sessionId);
  }

  /** Observes the threads to watch now, and stops observing the others. */
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

  /** Records the end of actors that ended while nobody watched. Other actors count as seen for the first time again. */
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
      // An actor has no snapshot when it is announced, so it is recorded at its first event. Actions are part of the
      // chart.
      default:
    }
  }

  /** XState emits no snapshot of a child that crashed; the crash is noted when its parent gets the error. */
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

  /** Returns what is known of an actor; an actor that is seen for the first time is recorded. */
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

/** Most transitions recorded of one macrostep. */
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
