/** The living actors that the recorder has seen, and their machines. */
import { Actor, StateMachine, type AnyActor, type AnyActorRef, type AnyStateMachine } from 'xstate';
import type { ActorMessage } from '../../protocol/inspection.js';
import { chartHash } from './charts/chart-graph.js';

/** Most machines that can be drawn later; beyond it the oldest is forgotten. */
export const MACHINES_MAX = 128; // a tree has about twenty

/** Beginning of the id of a delivery actor. */
export const DELIVERY_ID = 'delivery:';

/** Fields about an actor in each of its messages. */
export type About = Pick<
  ActorMessage,
  'sessionId' | 'rootId' | 'name' | 'parentId' | 'chart' | 'hash' | 'thread'
>;

/** An actor that was seen. */
export interface KnownActor {
  readonly about: About;
  readonly ref: AnyActor;
}

/** The living actors that were seen, by session id; as many as are watched. */
export class KnownActors {
  private readonly actors = new Map<string, KnownActor>();
  private readonly seenMachines = new Map<string, AnyStateMachine>();

  /** Returns the actor of a session; null when it was not seen or has ended. */
  get(sessionId: string): KnownActor | null {
    return this.actors.get(sessionId) ?? null;
  }

  /** Returns all actors, the first seen first. */
  all(): Iterable<KnownActor> {
    return this.actors.values();
  }

  /** Returns all actors and forgets them. */
  takeAll(): KnownActor[] {
    const all = [...this.actors.values()];
    this.actors.clear();
    return all;
  }

  /** Adds an actor. */
  add(ref: AnyActor, rootId: string): KnownActor {
    const machine: unknown = ref.logic;
    const isChart = machine instanceof StateMachine;
    const hash = isChart ? chartHash(machine) : null;
    if (isChart && hash !== null) this.remember(hash, machine);
    const chart = isChart ? machine.id : null;
    const parentId = ref._parent?.sessionId;
    const isDelivery = chart === 'delivery' && ref.id.startsWith(DELIVERY_ID);
    const about: About = {
      sessionId: ref.sessionId,
      rootId,
      name: ref.id,
      ...(parentId === undefined ? {} : { parentId }),
      chart,
      hash,
      thread: isDelivery ? ref.id.slice(DELIVERY_ID.length) : null
    };
    const known = { about, ref };
    this.actors.set(ref.sessionId, known);
    return known;
  }

  /** Forgets an actor. */
  delete(sessionId: string): void {
    this.actors.delete(sessionId);
  }

  /** Returns a machine that was seen, by the hash of its chart; null when there is none. */
  machine(hash: string): AnyStateMachine | null {
    return this.seenMachines.get(hash) ?? null;
  }

  /** Returns the machines that were seen, by the hash of their charts. */
  machines(): ReadonlyMap<string, AnyStateMachine> {
    return this.seenMachines;
  }

  private remember(hash: string, machine: AnyStateMachine): void {
    if (this.seenMachines.has(hash)) return;
    this.seenMachines.set(hash, machine);
    if (this.seenMachines.size <= MACHINES_MAX) return;
    for (const oldest of this.seenMachines.keys()) {
      this.seenMachines.delete(oldest);
      return;
    }
  }
}

/** Returns the living children of an actor. */
export function childrenOf(snapshot: unknown): AnyActor[] {
  if (typeof snapshot !== 'object' || snapshot === null || !('children' in snapshot)) return [];
  const { children } = snapshot;
  if (typeof children !== 'object' || children === null) return [];
  return Object.values(children).filter((child): child is AnyActor => child instanceof Actor);
}

/** Returns whether the parent still has the actor: an actor that was stopped from outside does not report its end. */
export function isHeld(ref: AnyActorRef): boolean {
  const parent = ref._parent;
  if (parent === undefined) return true;
  const snapshot: unknown = parent.getSnapshot();
  return childrenOf(snapshot).some((child) => child === ref);
}
