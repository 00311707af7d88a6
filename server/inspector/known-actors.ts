/**
 * The actors that the recorder has met and that have not ended, and the machines that they run.
 */
import { Actor, StateMachine, type AnyActor, type AnyActorRef, type AnyStateMachine } from 'xstate';
import type { ActorMessage } from '../../protocol/inspection.js';
import { chartHash } from './charts/chart-graph.js';

/** Machines that are remembered and can be drawn; past it, the longest known is forgotten. */
export const MACHINES_MAX = 128; // a tree has some twenty

/** How the id of an actor that delivers a thread begins. */
export const DELIVERY_ID = 'delivery:';

/** What is said of an actor in each of its messages. */
export type About = Pick<
  ActorMessage,
  'sessionId' | 'rootId' | 'name' | 'parentId' | 'chart' | 'hash' | 'thread'
>;

/** An actor that was met. */
export interface KnownActor {
  readonly about: About;
  readonly ref: AnyActor;
}

/** Those that were met, by session. They are as many as are alive and watched. */
export class KnownActors {
  private readonly actors = new Map<string, KnownActor>();
  private readonly seenMachines = new Map<string, AnyStateMachine>();

  /** The one of a session; null when it was not met or has ended. */
  get(sessionId: string): KnownActor | null {
    return this.actors.get(sessionId) ?? null;
  }

  /** All of them, longest known first. */
  all(): Iterable<KnownActor> {
    return this.actors.values();
  }

  /** All of them, which are forgotten with it. */
  takeAll(): KnownActor[] {
    const all = [...this.actors.values()];
    this.actors.clear();
    return all;
  }

  /** Takes one in. */
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

  /** Forgets one. */
  delete(sessionId: string): void {
    this.actors.delete(sessionId);
  }

  /** A machine that was seen, by the hash of its chart; null when there is none. */
  machine(hash: string): AnyStateMachine | null {
    return this.seenMachines.get(hash) ?? null;
  }

  /** Machines that were seen, by the hash of their charts. */
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

/** The actors that an actor has made and still has. */
export function childrenOf(snapshot: unknown): AnyActor[] {
  if (typeof snapshot !== 'object' || snapshot === null || !('children' in snapshot)) return [];
  const { children } = snapshot;
  if (typeof children !== 'object' || children === null) return [];
  return Object.values(children).filter((child): child is AnyActor => child instanceof Actor);
}

/** Whether whoever made an actor still has it: one that was stopped from outside says nothing of it. */
export function isHeld(ref: AnyActorRef): boolean {
  const parent = ref._parent;
  if (parent === undefined) return true;
  const snapshot: unknown = parent.getSnapshot();
  return childrenOf(snapshot).some((child) => child === ref);
}
